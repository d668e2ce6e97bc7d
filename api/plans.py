"""/api/plans: the catalog."""

from flask import Blueprint, Response

from api.auth import requires
from api.deps import deps
from api.models import Plans, PlansQuestion
from api.openapi import documented
from api.responses import answer
from queries.plans import list_plans

plans = Blueprint("plans", __name__, url_prefix="/api/plans")


@plans.get("")
@requires("service")
@documented(query=PlansQuestion, tags=("plans",), HTTP_200=Plans)
def show_all(query: PlansQuestion) -> Response:
    """All plans in display order, including retired ones unless `active=true`."""
    active = None if query.active is None else query.active == "true"
    with deps().pool.connection() as conn:
        return answer({"items": list_plans(conn, active=active)})
