"""Words, columns and ids that pages show in a way of their own."""

ID_PREFIXES = (
    "user_",
    "cus_",
    "sub_",
    "evt_",
    "pm_",
    "price_",
    "in_",
    "msg_",
    "acct_",
    "cs_",
    "pi_",
    "card_",
)

# What a word means for its colour; other words stay neutral.
TONES = {
    "active": "good", "trialing": "info", "past_due": "warn", "unpaid": "bad", "paused": "quiet",
    "incomplete": "warn", "canceled": "quiet", "incomplete_expired": "quiet", "none": "quiet",
    "converted": "good", "expired": "bad", "pending": "quiet", "synced": "good", "error": "bad",
    "stale": "warn", "completed": "good", "processing": "info", "failed": "warn", "dead": "bad",
    "cancelled": "quiet", "operator": "info", "auditor": "quiet", "service": "quiet", "sent": "good",
    "scheduled": "info", "appended": "good", "duplicate": "quiet", "conflict": "bad",
    "unreadable": "bad", "refused": "warn", "too_large": "warn", "closed": "warn",
    "unavailable": "bad", "stripe": "stripe", "clerk": "clerk", "tenure": "tenure",
}  # fmt: skip
CHIPS = frozenset(
    {"subscription_status", "trial_status", "billing_sync_status", "current_plan", "intended_plan"}
)
COUNTED = frozenset(
    {
        "plan_campaigns_limit", "plan_creators_limit", "campaigns_limit", "creators_limit",
        "usage_campaigns_current", "usage_creators_current_month", "enrichments_current_month",
    }
)  # fmt: skip
LIMITS = frozenset({"plan_campaigns_limit", "plan_creators_limit", "campaigns_limit", "creators_limit"})
