"""Who gets in, for how long, and what the cookie says."""

import base64
import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask

from api.proxies import UNTRUSTED
from console.pages.sign_in import PROXY_SETTING, UNTRUSTED_PROXY
from database.pool import connect
from handlers.console_sessions import IDLE, LONGEST, delete_sessions
from handlers.tokens import create_token, list_tokens, revoke_token
from service.schedule import scheduled
from settings import Settings
from tests.console.conftest import Person, Visitor, Wall, make_token


@pytest.fixture
def stranger(shop_app: Flask) -> Person:
    return Person(shop_app.test_client())


@pytest.mark.parametrize("path", ["", "/users", "/events/evt_1", "/tokens", "/nowhere"])
def test_nobody_sees_a_page_without_a_session(stranger: Person, path: str) -> None:
    answer = stranger.get(path)

    assert answer.status_code == 303
    assert answer.location.startswith("/console/sign-in")


def test_token_becomes_a_session_in_a_strict_cookie(stranger: Person, shop: str) -> None:
    answer = stranger.sign_in(make_token(shop, "auditor"))

    assert (answer.status_code, answer.location) == (303, "/console")
    cookie = answer.headers["Set-Cookie"]
    for word in ("HttpOnly", "SameSite=Strict", "Path=/console"):
        assert word in cookie
    assert stranger.get("").status_code == 200


def test_cookie_is_secure_where_the_page_came_by_tls(stranger: Person, shop: str) -> None:
    page = stranger.get("/sign-in", base_url="https://tenure.example")

    assert "Secure" in page.headers["Set-Cookie"]


def test_token_itself_is_never_in_the_cookie_or_the_page(stranger: Person, shop: str) -> None:
    token = make_token(shop, "operator")

    answer = stranger.sign_in(token)

    assert token not in answer.headers["Set-Cookie"]
    assert token not in stranger.get("/tokens").text


def test_services_token_is_refused(stranger: Person, shop: str) -> None:
    answer = stranger.sign_in(make_token(shop, "service"))

    assert answer.status_code == 403
    assert stranger.get("").status_code == 303


@pytest.mark.parametrize("token", ["", "tnr_operator_" + "x" * 43, "\x00\ud7ff", "' OR 1=1 --", "x" * 9_999])
def test_what_is_no_token_is_refused_without_saying_why(stranger: Person, token: str) -> None:
    answer = stranger.sign_in(token)

    assert answer.status_code == 401
    assert "not valid here" in answer.text


def test_guessing_is_slowed(stranger: Person, shop: str, wall: Wall) -> None:
    guess = "tnr_operator_" + "x" * 43
    codes = [stranger.sign_in(guess).status_code for _ in range(6)]

    assert codes == [401] * 5 + [429]
    assert stranger.sign_in(make_token(shop, "operator")).status_code == 429
    wall.move(timedelta(minutes=1))
    assert stranger.sign_in(make_token(shop, "operator")).status_code == 303


def test_idle_session_ends(auditor: Person, wall: Wall) -> None:
    wall.move(IDLE - timedelta(minutes=1))
    assert auditor.get("").status_code == 200
    wall.move(IDLE - timedelta(minutes=1))
    assert auditor.get("").status_code == 200

    wall.move(IDLE + timedelta(seconds=1))

    page = auditor.get("/users", follow_redirects=True)
    assert "has ended" in page.text
    assert page.request.path == "/console/sign-in"


def test_session_lasts_a_day_at_most_however_busy(auditor: Person, wall: Wall) -> None:
    for _ in range(LONGEST // timedelta(minutes=20)):
        assert auditor.get("/tokens").status_code == 200
        wall.move(timedelta(minutes=20))
    wall.move(timedelta(minutes=1))

    assert auditor.get("").status_code == 303


def test_revoked_token_ends_its_sessions(auditor: Person, shop: str, wall: Wall) -> None:
    with connect(shop, application_name="test") as conn:
        revoke_token(conn, next(t.id for t in list_tokens(conn) if t.role == "auditor"), now=wall())
        conn.commit()

    assert auditor.get("").status_code == 303


def test_signing_out_ends_the_session(auditor: Person) -> None:
    answer = auditor.send("/sign-out", "/users")

    assert answer.status_code == 303
    assert auditor.get("").status_code == 303


def cookie_of(person: Person) -> str:
    """What a thief would copy out of the browser."""
    cookie = person.client.get_cookie("tenure_console", path="/console")
    assert cookie is not None
    return cookie.value


def with_cookie(app: Flask, value: str) -> Person:
    person = Person(app.test_client())
    person.client.set_cookie("tenure_console", value, path="/console")
    return person


def test_stolen_cookie_opens_nothing_after_sign_out(auditor: Person, shop_app: Flask) -> None:
    cookie = cookie_of(auditor)
    assert with_cookie(shop_app, cookie).get("/users").status_code == 200

    auditor.send("/sign-out", "/users")

    answer = with_cookie(shop_app, cookie).get("/users", follow_redirects=True)
    assert answer.request.path == "/console/sign-in"
    assert "has ended" in answer.text


def test_signing_in_again_ends_the_session_before(auditor: Person, shop: str, shop_app: Flask) -> None:
    cookie = cookie_of(auditor)

    auditor.sign_in(make_token(shop, "operator"))

    assert auditor.get("/users").status_code == 200
    assert with_cookie(shop_app, cookie).get("/users").status_code == 303


def test_sign_out_leaves_other_sessions_of_the_token(stranger: Person, shop_app: Flask, shop: str) -> None:
    token, other = make_token(shop, "auditor"), Person(shop_app.test_client())
    stranger.sign_in(token)
    other.sign_in(token)

    stranger.send("/sign-out", "/users")

    assert other.get("/users").status_code == 200


def test_expired_token_ends_its_sessions(stranger: Person, shop: str, wall: Wall) -> None:
    with connect(shop, application_name="test") as conn:
        ends = wall() + timedelta(minutes=10)
        token, _ = create_token(conn, "auditor", name="short", now=wall(), expires_at=ends)
        conn.commit()
    stranger.sign_in(token)
    assert stranger.get("").status_code == 200

    wall.move(timedelta(minutes=10))

    assert stranger.get("").status_code == 303


def test_tables_hold_nothing_a_cookie_could_be_made_of(auditor: Person, shop: str) -> None:
    inside = cookie_of(auditor).split(".")[0]
    name = json.loads(base64.urlsafe_b64decode(inside + "=" * (-len(inside) % 4)))["name"]

    with connect(shop, application_name="test") as conn:
        rows = conn.execute("SELECT session_digest FROM console_sessions").fetchall()
    assert [bytes(digest) for (digest,) in rows] == [sha256(name.encode()).digest()]


def test_sweep_forgets_only_sessions_that_open_nothing(
    auditor: Person, stranger: Person, shop: str, wall: Wall
) -> None:
    wall.move(IDLE)
    stranger.sign_in(make_token(shop, "operator"))
    wall.move(timedelta(seconds=1))
    with connect(shop, application_name="test") as conn:
        conn.execute("SET ROLE tenure_app")
        gone = delete_sessions(conn, now=wall())
        conn.commit()

    assert gone == 1
    assert (stranger.get("").status_code, auditor.get("").status_code) == (200, 303)


def test_scheduler_sweeps_sessions(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, _env_file=None)

    assert "forget_sessions" in [job.name for job in scheduled(settings, "")]


def test_edited_cookie_opens_nothing(stranger: Person, shop: str) -> None:
    stranger.sign_in(make_token(shop, "auditor"))
    head, _, rest = cookie_of(stranger).partition(".")

    stranger.client.set_cookie("tenure_console", f"{head[:-1]}A.{rest}", path="/console")

    assert stranger.get("").status_code == 303


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/console/users?q=a%40b", "/console/users?q=a%40b"),
        ("https://evil.example/console", "/console"),
        ("//evil.example", "/console"),
        ("/console//evil.example", "/console"),
        ("/consolevil", "/console"),
        ("/console\\evil", "/console"),
        ("javascript:alert(1)", "/console"),
    ],
)
def test_sign_in_leads_only_to_pages_of_this_console(
    stranger: Person, shop: str, target: str, location: str
) -> None:
    assert stranger.sign_in(make_token(shop, "auditor"), next=target).location == location


def test_part_of_a_page_is_answered_with_the_way_to_sign_in(stranger: Person) -> None:
    answer = stranger.get("/users/user_1", headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/console/sign-in")


def test_two_people_do_not_share_a_session(visitor: Visitor) -> None:
    first, second = visitor("auditor"), visitor("operator")

    first.send("/sign-out", "/users")

    assert second.get("").status_code == 200


def test_an_untrusted_proxy_that_ends_tls_is_named_with_the_setting(stranger: Person) -> None:
    assert UNTRUSTED_PROXY == UNTRUSTED

    page = stranger.get("/sign-in", environ_base={UNTRUSTED: "10.0.0.5"}).text

    assert PROXY_SETTING in page
    assert PROXY_SETTING not in stranger.get("/sign-in").text
