"""Who holds a token gets what it is for: SQL in every filter, and every route for a leaked auditor token."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from psycopg import Connection, sql

from tests.api.conftest import Caller
from tests.queries.users import add_plan, add_user, append_event, link

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NOTES_READS = {"access_log", "api_tokens"}  # a read leaves its trace there, and nothing else
SQL = (
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "1; SELECT pg_sleep(10)--",
    "x' UNION SELECT token_hash FROM api_tokens--",
    "%' AND 1=0 UNION ALL SELECT NULL--",
    "\\'; TRUNCATE events; --",
    "{__class__}%(route_key)s%s$1:1",
    "\u0000",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
)


@pytest.fixture(autouse=True)
def some_rows(conn: Connection[Any]) -> None:
    add_user(conn, "user_1", users={"email": "a@example.com"})
    link(conn, "cus_1", "user_1")
    add_plan(conn, "glow_up")
    append_event(conn, "evt_1")
    conn.commit()


def contents(conn: Connection[Any]) -> dict[str, Any]:
    """A digest of every table a reader must not change."""
    conn.rollback()
    named = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    digest = sql.SQL("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t")
    return {
        name: conn.execute(digest.format(sql.Identifier(name))).fetchone()
        for (name,) in named
        if name not in NOTES_READS
    }


def routes(app: Flask) -> list[str]:
    """Every address, with a plausible value in each gap."""
    values = {"user_id": "user_1", "column": "email", "plan_key": "glow_up"}
    return sorted(
        {
            re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda gap: values.get(gap[1], "1"), rule.rule)
            for rule in app.url_map.iter_rules()
        }
    )


BODIES: tuple[dict[str, object], ...] = (
    {},
    {"metric": "campaigns", "quantity": 1, "idempotency_key": "leaked-1"},
    {"full_name": "Mallory"},
    {"plan_key": "fame_flex", "reason": "mine now", "ends_at": None},
    {"customer_id": "cus_2", "user_id": "user_2", "reason": "mine now", "days": 30, "action": "start"},
)


def test_a_leaked_auditor_token_changes_nothing(app: Flask, auditor: Caller, conn: Connection[Any]) -> None:
    before = contents(conn)
    reached = 0
    for path in routes(app):
        for method in METHODS:
            if "stream" in path or "export" in path:
                continue  # reads that keep a connection; tested on their own
            for body in BODIES if method != "GET" else ({},):
                answer = auditor.ask(method, path, json=body) if method != "GET" else auditor.get(path)
                reached += 1
                assert answer.status_code < 500, (method, path, answer.text)
                assert method == "GET" or answer.status_code in {400, 401, 403, 404, 405, 413, 422}, (
                    method,
                    path,
                    answer.text,
                )

    assert reached > 100
    assert contents(conn) == before


def filters(app: Flask) -> list[tuple[str, str]]:
    """(path, query parameter) of everything that is documented to take one."""
    document = app.test_client().get("/openapi.json").get_json()
    return [
        (re.sub(r"\{[^}]*\}", "user_1", path), parameter["name"])
        for path, operations in document["paths"].items()
        if "get" in operations and "stream" not in path
        for parameter in operations["get"].get("parameters", ())
        if parameter["in"] == "query"
    ]


@pytest.mark.parametrize("text", SQL)
def test_sql_in_a_filter_is_a_text_like_any_other(
    app: Flask, operator: Caller, conn: Connection[Any], text: str
) -> None:
    before = contents(conn)
    parameters = filters(app)
    for path, name in parameters:
        answer = operator.get(path, query_string={name: text})
        assert answer.status_code < 500, (path, name, answer.text)
        assert "token_hash" not in answer.text or "token_hash" in text
        if answer.status_code == 200 and answer.is_json:
            assert not answer.json.get("items"), (path, name)

    assert len(parameters) > 20
    assert contents(conn) == before


@pytest.mark.parametrize("text", SQL)
def test_sql_in_an_address_is_a_name_nobody_has(app: Flask, operator: Caller, text: str) -> None:
    for path in ("/api/users/{}", "/api/users/{}/history", "/api/users/user_1/explain/{}", "/api/events/{}"):
        answer = operator.get(path.format(quote(text, safe="")))
        assert answer.status_code in {400, 404, 422}, (path, answer.text)
