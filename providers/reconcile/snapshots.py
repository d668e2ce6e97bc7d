"""`stripe.snapshot.<object>`: an object's state at the time of the request, as an event.

The key consists of the object's id, its content and the last event the log had of it. So reading the same
state twice appends one event, and a state that returns after another one appends a second.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

import msgspec
import orjson
from msgspec import Raw, Struct

from events.envelope import NewEvent
from events.payload import parse
from projections.facts import Body
from projections.parse_fact import STRIPE_READERS
from projections.shapes.payment_method import PaymentMethodFact
from providers.reconcile.catch_up import owned
from providers.reconcile.event_metadata import StripeEnvelope, marks

NONE = "none"


class _Head(Struct):
    id: str
    object: str
    livemode: bool = True
    deleted: bool = False
    created: int = 0


_HEAD = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One object as the provider returned it. `kind`: subscription, customer, payment_method."""

    kind: str
    id: str
    route: str
    body: bytes
    theirs: Body
    livemode: bool
    created: int
    observed_at: datetime

    @property
    def has_no_customer(self) -> bool:
        """True for a payment method without a customer, which is in no user's tables."""
        return isinstance(self.theirs, PaymentMethodFact) and self.theirs.customer is None


def seen(body: bytes, *, observed_at: datetime, account: str | None) -> Seen:
    """The object read as the projector would read it. Raises: msgspec.MsgspecError, Unfoldable."""
    head = _HEAD.decode(body)
    owner = "" if account is None else f"{account}/"
    theirs = STRIPE_READERS[head.object](Raw(body), owner, "")
    route = str(getattr(theirs, "customer", None) or getattr(theirs, "id", ""))
    return Seen(
        kind=head.object,
        id=head.id,
        route=route,
        body=body,
        theirs=theirs,
        livemode=head.livemode,
        created=head.created,
        observed_at=observed_at,
    )


def snapshot(
    observed: Seen,
    *,
    after: str | None,
    cause: str,
    envelope: StripeEnvelope,
    account: str | None,
    detached_from: str | None = None,
    event_type: str | None = None,
    causation_id: str | None = None,
) -> NewEvent:
    """The event that heals. `after`: key of the last event the log had of the object.

    A detached method has no customer any more; `detached_from` names it, as Stripe does.
    `event_type`: another type than `snapshot.<object>`.
    """
    kind = observed.kind if detached_from is None else f"{observed.kind}.detached"
    digest = sha256(observed.body).hexdigest()[:32]
    key = f"snapshot:{observed.id}:{digest}:{_short(after)}"
    event = {
        "id": key,
        "object": "event",
        "type": event_type or f"snapshot.{kind}",
        "created": int(observed.observed_at.timestamp()),
        "livemode": observed.livemode,
        "data": {"object": orjson.Fragment(observed.body)}
        | ({} if detached_from is None else {"previous_attributes": {"customer": detached_from}}),
    }
    text = orjson.dumps(event).decode()
    payload = parse(text)  # as a webhook: orjson alone refuses numbers that the log stores
    if account is not None:
        text = owned(text, account)
        payload["account"] = account
    metadata = marks(observed.observed_at, cause=cause, heals_after=after)
    new_event = envelope(payload, text, metadata)
    return new_event if causation_id is None else replace(new_event, causation_id=causation_id)


def collapsed(body: bytes, path: tuple[str, ...]) -> tuple[bytes, bytes | None]:
    """An object with what was expanded at `path` put back to its id, and what was expanded there."""
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError:  # a number or a depth that it refuses: the object stays as it is
        return body, None
    holder = whole
    for step in path[:-1]:
        holder = holder.get(step) if isinstance(holder, dict) else None
    inner = holder.get(path[-1]) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or not isinstance(inner, dict) or not isinstance(inner.get("id"), str):
        return body, None
    holder[path[-1]] = inner["id"]
    return orjson.dumps(whole), orjson.dumps(inner)


def _short(after: str | None) -> str:
    """The key of the previous event, digested if long: a snapshot key contains it and would grow."""
    if after is None or len(after) <= 40:
        return after or NONE
    return sha256(after.encode()).hexdigest()[:16]
