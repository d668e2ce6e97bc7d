"""Why nothing was decided."""

from collections.abc import Mapping
from typing import Any


class DecisionRefused(Exception):
    """Base of every refusal: nothing was changed, and the caller rolls back."""


class UserUnknown(DecisionRefused):
    """No event ever mentioned the user. Check the id."""

    def __init__(self, user_id: str) -> None:
        super().__init__(
            f"expected a known user, found none with the id {user_id!r}; check it, or tenure user create"
        )
        self.user_id = user_id


class UserDeleted(DecisionRefused):
    """The user was deleted at Clerk. Nothing is given to them or counted for them any more."""

    def __init__(self, user_id: str) -> None:
        super().__init__("expected a user who still exists, found one deleted at Clerk; nothing was changed")
        self.user_id = user_id


class UserQuarantined(DecisionRefused):
    """The user's history stops at an event that can't be folded, so nothing can be counted.

    Mend what `tenure quarantine list` names and retry.
    """

    def __init__(self, user_id: str, event_id: str) -> None:
        super().__init__(
            f"the user's history stops at event {event_id}, which can't be folded; "
            "mend it and run: tenure quarantine retry"
        )
        self.user_id = user_id
        self.event_id = event_id


class IdempotencyConflict(DecisionRefused):
    """The key stands for another request of the same user. Use a new key for a new request."""

    def __init__(self) -> None:
        super().__init__(
            "expected an idempotency key of this very request, found one used for another; "
            "use a new key for a new request"
        )


class LimitExceeded(DecisionRefused):
    """More than what remains; none of it was counted. Ask for less, or change the plan."""

    def __init__(self, metric: str, *, quantity: int, limit: int, used: int, remaining: int) -> None:
        left = f"at most {remaining}" if remaining else "no more"
        super().__init__(f"{metric}: expected {left}, with {used} of {limit} used already; found {quantity}")
        self.metric = metric
        self.quantity = quantity
        self.limit = limit
        self.used = used
        self.remaining = remaining


class TrialRefused(DecisionRefused):
    """The trial can't be changed like that. The message says what to do instead."""


class PlanUnknown(DecisionRefused):
    """The catalog has no such plan. `tenure plans list` shows those there are."""

    def __init__(self, plan_key: str, known: list[str]) -> None:
        super().__init__(
            f"expected a plan of the catalog ({', '.join(known) or 'it is empty'}), found {plan_key!r}"
        )
        self.plan_key = plan_key
        self.known = known


class AlreadySo(Exception):
    """What was asked for is so already, by the same word: no refusal, but nothing is appended.

    The caller rolls back and gives `answer`, which is what a decision would have answered.
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:  # Any: JSON values
        super().__init__("it is so already; nothing was changed")
        self.answer = dict(answer)


class NothingToUndo(DecisionRefused):
    """What is to be taken back is not there. The message says what was looked for."""


class NotACustomer(DecisionRefused):
    """The id is none of a Stripe customer. Copy it from the Stripe dashboard."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"expected a Stripe customer's id (cus_…), found {found[:100]!r}; nothing was changed"
        )


class NotTrusted(DecisionRefused):
    """The customer is one of a connected account that nobody trusts. Name it in STRIPE_TRUSTED_ACCOUNTS."""

    def __init__(self, account: str) -> None:
        super().__init__(
            f"expected a customer of the platform's own Stripe account, found one of {account[:100]}; "
            "nothing was changed: add the account to STRIPE_TRUSTED_ACCOUNTS and restart the worker"
        )
        self.account = account


class UnusableInstant(DecisionRefused):
    """The instant makes no sense here. The message says which would."""


class BadPlanFile(Exception):
    """The file of plans can't be used. The message names file, plan and key."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where


class BusyTransaction(Exception):
    """A scan makes its own transactions. Hand it a connection that is in none."""

    def __init__(self) -> None:
        super().__init__("expected a connection outside any transaction, found one inside; commit first")
