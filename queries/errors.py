"""What can go wrong when a question is asked."""


class QueryError(Exception):
    """Base of everything a query refuses."""


class BadCursor(QueryError):
    """The page cursor was not made by this query. Start again without it."""

    def __init__(self) -> None:
        super().__init__("expected a cursor from `next` or `previous`, found something else; ask without it")
