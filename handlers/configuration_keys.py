"""Which configuration Tenure reads itself: each key's type, range and default, in one table."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, get_args

Json = Any  # Any: a value is what its value_type says
ValueType = Literal["number", "duration", "boolean", "string", "json"]
VALUE_TYPES: tuple[ValueType, ...] = get_args(ValueType)

TEXT_LIMIT = 10_000
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_DURATION = re.compile(r"(\d{1,9})(s|m|h|d)", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class ConfigurationRefused(Exception):
    """The configuration stays as it is. The message says what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationKey:
    """What is allowed for one key. `check` gives whether a value of the right type is allowed."""

    value_type: ValueType
    default: Json
    allowed: str
    check: Callable[[Json], bool]
    description: str
    is_hot_reloadable: bool = True


def whole(default: int, low: int, high: int, description: str, *, hot: bool = True) -> ConfigurationKey:
    """A whole number from `low` to `high`."""
    return ConfigurationKey(
        value_type="number",
        default=default,
        allowed=f"a whole number from {low} to {high}",
        check=lambda value: isinstance(value, int) and low <= value <= high,
        description=description,
        is_hot_reloadable=hot,
    )


def duration(default: str, low: str, high: str, description: str) -> ConfigurationKey:
    """Whole seconds, written 90s, 15m, 12h or 30d."""
    least, most = seconds_of(low), seconds_of(high)
    return ConfigurationKey(
        value_type="duration",
        default=seconds_of(default),
        allowed=f"a duration from {low} to {high}",
        check=lambda value: least <= value <= most,
        description=description,
    )


def known_key(category: str, key: str) -> ConfigurationKey | None:
    """What is allowed for a key; None for a key in another program's category.

    Raises: ConfigurationRefused for an invalid name, or an unknown key in one of Tenure's categories.
    """
    for what, name in (("category", category), ("key", key)):
        if NAME.fullmatch(name) is None:
            raise ConfigurationRefused(
                f"{what}: expected lower-case letters, digits and underscores (at most 64), found {name!r}"
            )
    definition = KNOWN.get((category, key))
    keys = sorted(name for place, name in KNOWN if place == category)
    if definition is None and keys:
        near = get_close_matches(key, keys, n=1)
        hint = f"did you mean {category}.{near[0]}?" if near else f"{category} has {', '.join(keys)}"
        raise ConfigurationRefused(f"expected a key Tenure reads, found {category}.{key}; {hint}")
    return definition


def read_value(text: str, value_type: ValueType) -> Json:
    """The value that an operator's text stands for. Raises: ConfigurationRefused."""
    if len(text) > TEXT_LIMIT:
        raise ConfigurationRefused(f"expected at most {TEXT_LIMIT} characters")
    return _READERS[value_type](text)


def guessed_type(text: str) -> ValueType:
    """The type of a value whose key is unknown."""
    if text in ("true", "false"):
        return "boolean"
    if _DURATION.fullmatch(text):
        return "duration"
    try:
        value = json.loads(text)
    except ValueError:
        return "string"
    if isinstance(value, dict | list):
        return "json"
    return "number" if isinstance(value, int | float) else "string"


def seconds_of(text: str) -> int:
    """Whole seconds of 90s, 15m, 12h, 30d. Raises: ConfigurationRefused."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ConfigurationRefused(f"expected a duration such as 90s, 15m, 12h or 30d, found {text!r}")
    return int(match[1]) * _UNIT_S[match[2]]


def value_text(value: Json, value_type: str) -> str:
    """A value as text: a duration in its largest whole unit, a string as it is, the rest as JSON."""
    if value_type == "duration" and isinstance(value, int):
        for unit in ("d", "h", "m"):
            if value and value % _UNIT_S[unit] == 0:
                return f"{value // _UNIT_S[unit]}{unit}"
        return f"{value}s"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(text: str) -> Json:
    try:
        number = json.loads(text)
    except ValueError:
        number = None
    finite = isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < 1e15
    if not finite:
        raise ConfigurationRefused(f"expected a number, found {text!r}")
    return number


def _boolean(text: str) -> Json:
    if text.lower() not in ("true", "false"):
        raise ConfigurationRefused(f"expected true or false, found {text!r}")
    return text.lower() == "true"


def _json(text: str) -> Json:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ConfigurationRefused("expected JSON; quote it for the shell: '[3, 1]'") from None
    if value is None:
        raise ConfigurationRefused("expected a value, found null")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _address(value: Json) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}", value))


def _link(value: Json) -> bool:
    return value == "" or bool(re.fullmatch(r"https?://[!-~]{3,1000}", value))


_READERS: dict[str, Callable[[str], Json]] = {
    "number": _number,
    "duration": seconds_of,
    "boolean": _boolean,
    "string": lambda text: text,
    "json": _json,
}

KNOWN: dict[tuple[str, str], ConfigurationKey] = {
    ("trial", "duration_days"): whole(7, 1, 365, "Days of Tenure's own trials, from their start"),
    ("trial", "grace_minutes"): whole(
        60, 0, 10_080, "Minutes to wait for Stripe's event about a trial's end"
    ),
    ("jobs", "max_retries"): whole(5, 0, 50, "Tries after the first before a job is dead"),
    ("jobs", "keep"): duration("30d", "1d", "3650d", "How long completed jobs are kept"),
    ("jobs", "threads"): whole(
        2, 1, 16, "Jobs that one worker runs at the same time; read when it starts", hot=False
    ),
    ("retention", "access_log"): duration("400d", "31d", "3650d", "How long reads of personal data are kept"),
    ("retention", "checkpoints"): duration(
        "30d", "2d", "3650d", "How long every checkpoint is kept; then one per hour, later one per day"
    ),
    ("stripe", "trusted_accounts"): ConfigurationKey(
        value_type="json",
        default=[],
        allowed="a list of account ids; set STRIPE_TRUSTED_ACCOUNTS and restart the worker",
        check=lambda value: isinstance(value, list) and all(isinstance(account, str) for account in value),
        description="Connected accounts whose customers may be users; the worker sets it when it starts",
        is_hot_reloadable=False,
    ),
    ("email", "is_enabled"): ConfigurationKey(
        value_type="boolean",
        default=True,
        allowed="true or false",
        check=lambda value: isinstance(value, bool),
        description="False: mail that falls due waits until this is true",
    ),
    ("email", "from_address"): ConfigurationKey(
        value_type="string",
        default="billing@localhost",
        allowed="an ASCII e-mail address",
        check=_address,
        description="Sender address of Tenure's mail",
    ),
    ("email", "product_name"): ConfigurationKey(
        value_type="string",
        default="Tenure",
        allowed="1 to 80 printable characters",
        check=lambda value: 1 <= len(value) <= 80 and value.isprintable(),
        description="Product name that mail uses",
    ),
    ("email", "billing_url"): ConfigurationKey(
        value_type="string",
        default="",
        allowed="an http(s) URL, or empty for none",
        check=_link,
        description="Page that mail links to for choosing a plan or a card",
    ),
}
