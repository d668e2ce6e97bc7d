"""Configuration, log levels and plans in force; operators can change the first two."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access import actor, operator_only
from console.deps import decision_now, deps, now
from console.errors import bad_input, sentence
from console.inputs import field, optional_number, reason_field
from handlers.configuration import LEVELS, entries, log_levels, set_log_level, set_value
from handlers.configuration_keys import ConfigurationRefused
from queries.plans import list_plans

pages = Blueprint("configuration", __name__, url_prefix="/configuration")

VALUE_LIMIT = 10_000
MINUTES_LIMIT = 60 * 24 * 30


@pages.get("")
def show() -> str:
    """Every known or set key, log levels in force, the catalog."""
    at = now()
    with deps().pool.connection() as conn:
        shown = {
            "items": entries(conn),
            "log_levels": log_levels(conn, now=at),
            "plans": list_plans(conn),
        }
    return render_template("console/configuration.html", levels=LEVELS, now=at, **shown)


@pages.post("")
@operator_only
def change() -> Response:
    """Set one value; the tables follow the event, and running processes the tables."""
    category, key = field("category", most=64), field("key", most=64)
    value, reason = field("value", most=VALUE_LIMIT), reason_field()
    try:
        with deps().pool.connection() as conn:
            _, changed = set_value(
                conn, category, key, value, now=decision_now(), actor=actor(), reason=reason
            )
    except ConfigurationRefused as refused:
        raise bad_input(sentence(refused)) from None
    done = "is set; running processes follow within seconds" if changed else "had that value already"
    flash(f"{category}.{key} {done}.")
    return redirect(url_for("console.configuration.show"), 303)


@pages.post("/log-level")
@operator_only
def change_log_level() -> Response:
    """Set a logger's level in every running process, for good or for some minutes."""
    at, minutes = decision_now(), optional_number("minutes", most=MINUTES_LIMIT)
    until = None if minutes is None else at + timedelta(minutes=minutes)
    logger, level, reason = field("logger"), field("level"), reason_field()
    try:
        with deps().pool.connection() as conn:
            set_log_level(conn, logger, level, now=at, actor=actor(), until=until, reason=reason)
    except ConfigurationRefused as refused:
        raise bad_input(sentence(refused)) from None
    flash(f"{logger} logs {level}.")
    return redirect(url_for("console.configuration.show"), 303)
