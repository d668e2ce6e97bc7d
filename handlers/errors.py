"""Reasons why nothing was decided."""

from collections.abc import Mapping
from typing import Any


class DecisionRefused(Exception):
    """Base of every refusal: nothing was changed, and the caller rolls back."""


class UserUnknown(DecisionRefused):
    """No event mentions the user. Check the id."""

    def __init__(self, user_id: str) -> None:
        super().__init__(
            f"expected a known user, found none with the id {user_id!r}; check it, or tenure user create"
        )
        self.user_id = user_id


class UserDeleted(DecisionRefused):
    """The user was deleted at Clerk. No grant and no usage is accepted any more."""

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
    """The quantity exceeds what remains; nothing was counted. Request less, or change the plan."""

    def __init__(self, metric: str, *, quantity: int, limit: int, used: int, remaining: int) -> None:
        allowance = f"at most {remaining}" if remaining else "no more"
        super().__init__(
            f"{metric}: expected {allowance}, with {used} of {limit} used already; found {quantity}"
        )
        self.metric = metric
        self.quantity = quantity
        self.limit = limit
        self.used = used
        self.remaining = remaining


class TrialRefused(DecisionRefused):
    """The trial can't be changed like that. The message says what to do instead."""


class PlanUnknown(DecisionRefused):
    """The catalog has no such plan. `tenure plans list` shows the plans."""

    def __init__(self, plan_key: str, plan_keys: list[str]) -> None:
        super().__init__(
            f"expected a plan of the catalog ({', '.join(plan_keys) or 'it is empty'}), found {plan_key!r}"
        )
        self.plan_key = plan_key
        self.known = plan_keys  # as problem+json names it


class PlanNotForSale(DecisionRefused):
    """The plan is not for sale. `for_sale` lists the plans that are."""

    def __init__(self, for_sale: list[str]) -> None:
        super().__init__(
            f"expected a plan for sale ({', '.join(for_sale) or 'there is none'}), found another"
        )
        self.for_sale = for_sale


class AlreadySo(Exception):
    """The requested state already exists, set the same way: not a refusal, but nothing is appended.

    The caller rolls back and returns `answer`, which is the answer a decision would have given.
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:  # Any: JSON values
        super().__init__("already in force; nothing was changed")
        self.answer = dict(answer)


class NothingToUndo(DecisionRefused):
    """There is nothing to revoke or revert. The message says what was expected."""


class NotACustomer(DecisionRefused):
    """The id is not a Stripe customer's. Copy it from the Stripe dashboard."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(
            f"expected a Stripe customer's id (cus_…), found {customer_id[:100]!r}; nothing was changed"
        )


class NotTrusted(DecisionRefused):
    """The customer belongs to an untrusted connected account. Add it to STRIPE_TRUSTED_ACCOUNTS."""

    def __init__(self, account: str) -> None:
        super().__init__(
            f"expected a customer of the platform's own Stripe account, found one of {account[:100]}; "
            "nothing was changed: add the account to STRIPE_TRUSTED_ACCOUNTS and restart the worker"
        )
        self.account = account


class UnusableInstant(DecisionRefused):
    """The instant is not usable here. The message says which would be."""


class BadPlanFile(Exception):
    """The file of plans can't be used. The message names file, plan and key."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where


class BusyTransaction(Exception):
    """A scan opens its own transactions. Pass a connection that is outside any transaction."""

    def __init__(self) -> None:
        super().__init__("expected a connection outside any transaction, found one inside; commit first")
