"""How many statements a block of code sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import Connection


@contextmanager
def statements_of(conn: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements sent on `conn` inside the block."""
    sent: list[str] = []

    class Counting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *args: Any, **options: Any) -> Any:
            sent.append(str(query))
            return super().execute(query, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(conn, "cursor_factory", Counting)
        yield sent
