"""/api/dashboard: the data of a user's first page."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel

from api.auth import noted, requires
from api.deps import deps
from api.errors import not_found
from api.openapi import documented
from api.responses import answer
from queries.dashboard import dashboard as ask

dashboard = Blueprint("dashboard", __name__, url_prefix="/api/dashboard")


class Dashboard(BaseModel):
    """A limit of -1 is unlimited. `recent`: the latest events of campaigns, jobs and lists, newest first."""

    user_id: str
    campaigns_by_status: dict[str, int]
    jobs_by_status: dict[str, int]
    jobs_running: list[dict[str, Any]]  # Any: a job's columns
    lists: int
    current_plan: str
    plan_campaigns_limit: int
    plan_creators_limit: int
    usage_campaigns_current: int
    usage_creators_current_month: int
    enrichments_current_month: int
    usage_reset_date: datetime
    recent: list[dict[str, Any]]  # Any: an event's columns


@dashboard.get("/<key:user_id>")
@requires("service")
@documented(tags=("dashboard",), HTTP_200=Dashboard, HTTP_404=None)
def show(user_id: str) -> Response:
    """Work by status, running jobs, the month's usage against the plan, and the latest events."""
    app_deps = deps()
    with app_deps.pool.connection() as conn:
        dashboard = ask(conn, user_id, now=app_deps.clock())
        if dashboard is None:
            raise not_found("user")
        noted(conn, subjects=[user_id], fields=["dashboard"])
    return answer(dashboard)
