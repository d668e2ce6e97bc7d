"""How Clerk writes users, sessions and its own billing objects."""

from dataclasses import dataclass, field
from typing import Any

from demo.changes import Json


@dataclass(frozen=True)
class EmailAddress:
    id: str
    address: str


@dataclass(frozen=True)
class ClerkUser:
    """A user as Clerk knows them; times in milliseconds."""

    id: str
    created_ms: int
    updated_ms: int
    first_name: str | None
    last_name: str | None
    emails: tuple[EmailAddress, ...]
    primary_email_id: str | None
    # Any: metadata is free JSON.
    public_metadata: dict[str, Any] = field(default_factory=dict)
    unsafe_metadata: dict[str, Any] = field(default_factory=dict)
    deleted_ms: int | None = None

    @property
    def primary_email(self) -> str | None:
        return next((e.address for e in self.emails if e.id == self.primary_email_id), None)


def user(clerk_user: ClerkUser) -> Json:
    return {
        "object": "user",
        "id": clerk_user.id,
        "external_id": None,
        "primary_email_address_id": clerk_user.primary_email_id,
        "primary_phone_number_id": None,
        "primary_web3_wallet_id": None,
        "username": None,
        "first_name": clerk_user.first_name,
        "last_name": clerk_user.last_name,
        "image_url": "https://img.clerk.com/preview.png",
        "has_image": False,
        "public_metadata": clerk_user.public_metadata,
        "private_metadata": None,
        "unsafe_metadata": clerk_user.unsafe_metadata,
        "email_addresses": [_email(email, clerk_user.created_ms) for email in clerk_user.emails],
        "phone_numbers": [],
        "web3_wallets": [],
        "passkeys": [],
        "password_enabled": True,
        "two_factor_enabled": False,
        "totp_enabled": False,
        "external_accounts": [],
        "last_sign_in_at": None,
        "banned": False,
        "locked": False,
        "updated_at": clerk_user.updated_ms,
        "created_at": clerk_user.created_ms,
        "last_active_at": clerk_user.updated_ms,
        "legal_accepted_at": None,
    }


def session(clerk_user: ClerkUser, *, session_id: str, now_ms: int) -> Json:
    return {
        "object": "session",
        "id": session_id,
        "user_id": clerk_user.id,
        "client_id": session_id.replace("sess_", "client_"),
        "actor": None,
        "status": "active",
        "last_active_organization_id": None,
        "last_active_at": now_ms,
        "expire_at": now_ms + 604_800_000,
        "abandon_at": now_ms + 2_592_000_000,
        "created_at": now_ms,
        "updated_at": now_ms,
    }


def billing_subscription(clerk_user: ClerkUser, *, object_id: str, status: str, now_ms: int) -> Json:
    """A subscription of Clerk's own billing, unrelated to Stripe's."""
    return {
        "object": "commerce_subscription",
        "id": object_id,
        "status": status,
        "active_at": now_ms,
        "canceled_at": None,
        "ended_at": None,
        "past_due_at": now_ms if status == "past_due" else None,
        "created_at": now_ms,
        "updated_at": now_ms,
        "payer_id": object_id.replace("csub_", "cpayer_"),
        "payer": _payer(clerk_user, object_id, now_ms),
        "items": [],
    }


def billing_item(clerk_user: ClerkUser, *, object_id: str, status: str, now_ms: int) -> Json:
    return {
        "object": "subscription_item",
        "id": object_id.replace("csub_", "csub_item_"),
        "status": status,
        "is_free_trial": False,
        "interval": "month",
        "period_start": now_ms,
        "period_end": now_ms + 2_592_000_000,
        "plan": {"id": "cplan_pro", "slug": "pro", "name": "Pro", "amount": 2000},
        "created_at": now_ms,
        "updated_at": now_ms,
        "payer": _payer(clerk_user, object_id, now_ms),
        "subscription_id": object_id,
    }


def payment_attempt(clerk_user: ClerkUser, *, object_id: str, status: str, now_ms: int) -> Json:
    return {
        "id": object_id.replace("csub_", "pa_"),
        "status": status,
        "charge_type": "recurring",
        "gateway_external_id": None,
        "billing_date": now_ms,
        "paid_at": now_ms if status == "paid" else None,
        "created_at": now_ms,
        "updated_at": now_ms,
        "payer": _payer(clerk_user, object_id, now_ms),
        "totals": {"grand_total": {"amount": 2000, "currency": "USD"}},
        "subscription_items": [],
    }


def _email(email: EmailAddress, created_ms: int) -> Json:
    return {
        "object": "email_address",
        "id": email.id,
        "email_address": email.address,
        "reserved": False,
        "verification": {"status": "verified", "strategy": "email_code"},
        "linked_to": [],
        "created_at": created_ms,
        "updated_at": created_ms,
    }


def _payer(clerk_user: ClerkUser, object_id: str, now_ms: int) -> Json:
    return {
        "object": "commerce_payer",
        "id": object_id.replace("csub_", "cpayer_"),
        "user_id": clerk_user.id,
        "first_name": clerk_user.first_name,
        "last_name": clerk_user.last_name,
        "email": clerk_user.primary_email,
        "organization_id": "",
        "organization_name": "",
        "created_at": now_ms,
        "updated_at": now_ms,
    }
