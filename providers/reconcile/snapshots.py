"""`stripe.snapshot.<object>`: an object as it was when we looked, told as an event.

The key is made of the object's id, its content and the last event we had of it. So a second look
at the same truth makes no second event, and a truth that comes back after another one does.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
import orjson
from msgspec import Raw, Struct

from events.envelope import NewEvent
from projections.facts import Body, PaymentMethodFact
from projections.parse_fact import STRIPE_READERS
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
    """One object as the provider gave it. `kind`: subscription, customer, payment_method."""

    kind: str
    id: str
    route: str
    body: bytes
    theirs: Body
    livemode: bool
    created: int
    observed_at: datetime

    @property
    def is_nobodys(self) -> bool:
        """A payment method that belongs to no customer is in nobody's tables."""
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
    found: Seen,
    *,
    after: str | None,
    cause: str,
    envelope: StripeEnvelope,
    account: str | None,
    detached_from: str | None = None,
    said_as: str | None = None,
    causation_id: str | None = None,
) -> NewEvent:
    """The event that heals. `after`: key of the last event we had of the object.

    A method that was detached has lost its customer; `detached_from` remembers it, as Stripe does.
    `said_as`: another type than `snapshot.<object>`.
    """
    kind = found.kind if detached_from is None else f"{found.kind}.detached"
    digest = sha256(found.body).hexdigest()[:32]
    key = f"snapshot:{found.id}:{digest}:{_short(after)}"
    event = {
        "id": key,
        "object": "event",
        "type": said_as or f"snapshot.{kind}",
        "created": int(found.observed_at.timestamp()),
        "livemode": found.livemode,
        "data": {"object": orjson.Fragment(found.body)}
        | ({} if detached_from is None else {"previous_attributes": {"customer": detached_from}}),
    }
    text = orjson.dumps(event).decode()
    said: dict[str, Any] = orjson.loads(text)  # Any: JSON values
    if account is not None:
        text = owned(text, account)
        said["account"] = account
    noted = marks(found.observed_at, cause=cause, heals_after=after)
    made = envelope(said, text, noted)
    return made if causation_id is None else replace(made, causation_id=causation_id)


def collapsed(body: bytes, path: tuple[str, ...]) -> tuple[bytes, bytes | None]:
    """An object with what was expanded at `path` put back to its id, and what was expanded there."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:  # a number or a depth that it refuses: the object stays as it is
        return body, None
    holder = said
    for step in path[:-1]:
        holder = holder.get(step) if isinstance(holder, dict) else None
    inner = holder.get(path[-1]) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or not isinstance(inner, dict) or not isinstance(inner.get("id"), str):
        return body, None
    holder[path[-1]] = inner["id"]
    return orjson.dumps(said), orjson.dumps(inner)


def _short(after: str | None) -> str:
    """A snapshot's own key names the one before it: cut, or keys would grow without end."""
    if after is None or len(after) <= 40:
        return after or NONE
    return sha256(after.encode()).hexdigest()[:16]
