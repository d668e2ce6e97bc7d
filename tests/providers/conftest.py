"""A second database beside the test's own, to compare with."""

from collections.abc import Iterator

import pytest

from tests.databases import Server


@pytest.fixture
def empty_clone(server: Server, template: str) -> Iterator[str]:
    """How to reach another migrated database."""
    database = server.database(template)
    yield database.conninfo
    database.drop()
