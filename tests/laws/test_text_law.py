"""Any text in any field reads back the same from table, history, explain, a past instant, replay and import.

What PostgreSQL can't hold, NUL and lone surrogates, is U+FFFD in all of them. Text goes in as people and
providers send it: over HTTP and in webhooks that are signed, through the service's own encoders.
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from werkzeug.test import Client, TestResponse

from cli import main
from database.pool import connect, open_pool
from demo.deliveries import DemoDelivery
from demo.signing import sign
from events.clock import utc_now
from events.text import storable
from handlers.tokens import create_token
from projections.replay import Options, compare
from queries.events import EventFilter
from queries.export import exported
from queries.export_formats import FORMATS
from queries.instants import iso
from service.application import build_over
from service.local_secrets import DevSecrets, dev_secrets
from settings import Settings
from tests.databases import Server
from tests.installation import as_url
from tests.laws.projected import runner
from tests.projections.replaying import tables

TYPED = [
    "\x00",
    "\x00\x00",
    "\ud800",
    "\udfff",
    r"\u0000",
    r"\\u0000",
    r"\ufffd",
    r"\ud800",
    "\ufffd",
    '"',
    "'",
    "\\",
    "\\N",
    "\\.",
    "\t",
    "\r\n",
    "\u2028",
    "\u202e\u200f",
    "\ufeff",
    "=1+1",
    "{}",
    "%s%(x)s",
    "<b>",
]
TEXTS = st.lists(st.sampled_from(TYPED) | st.text(st.characters(), max_size=5), max_size=6).map("".join)
COMPARED = (
    "created_at",
    "updated_at",
    "current_plan",
    "subscription_status",
    "last_webhook_event",
    "is_admin",
)
_numbers = count(1)
Json = Any  # Any: JSON values


class House:
    """The whole service over one database, and people who type into it."""

    def __init__(self, conninfo: str, app: Any, secrets: DevSecrets, token: str) -> None:  # Any: a WSGI app
        self.conninfo = conninfo
        self._client = Client(app)
        self._secrets = secrets
        self._token = token

    def ask(self, method: str, path: str, body: Json = None) -> TestResponse:
        """An operator's request; the body is written in ASCII, so that a lone surrogate can be sent."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return self._client.open(path, method=method, headers=headers, data=data)

    def get(self, path: str) -> Json:
        response = self.ask("GET", path)
        assert response.status_code == 200, (path, response.text)
        return json.loads(response.data)

    def send(self, method: str, path: str, body: Json) -> Json:
        response = self.ask(method, path, body)
        assert response.status_code in (200, 201), (path, body, response.text)
        return json.loads(response.data)

    def deliver(self, provider: Any, event: Json, message_id: str) -> None:  # Any: a provider's name
        now = utc_now()
        body = json.dumps(event).encode()
        delivery = DemoDelivery(provider, message_id, event["type"], now, body, event)
        secrets = self._secrets
        headers = sign(delivery, stripe_secret=secrets.stripe, clerk_secret=secrets.clerk, at=now)
        response = self._client.post(f"/webhooks/{provider}", data=body, headers=headers)
        assert response.status_code == 200, response.text
        assert json.loads(response.data)["status"] == "appended"

    def project(self) -> None:
        runner(self.conninfo).drain()


@pytest.fixture(scope="module")
def house(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service for all examples here; each example is of other people."""
    database, folder = server.database(template), tmp_path_factory.mktemp("text")
    secrets = dev_secrets(folder)
    configured = Settings(
        _env_file=None,
        database_url=as_url(database.conninfo),
        TENURE_DATA_DIR=folder,
        stripe_webhook_secrets=secrets.stripe,
        clerk_webhook_secrets=secrets.clerk,
    )
    with open_pool(database.conninfo, application_name="text", max_size=4) as pool:
        with pool.connection() as conn:
            token, _ = create_token(conn, "operator", name="text", now=utc_now())
        app = build_over(pool, configured, database.conninfo, CollectorRegistry())
        yield House(database.conninfo, app, secrets, token)
    database.drop()


def live(house: House, texts: list[str]) -> dict[str, dict[str, str | None]]:
    """One user a text, who has it in every field; user to the columns their profile must show."""
    expected = {}
    for text in texts:
        number = next(_numbers)
        user, customer = f"user_text{number:08}", f"cus_text{number:08}"
        seconds = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) + number
        for at, verb in enumerate(("created", "updated", "updated")):
            house.deliver("clerk", _clerk(user, text, verb, seconds + at), f"msg_{number}_{at}")
            house.project()
        for at, (kind, payload) in enumerate(_stripe(user, customer, text).items()):
            event = {"id": f"evt_{number}_{at}", "object": "event", "type": kind, "created": seconds + at}
            house.deliver(
                "stripe", event | {"livemode": True, "data": {"object": payload}}, f"evt_{number}_{at}"
            )
        house.project()
        _type(house, user, text)
        name = text.strip()
        expected[user] = {
            "full_name": storable(f"{name} {name}".strip()) or None,
            "business_name": storable(text),
            "brand_description": storable(text),
            "industry": storable(text),
            "billing_address_city": storable(text),
            "card_last4": storable(text),
        }
    return expected


def _clerk(user: str, text: str, verb: str, seconds: int) -> Json:
    data = {"id": user, "first_name": text, "last_name": text, "updated_at": seconds * 1000}
    data |= {"public_metadata": {text: text}, "unsafe_metadata": {"note": text}, "email_addresses": []}
    return {"object": "event", "type": f"user.{verb}", "timestamp": seconds * 1000, "data": data}


def _stripe(user: str, customer: str, text: str) -> dict[str, Json]:
    metadata = {"userId": user, "note": text, text: "x"}
    address = {"city": text, "country": text, "postal_code": text}
    card = {"last4": text, "brand": "visa", "exp_month": 4, "exp_year": 2031}
    price = {"id": text, "lookup_key": text, "metadata": {"plan_key": text}}
    method = {"id": f"pm_{customer}", "customer": customer, "type": "card", "card": card}
    return {
        "customer.created": {"id": customer, "object": "customer", "metadata": metadata, "address": address},
        "payment_method.attached": method | {"object": "payment_method", "billing_details": {"name": text}},
        "customer.subscription.created": {
            "id": f"sub_{customer}",
            "object": "subscription",
            "customer": customer,
            "status": "active",
            "metadata": metadata,
            "items": {"object": "list", "data": [{"price": price}]},
        },
    }


def _type(house: House, user: str, text: str) -> None:
    """What a person and a service say over HTTP; the answer shows the text, and a repetition is none."""
    profile = dict.fromkeys(("business_name", "brand_description", "industry"), text)
    house.send("PATCH", f"/api/users/{user}", profile)
    reason = f"because {text}"[:400]
    house.send("POST", f"/api/users/{user}/admin", {"is_admin": True, "reason": reason})
    usage = {"metric": "enrichments", "quantity": 1, "idempotency_key": f"k{text}"[:200]}
    first, again = (house.send("POST", f"/api/users/{user}/usage", usage) for _ in range(2))
    assert first["event_id"] == again["event_id"]
    short = text[:180] or "-"
    listed = {"user_id": user, "name": short, "description": text, "tags": [short[:50]]}
    created = house.send("POST", "/api/lists", listed)
    item = {"user_id": user, "creator_id": short, "creator": {text: [text]}, "notes": text}
    house.send("POST", f"/api/lists/{created['id']}/items", item)
    job = {"user_id": user, "keywords": [short], "search_params": {"a": text}, "target_username": short}
    house.send("POST", "/api/jobs", job)
    shown = house.get(f"/api/lists/{created['id']}?user_id={user}")
    assert (shown["name"], shown["description"]) == (storable(short), storable(text))


def assert_told_alike(house: House, expected: dict[str, dict[str, str | None]]) -> None:
    """Profile, history, explanations and the past of each user, and everybody's rebuild."""
    house.project()
    for user, columns in expected.items():
        profile = house.get(f"/api/users/{user}")
        past = house.get(f"/api/users/{user}?as_of={quote(iso(utc_now()))}")
        history = house.get(f"/api/users/{user}/history")["items"]
        shown = {change["column"]: change["new"] for entry in history for change in entry["changes"]}
        for column, text in columns.items():
            explained = house.get(f"/api/users/{user}/explain/{column}")["value"]
            assert (profile[column], past[column], explained, shown.get(column)) == (text,) * 4, (
                user,
                column,
            )
        assert {name: past[name] for name in COMPARED} == {name: profile[name] for name in COMPARED}


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
@example(texts=["plain", *TYPED[:6], "plain"])
@example(texts=TYPED[6:])
def test_any_text_is_told_alike_everywhere(house: House, tmp_path_factory: Any, texts: list[str]) -> None:
    expected = live(house, texts)
    assert_told_alike(house, expected)

    options = Options(work_dir=tmp_path_factory.mktemp("replay"), workers=1)
    assert compare(house.conninfo, options=options).differences == []


def test_a_mebibyte_of_text_is_told_alike_everywhere(house: House, tmp_path: Path) -> None:
    name = '\\u0000 \x00 "\t' + "茶" * 170_000
    data = {"id": "user_long", "first_name": name, "updated_at": 1_772_323_200_000}
    house.deliver("clerk", {"object": "event", "type": "user.created", "data": data}, "msg_long")

    assert_told_alike(house, {"user_long": {"full_name": storable(name)}})
    assert compare(house.conninfo, options=Options(work_dir=tmp_path, workers=1)).equal


def test_export_and_import_carry_any_text(
    house: House, server: Server, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second database that is given the log says the same, states to the byte."""
    live(house, TYPED)
    house.project()
    other, file = server.database(template), tmp_path / "log"
    monkeypatch.setenv("TENURE_DATA_DIR", str(tmp_path))
    for conninfo, words in ((house.conninfo, ("export", "--out")), (other.conninfo, ("import",))):
        monkeypatch.setenv("DATABASE_URL", as_url(conninfo))
        done = CliRunner().invoke(main, ["events", *words, str(file)])
        assert done.exit_code == 0, done.output
    runner(other.conninfo).drain()

    here, there = tables(house.conninfo), tables(other.conninfo)
    for dump in (here, there):
        del dump["projection_checkpoints"]  # it holds when each database projected
    assert there == here
    other.drop()


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_each_format_of_an_export_carries_any_text(house: House, name: str) -> None:
    users = live(house, TYPED)
    write, _ = FORMATS[name]
    with (
        connect(house.conninfo, application_name="text") as conn,
        exported(conn, EventFilter(), bodies=True) as rows,
    ):
        data = b"".join(write(rows, bodies=True))
    events = [event for event in _read_back(name, data) if event["route_key"] in users]
    bodies = [json.loads(_text(event["event_data"])) for event in events]
    reasons = [body["decision_reason"] for body in bodies if "decision_reason" in body]

    assert reasons == [storable(f"because {text}") for text in TYPED]
    assert [body["data"]["first_name"] for body in bodies if "data" in body][::3] == TYPED
    assert [body["industry"] for body in bodies if "industry" in body] == [storable(text) for text in TYPED]


def _read_back(name: str, data: bytes) -> list[Json]:
    if name == "parquet":
        return list(pq.read_table(io.BytesIO(data)).to_pylist())
    if name == "csv":
        csv.field_size_limit(1 << 24)
        return list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    return [json.loads(line) for line in data.splitlines()]


def _text(value: Json) -> str:
    """JSON text, whether the format holds it as text or as a value."""
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize(
    "text", ["\t", "\n", "\r\n", "\\", '"', r"\u0000", "%2F", "?x=1#y", "\u202e", " ", ";", "茶"]
)
def test_an_id_of_any_text_has_its_addresses(house: House, text: str) -> None:
    user = f"user_{text}x{text}"
    house.deliver("clerk", _clerk(user, "Ada", "created", 1_772_323_200), f"msg_id_{text.encode().hex()}")
    house.project()
    path = f"/api/users/{quote(user, safe='')}"
    house.send("PATCH", path, {"industry": text})
    house.project()

    assert [house.get(path)[name] for name in ("user_id", "industry")] == [user, text]
    assert len(house.get(f"{path}/history")["items"]) == 2
    assert house.get(f"{path}/explain/industry")["value"] == text
    events = house.get(f"/api/events?user_id={quote(user, safe='')}")["items"]
    assert {event["route_key"] for event in events} == {user}
    assert house.ask("GET", f"{path}/entitlements").status_code == 200
