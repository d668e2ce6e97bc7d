"""What options take: instants with a time zone."""

from datetime import UTC, datetime

import click


class Instant(click.ParamType[datetime]):
    """ISO 8601; without a zone it is UTC, a date alone is its first moment."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write it as 2026-03-03T12:00:00Z", param, ctx)


INSTANT = Instant()
