"""A little Clerk: people sign up, change, sign in and leave, each with its webhook."""

from dataclasses import replace
from typing import Any

from demo import clerk_shapes as shapes
from demo.changes import Json
from demo.clerk_shapes import ClerkUser, EmailAddress
from demo.clock import WorldClock
from demo.deliveries import DemoDelivery, clerk_delivery
from demo.ids import IdSource, SeededIds

INSTANCE = "ins_2demoTenureInstance00000000"


class ClerkWorld:
    """One Clerk instance; `users` is the current state of all users, deleted ones included."""

    def __init__(
        self,
        clock: WorldClock,
        *,
        seed: int | str = 0,
        journal: list[DemoDelivery] | None = None,
        ids: IdSource | None = None,
    ) -> None:
        self.clock = clock
        self.deliveries: list[DemoDelivery] = [] if journal is None else journal
        self.users: dict[str, ClerkUser] = {}
        self._ids = ids or SeededIds(f"clerk {seed}")

    def sign_up(
        self,
        *,
        email: str | None,
        first_name: str | None = None,
        last_name: str | None = None,
    ) -> str:
        """The new user's id. Without an address they came by telephone or wallet."""
        now = self.clock.next_ms()
        emails = (EmailAddress(self._ids.clerk("idn"), email),) if email else ()
        user = ClerkUser(
            id=self._ids.clerk("user"),
            created_ms=now,
            updated_ms=now,
            first_name=first_name,
            last_name=last_name,
            emails=emails,
            primary_email_id=emails[0].id if emails else None,
        )
        self._put(user, "user.created")
        return user.id

    def rename(self, user_id: str, *, first_name: str | None, last_name: str | None) -> None:
        self._update(user_id, first_name=first_name, last_name=last_name)

    def add_email(self, user_id: str, email: str, *, primary: bool, front: bool = False) -> None:
        """Add an address, which may stand first in the list without being the primary one."""
        new = EmailAddress(self._ids.clerk("idn"), email)
        user = self.users[user_id]
        emails = (new, *user.emails) if front else (*user.emails, new)
        chosen = new.id if primary or user.primary_email_id is None else user.primary_email_id
        self._update(user_id, emails=emails, primary_email_id=chosen)

    def drop_emails(self, user_id: str) -> None:
        self._update(user_id, emails=(), primary_email_id=None)

    def set_public(self, user_id: str, metadata: dict[str, Any]) -> None:  # Any: free JSON
        self._update(user_id, public_metadata=metadata)

    def set_unsafe(self, user_id: str, metadata: dict[str, Any]) -> None:  # Any: free JSON
        """Unsafe metadata, which the browser may write; it grants nothing."""
        self._update(user_id, unsafe_metadata=metadata)

    def sign_in(self, user_id: str) -> None:
        now = self.clock.next_ms()
        session_id = self._ids.clerk("sess")
        snapshot = shapes.session(self.users[user_id], session_id=session_id, now_ms=now)
        self._emit("session.created", snapshot, now)

    def delete(self, user_id: str, *, nameless: bool = False) -> None:
        """Delete the account. The event has no time of its own, and may even lack the id."""
        now = self.clock.next_ms()
        self.users[user_id] = replace(self.users[user_id], deleted_ms=now)
        snapshot: Json = {"object": "user", "deleted": True}
        self._emit("user.deleted", snapshot if nameless else {**snapshot, "id": user_id}, now)

    def bill(self, user_id: str, *, status: str = "active") -> None:
        """Send events of Clerk's own billing, unrelated to Stripe's subscriptions."""
        user, object_id = self.users[user_id], self._ids.clerk("csub")
        now = self.clock.next_ms()
        paid = "paid" if status == "active" else "failed"
        suffix = {"active": "active", "past_due": "pastDue"}.get(status, "updated")
        self._emit(
            f"subscription.{suffix}",
            shapes.billing_subscription(user, object_id=object_id, status=status, now_ms=now),
            now,
        )
        self._emit(
            f"subscriptionItem.{suffix}",
            shapes.billing_item(user, object_id=object_id, status=status, now_ms=now),
            now,
        )
        self._emit(
            "paymentAttempt.updated",
            shapes.payment_attempt(user, object_id=object_id, status=paid, now_ms=now),
            now,
        )

    # Any of ClerkUser's fields: dataclasses.replace checks the names.
    def _update(self, user_id: str, **fields: object) -> None:
        user = replace(self.users[user_id], **fields)  # type: ignore[arg-type]
        self._put(replace(user, updated_ms=self.clock.next_ms()), "user.updated")

    def _put(self, user: ClerkUser, event_type: str) -> None:
        self.users[user.id] = user
        self._emit(event_type, shapes.user(user), user.updated_ms)

    def _emit(self, event_type: str, snapshot: Json, now_ms: int) -> None:
        event: Json = {
            "data": snapshot,
            "event_attributes": {"http_request": {"client_ip": "203.0.113.7", "user_agent": "Mozilla/5.0"}},
            "instance_id": INSTANCE,
            "object": "event",
            "timestamp": now_ms,
            "type": event_type,
        }
        message_id = self._ids.clerk("msg")
        self.deliveries.append(clerk_delivery(event, message_id=message_id, occurred_ms=now_ms))
