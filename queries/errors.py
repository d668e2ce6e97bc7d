"""What can go wrong when a question is asked."""


class QueryError(Exception):
    """Base of everything a query refuses."""


class BadCursor(QueryError):
    """The page cursor was not made by this query. Start again without it."""

    def __init__(self) -> None:
        super().__init__("expected a cursor from `next` or `previous`, found something else; ask without it")


class UnknownColumn(QueryError):
    """No table of a user has that column. Ask for one of `columns`."""

    def __init__(self, column: str, columns: list[str]) -> None:
        super().__init__(f"no column {column!r}: expected one of {', '.join(columns)}")
        self.column = column
        self.columns = columns


class InTheFuture(QueryError):
    """Nothing is known of an instant that has not come. Ask without it for the present."""

    def __init__(self, name: str, at: str) -> None:
        super().__init__(
            f"{name}: expected an instant that has passed, found {at}; leave it out for the present"
        )
