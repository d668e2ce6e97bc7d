"""A second database beside the test's own, to compare with."""

from collections.abc import Iterator

import pytest

from tests.databases import Server


@pytest.fixture
def empty_clone(server: Server, template: str) -> Iterator[str]:
    """How to reach another migrated database."""
    made = server.database(template)
    yield made.conninfo
    made.drop()
