"""Values that no provider sends by intention, and that anybody who may sign can send."""

import json
from random import Random
from typing import Any

Json = Any  # Any: parsed JSON

_MARK = "<raw json:"

TEXTS: tuple[str, ...] = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\\u0000",
    "\\ufffd",
    "\ufffd",
    "\ud800",
    "\udfff\ud800",
    "x\ud83dy",
    "\U0001f600" * 130,
    "'; DROP TABLE users; --",
    '"',
    "\\",
    "\\N",
    "\t\r\n\x0b\x1f\x7f\x85\u2028",
    "=1+1",
    "@SUM(A1)",
    "\u202eright to left",
    "%s %(user)s {0} $1",
    "null",
    "NaN",
    "infinity",
    "-infinity",
    "system",
    "catalog",
    "İ" * 320,
    "ß" * 200,
    "a" * 201,
    "a" * 501,
    "é" * 499,
    "\U0001f600" * 500,
    "x" * 2_705,
    "x" * 60_000,
    "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+14:00",
    "1e999",
    "tenure/1",
    "a/b/c",
)
NUMBERS: tuple[Json, ...] = (
    0,
    -1,
    1,
    12,
    32_767,
    32_768,
    2**31 - 1,
    2**31,
    -(2**31) - 1,
    2**53,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**30,
    10**400,
    1.5,
    -0.0,
    1e308,
    253_402_300_799,
    253_402_300_800,
    253_402_300_799_999,
    -62_135_596_800,
)
INTEGERS = tuple(number for number in NUMBERS if isinstance(number, int))

# Text of JSON that Python can't make of a value: numbers beyond every type, and depth.
RAW: tuple[str, ...] = (
    "1e400",
    "-1E-20000",
    "1e131073",
    "9" * 5_000,
    "[" * 90 + "]" * 90,
    "[" * 1_100 + "]" * 1_100,
    '{"a":' * 900 + "1" + "}" * 900,
    '{"id":"cus_a","id":"cus_b"}',
    '"\\u0000"',
    '"\\ud800"',
)


def raw(text: str) -> str:
    """A place for that text, which `encoded` puts there."""
    return f"{_MARK}{text}>"


def hostile(random: Random) -> Json:
    """Any of these values, or a small structure of them."""
    kind = random.random()
    if kind < 0.45:
        return random.choice(TEXTS)
    if kind < 0.75:
        return random.choice(NUMBERS)
    if kind < 0.83:
        return raw(random.choice(RAW))
    if kind < 0.90:
        return random.choice((None, True, False))
    if kind < 0.95:
        return [hostile(random) for _ in range(random.randrange(4))]
    return {
        random.choice((*TEXTS, "id", "object", "metadata")): hostile(random)
        for _ in range(random.randrange(3))
    }


def hostile_like(value: Json, random: Random) -> Json:
    """A hostile value of the same type, which the readers accept."""
    if isinstance(value, str):
        return random.choice(TEXTS)
    if isinstance(value, int) and not isinstance(value, bool):
        return random.choice(INTEGERS)
    return hostile(random)


def encoded(event: Json, random: Random) -> bytes:
    """The event as bytes: escaped or not, compact or not; perhaps not even UTF-8."""
    text = json.dumps(
        event,
        ensure_ascii=random.random() < 0.7,
        separators=(",", ":") if random.random() < 0.5 else None,
    )
    for value in RAW:
        mark = json.dumps(raw(value))
        if mark in text:
            text = text.replace(mark, value)
    return text.encode("utf-8", "surrogatepass")
