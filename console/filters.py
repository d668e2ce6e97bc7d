"""Template filters that format instants, money, ids, statuses and JSON. Everything is escaped here."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from flask import Flask
from markupsafe import Markup, escape

from console.access import caller_or_none
from console.json_text import pretty
from console.labels import CHIPS, COUNTED, ID_PREFIXES, LIMITS, TONES
from queries.instants import iso, read_iso
from queries.money import money

NOTHING = Markup('<span class="none" title="null">—</span>')
EMPTY = Markup('<span class="none">empty</span>')
UNLIMITED = Markup('<span class="unlimited" title="-1">unlimited</span>')


def register_filters(app: Flask, pages: Mapping[str, str]) -> None:
    """The filters of the templates; a template never builds markup from values itself."""
    app.jinja_env.filters.update(
        tn_instant=instant,
        tn_day=day,
        tn_ago=ago,
        tn_cell=cell,
        tn_chip=chip,
        tn_id=identifier,
        tn_tone=tone,
        tn_label=label,
        tn_count=count,
        tn_counted=counted,
        tn_money=money,
        tn_pretty=pretty,
        tn_iso=iso,
        tn_field=as_field,
        tn_type=event_type,
        tn_span=duration,
    )
    app.jinja_env.globals.update(tn_caller=caller_or_none, tn_pages=pages)


def instant(value: datetime | None) -> Markup:
    """UTC to the second, exact in the title; a script adds the reader's own time there."""
    if value is None:
        return NOTHING
    exact = iso(value)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact, exact, value.strftime("%Y-%m-%d %H:%M:%S")
    )


def day(value: datetime | date | None) -> Markup:
    """The day alone, exact in the title."""
    if value is None:
        return NOTHING
    exact = iso(value) if isinstance(value, datetime) else value.isoformat()
    shown = value.strftime("%Y-%m-%d")
    return Markup('<time class="day" datetime="{}" title="{}">{}</time>').format(exact, exact, shown)


def ago(value: datetime | None, now: datetime) -> Markup:
    """How long ago, or how long until; exact in the title."""
    if value is None:
        return NOTHING
    away = now - value
    text = f"{span(away)} ago" if away >= timedelta(0) else f"in {span(-away)}"
    exact = iso(value)
    return Markup('<time class="ago" datetime="{}" title="{}">{}</time>').format(exact, exact, text)


def span(length: timedelta) -> str:
    """A length in its largest unit: `3 d`, `5 min`."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def duration(seconds: object) -> str:
    """A length in whole seconds, in the unit that divides it."""
    if not isinstance(seconds, int):
        return str(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def cell(value: Any, column: str = "") -> Markup:  # Any: a column's value
    """Any column's value."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return Markup("yes") if value else Markup("no")
    if isinstance(value, datetime):
        return instant(value)
    if column in LIMITS and value == -1:
        return UNLIMITED
    if isinstance(value, int) and column in COUNTED:
        return Markup('<span class="num">{}</span>').format(count(value))
    if isinstance(value, int | float):
        return Markup('<span class="num">{}</span>').format(value)
    if isinstance(value, dict | list):
        return _json(value)
    return chip(value) if column in CHIPS else _text(str(value), column)


def chip(value: object) -> Markup:
    """A status with its colour."""
    return Markup('<span class="chip tone-{}">{}</span>').format(tone(value), value)


def tone(value: object) -> str:
    """The colour class of a status."""
    return TONES.get(str(value), "plain")


def identifier(value: object) -> Markup:
    """An id in fixed width; a script adds a button that copies it."""
    return Markup('<code class="id" data-copy>{}</code>').format(value)


def event_type(value: str) -> Markup:
    """An event's type, which may break after its dots."""
    return Markup(".<wbr>").join(escape(word) for word in value.split("."))


def label(column: str) -> str:
    """`trial_end_date` as `trial end date`."""
    return column.replace("_", " ")


def count(value: int | None) -> str:
    """Thousands apart by a thin space."""
    return "—" if value is None else f"{value:,}".replace(",", "\u202f")


def counted(value: int, one: str, many: str) -> str:
    """A number with the words that go with it."""
    return f"{count(value)} {one if value == 1 else many}"


def as_field(value: datetime | None) -> str:
    """An instant in the format of a browser's date and time field; UTC."""
    return "" if value is None else value.strftime("%Y-%m-%dT%H:%M:%S")


def _text(value: str, column: str) -> Markup:
    if not value:
        return EMPTY
    at = _told_instant(column, value)
    if at is not None:
        return instant(at)
    return identifier(value) if value.startswith(ID_PREFIXES) else escape(value)


def _json(value: Mapping[str, object] | list[object]) -> Markup:
    if not value:
        return NOTHING
    if isinstance(value, dict) and all(isinstance(entry, str | int | bool) for entry in value.values()):
        pairs = Markup("").join(
            Markup("<li><span>{}</span> {}</li>").format(label(str(key)), _word(str(key), entry))
            for key, entry in value.items()
        )
        return Markup('<ul class="pairs">{}</ul>').format(pairs)
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
    return Markup('<pre class="json small">{}</pre>').format(pretty(text))


def _word(name: str, value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value == -1:
        return "unlimited"
    at = _told_instant(name, str(value))
    return str(value) if at is None else instant(at)


def _told_instant(name: str, text: str) -> datetime | None:
    """An instant that stands as text in JSON; its name says that it is one."""
    if not name.endswith("_at"):
        return None
    try:
        return read_iso(text)
    except ValueError:
        return None
