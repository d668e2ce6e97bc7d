"""Stripe events of 3 to 4 KB in order of time: the same for every contestant and every run of the benchmark."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal, get_args

Kind = Literal["subscription", "invoice"]
KINDS: tuple[Kind, ...] = get_args(Kind)

CUSTOMERS = 500
STRIDE = 7919  # prime: consecutive events are of different customers
FIRST_AT = 1_717_200_000
STEP_S = 3  # a mirror ignores a snapshot that is no newer than the one it has
PERIOD_S = 30 * 86_400
PLANS = (
    ("glow_up", "Glow Up", 9900),
    ("viral_surge", "Viral Surge", 24900),
    ("fame_flex", "Fame Flex", 49900),
)
STATUSES = ("active", "active", "active", "past_due")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class PeerEvent:
    """One event; `snapshot` is the id of the subscription or invoice that it shows."""

    id: str
    kind: Kind
    created: int
    user: str
    customer: str
    snapshot: str
    status: str
    period_end: int
    body: bytes


def events(kind: Kind, *, first: int, many: int) -> Iterator[PeerEvent]:
    """The events from number `first` on; each number is one instant, and one id whatever its kind."""
    return (event(kind, number) for number in range(first, first + many))


def event(kind: Kind, number: int) -> PeerEvent:
    """The event of that number: the next snapshot of one of the customers."""
    values = _values(number)
    return PeerEvent(
        id=str(values["event"]),
        kind=kind,
        created=FIRST_AT + number * STEP_S,
        user=str(values["user"]),
        customer=str(values["customer"]),
        snapshot=str(values[kind]),
        status=str(values["status"]),
        period_end=FIRST_AT + number * STEP_S + PERIOD_S,
        body=(_TEMPLATES[kind] % values).encode(),
    )


def _values(number: int) -> dict[str, str | int]:
    customer = number * STRIDE % CUSTOMERS
    at, before = FIRST_AT + number * STEP_S, FIRST_AT + (number - CUSTOMERS) * STEP_S
    turn = number // CUSTOMERS + customer  # so that a customer's snapshots differ
    plan, plan_name, unit_amount = PLANS[turn % len(PLANS)]
    quantity = 1 + turn % 5
    return {
        "at": at,
        "period_end": at + PERIOD_S,
        "at_before": before,
        "period_end_before": before + PERIOD_S,
        "plan": f"{plan}_monthly",
        "plan_name": plan_name,
        "price": f"price_{plan}_monthly",
        "product": f"prod_{plan}",
        "unit_amount": unit_amount,
        "quantity": quantity,
        "amount": unit_amount * quantity,
        "cancels": "true" if turn % 2 else "false",
        "status": STATUSES[turn % len(STATUSES)],
        "invoice_number": f"EXAMPLE-{number:08d}",
        **_IDS[customer],
        **{name: prefix + _random(name, number) for name, prefix in _OF_EVENT.items()},
    }


def _random(name: str, number: int) -> str:
    """Twenty letters and digits that compress no better than those of Stripe's ids."""
    digest = blake2b(f"{name} {number}".encode(), digest_size=20).digest()
    return "".join(_ALPHABET[byte % 62] for byte in digest)


def _compact(template: str) -> str:
    """Without the line breaks and indents."""
    return "".join(line.strip() for line in template.splitlines())


_OF_CUSTOMER = {
    "user": "user_2",
    "customer": "cus_",
    "subscription": "sub_1P",
    "item": "si_",
    "payment_method": "pm_1P",
    "organization": "org_",
}
_OF_EVENT = {
    "event": "evt_1P",
    "invoice": "in_1P",
    "line": "il_1P",
    "charge": "ch_3P",
    "payment_intent": "pi_3P",
    "page": "test_",
}
_IDS = [
    {name: prefix + _random(name, customer) for name, prefix in _OF_CUSTOMER.items()}
    for customer in range(CUSTOMERS)
]
_TEMPLATES: dict[Kind, str] = {
    kind: _compact(Path(__file__).with_name(f"{kind}.json.template").read_text()) for kind in KINDS
}
