"""What options take: instants with a time zone."""

from datetime import datetime

import click

from queries.instants import read_given


class Instant(click.ParamType[datetime]):
    """As over HTTP: ISO 8601 with a time zone; a date alone is its first moment in UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return read_given(str(value))
        except ValueError as problem:
            self.fail(f"{value!r}: {problem}", param, ctx)


INSTANT = Instant()
