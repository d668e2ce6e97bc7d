"""Plans as TOML: read strictly, since a typing error would change what users may do."""

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import tomli_w
from pydantic import ValidationError

from events.domain.system import PlanPublished
from handlers.errors import BadPlanFile
from queries.entitlements import ENRICHMENTS_LIMIT

Json = dict[str, Any]  # Any: TOML values

FORM = """\
# One table per plan; users, grants and Stripe's metadata refer to its key.
# Needed: plan_name, campaigns_limit and creators_limit (-1 is unlimited). Prices are in minor units.
# features is free-form, except enrichments_limit (-1 or absent is unlimited), which Tenure counts.

"""


def default_plans() -> list[PlanPublished]:
    """The plans a new shop starts with."""
    text = files("handlers").joinpath("default_plans.toml").read_text(encoding="utf-8")
    return read_plans(text, where="default_plans.toml")


def read_plans(text: str, *, where: str) -> list[PlanPublished]:
    """The plans of a file, in its order.

    Raises: BadPlanFile, whose message names file, plan and key.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadPlanFile(where, f"invalid TOML: {problem}") from None
    for name in document:
        if name != "plans":
            raise BadPlanFile(where, f"{name}: unknown; expected only tables [plans.KEY]")
    named = document.get("plans")
    if not isinstance(named, dict) or not named:
        raise BadPlanFile(where, "expected at least one table [plans.KEY], found none")
    plans = [_plan(key, table, where) for key, table in named.items()]
    _refuse_shared_prices(plans, where)
    return plans


def write_plans(plans: Iterable[PlanPublished]) -> str:
    """The file that `read_plans` reads as these plans. Absent values are omitted: TOML has no null."""
    tables = {plan.plan_key: _without_null(plan.model_dump(exclude={"plan_key"})) for plan in plans}
    return FORM + tomli_w.dumps({"plans": tables})


def _without_null(value: Any) -> Any:  # Any: JSON values
    if isinstance(value, dict):
        return {name: _without_null(entry) for name, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [_without_null(entry) for entry in value if entry is not None]
    return value


def _plan(key: str, table: object, where: str) -> PlanPublished:
    place = f"{where}: plans.{key}"
    if not isinstance(table, dict):
        raise BadPlanFile(place, "expected a table, found a value")
    fields = PlanPublished.model_fields.keys() - {"plan_key"}
    for name in table:
        if name not in fields:
            raise BadPlanFile(place, f"{name}: unknown; a plan has {', '.join(sorted(fields))}")
    try:
        plan = PlanPublished.model_validate({"plan_key": key, **table}, strict=True)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(str(step) for step in first["loc"]) or "plan"
        raise BadPlanFile(place, f"{name}: {first['msg']}") from None
    _refuse_features(plan, place)
    return plan


def _refuse_features(plan: PlanPublished, place: str) -> None:
    limit = plan.features.get(ENRICHMENTS_LIMIT, -1)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < -1:
        raise BadPlanFile(
            place, f"features.{ENRICHMENTS_LIMIT}: expected a whole number from -1, found {limit!r}"
        )
    try:
        _refuse_unstorable(plan.features)
    except ValueError as problem:
        raise BadPlanFile(place, f"features: {problem}") from None


def _refuse_unstorable(value: object) -> None:
    """Dates and NaN are valid in TOML but not in JSON."""
    if isinstance(value, dict):
        _refuse_all(value.values())
    elif isinstance(value, list):
        _refuse_all(value)
    elif isinstance(value, float) and value - value != 0:
        raise ValueError(f"expected a number, found {value}")
    elif not isinstance(value, str | int | float | bool):
        raise ValueError(f"expected text, a number or true and false, found {value!r}")


def _refuse_all(values: Iterable[object]) -> None:
    for value in values:
        _refuse_unstorable(value)


def _refuse_shared_prices(plans: list[PlanPublished], where: str) -> None:
    """Raises: BadPlanFile if two plans have the same price."""
    owners: dict[str, str] = {}
    for plan in plans:
        for name in ("stripe_price_id_monthly", "stripe_price_id_yearly"):
            price = getattr(plan, name)
            if price is None:
                continue
            if owners.setdefault(price, plan.plan_key) != plan.plan_key:
                raise BadPlanFile(
                    f"{where}: plans.{plan.plan_key}", f"{name}: {price} is {owners[price]}'s price already"
                )
