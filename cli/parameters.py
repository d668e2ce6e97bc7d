"""Parameter types of options and arguments: instants, and text that is not empty."""

from datetime import datetime

import click

from queries.instants import plausible, read_typed


class Instant(click.ParamType[datetime]):
    """ISO 8601; without a zone it is UTC, as all that commands print. A date alone is its first moment."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return plausible(read_typed(str(value)))
        except ValueError as problem:
            self.fail(f"{value!r}: {problem}", param, ctx)


class FilledText(click.ParamType[str]):
    """Text with more than white space in it, which is stripped from both ends."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        stripped = str(value).strip()
        if not stripped:
            self.fail("expected some text, found none", param, ctx)
        return stripped


INSTANT = Instant()
FILLED_TEXT = FilledText()
