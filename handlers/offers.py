"""The decisions that an operator can take about a user now, by the rules that decide them."""

from collections.abc import Callable
from datetime import datetime

from handlers import admins, entitlements, trials
from handlers.decision import moment, refuse_unfit
from handlers.errors import AlreadySo, DecisionRefused
from projections.state import State

Check = Callable[[State, datetime], object]


def refusals(state: State, now: datetime) -> dict[str, str]:
    """Decision to the reason why it is refused whatever its input is; the other decisions can succeed."""
    at = moment(state, now)
    return {name: reason for name, check in CHECKS.items() if (reason := _reason(check, state, at))}


def _reason(check: Check, state: State, at: datetime) -> str | None:
    try:
        check(state, at)
    except (DecisionRefused, AlreadySo) as refused:
        return str(refused).removesuffix("; nothing was changed")
    return None


CHECKS: dict[str, Check] = {
    "start-trial": lambda state, _: trials.refuse_start(state),
    "extend-trial": lambda state, _: trials.refuse_extension(state),
    "end-trial": trials.end,
    "grant-plan": lambda state, _: refuse_unfit(state),
    "revoke-plan": entitlements.revoke,
    "grant-admin": lambda state, _: admins.grant(state),
    "revoke-admin": lambda state, _: admins.revoke(state),
}
"""A link is always possible, and a user's customers are the choice of an unlinking."""
