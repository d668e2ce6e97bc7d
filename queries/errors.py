"""Errors of queries."""


class QueryError(Exception):
    """Base of the errors of queries."""


class BadCursor(QueryError):
    """The page cursor is not from this query. Start again without it."""

    def __init__(self) -> None:
        super().__init__("expected a cursor from `next` or `previous`, found something else; ask without it")


class UnknownColumn(QueryError):
    """No user table has that column. Use one of `columns`."""

    def __init__(self, column: str, columns: list[str]) -> None:
        super().__init__(f"no column {column!r}: expected one of {', '.join(columns)}")
        self.column = column
        self.columns = columns


class InTheFuture(QueryError):
    """The instant is in the future. Leave it out for the present."""

    def __init__(self, name: str, at: str) -> None:
        super().__init__(
            f"{name}: expected an instant that has passed, found {at}; leave it out for the present"
        )
