"""The money tables' rules, one by one: shapes, final states, quarantine, links, accounts, erasure."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from events.clock import utc_now
from events.domain.user import IdentityLinked, IdentityUnlinked
from events.envelope import NewEvent
from handlers.privacy import erase_person, plan_erasure
from projections.money.tables.registry import CHILDREN, MONEY_TABLES, TABLE_NAMES
from projections.replay import compare
from tests.projections.event_builders import CUSTOMER, USER, customer, invoice, linked, own, stripe
from tests.projections.live import ask, tell
from tests.projections.money_model import Row, money_of, states_of
from tests.projections.replaying import options, project

pytestmark = pytest.mark.usefixtures("live_events_only")
Json = dict[str, Any]  # Any: JSON values


def row_of(table: str, *events: NewEvent) -> Row:
    """The only row of a table after these events."""
    (row,) = money_of(events)[table].values()
    return row


def price(**fields: Any) -> Json:  # Any: JSON values
    return {"id": "price_1", "object": "price", "created": 1, "currency": "usd", "unit_amount": 5} | fields


def intent(status: str = "succeeded", **fields: Any) -> Json:  # Any: JSON values
    body = {"id": "pi_1", "object": "payment_intent", "customer": CUSTOMER, "currency": "usd"}
    return body | {"status": status, "amount": 900, "amount_received": 900} | fields


def charge(**fields: Any) -> Json:  # Any: JSON values
    body = {"id": "ch_1", "object": "charge", "customer": CUSTOMER, "payment_intent": "pi_1", "amount": 900}
    return body | {"status": "succeeded", "amount_captured": 900, "amount_refunded": 0} | fields


def refund(**fields: Any) -> Json:  # Any: JSON values
    body = {"id": "re_1", "object": "refund", "charge": "ch_1", "payment_intent": None}
    return body | {"amount": 300, "currency": "usd", "status": "succeeded"} | fields


def project_all(conninfo: str, *events: NewEvent) -> None:
    tell(conninfo, *events)
    project(conninfo)


@pytest.mark.parametrize("decimal", ["0.000000000001", "12.50", "99999999999999999999.5"])
def test_decimal_amounts_keep_their_digits(conninfo: str, decimal: str) -> None:
    project_all(conninfo, stripe("price.created", price(unit_amount_decimal=decimal)))

    assert ask(conninfo, "SELECT unit_amount_decimal::text FROM prices") == [decimal]


def test_a_percentage_that_json_writes_as_a_number_keeps_its_digits() -> None:
    body: Json = {"id": "sub_1", "object": "subscription", "customer": CUSTOMER, "status": "active"}
    body["discount"] = {"id": "di_1", "coupon": {"id": "half", "percent_off": 33.3}}

    assert (
        row_of("subscription_discounts", stripe("customer.subscription.created", body))["percent_off"]
        == "33.3"
    )


def test_a_final_status_is_kept() -> None:
    row = row_of(
        "invoices",
        stripe("invoice.paid", invoice(100, status="paid"), at=1),
        stripe("invoice.updated", invoice(0, status="open"), at=2),
    )

    assert (row["status"], row["amount_paid"]) == ("paid", 100)


def test_a_deleted_product_stays_deleted() -> None:
    product = {"id": "prod_1", "object": "product", "name": "Seats"}
    row = row_of(
        "products",
        stripe("product.deleted", product, at=1),
        stripe("product.updated", product | {"name": "Chairs"}, at=2),
    )

    assert (row["name"], row["deleted_at"]) == ("Seats", "2026-01-01T00:00:01+00:00")


def test_a_plan_of_older_versions_is_the_row_of_its_price() -> None:
    plan = {"id": "price_1", "object": "plan", "amount": 7, "interval": "year", "nickname": "old"}
    row = row_of("prices", stripe("plan.created", plan), stripe("price.created", price(), at=1))

    assert (row["unit_amount"], row["interval"], row["nickname"]) == (5, "year", "old")


def test_a_payment_has_its_charge_and_its_invoice() -> None:
    payment: Json = {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1"}
    payment["payment"] = {"type": "payment_intent", "payment_intent": "pi_1"}
    row = row_of(
        "payments",
        stripe("charge.refunded", charge(amount_refunded=200)),
        stripe("invoice_payment.paid", payment),
        stripe("payment_intent.succeeded", intent()),
    )

    assert (row["id"], row["invoice_id"], row["amount_refunded"]) == ("pi_1", "in_1", 200)


def test_a_charge_without_payment_intent_is_a_payment() -> None:
    row = row_of("payments", stripe("charge.succeeded", charge(payment_intent=None)))

    assert (row["id"], row["amount"], row["amount_received"]) == ("ch_1", 900, 900)


@pytest.mark.parametrize("first", ["refund", "charge"])
def test_a_refund_belongs_to_the_customer_of_its_payment(conninfo: str, first: str) -> None:
    events = [stripe("refund.created", refund()), stripe("charge.succeeded", charge())]
    for event in events if first == "refund" else reversed(events):
        project_all(conninfo, event)
    project_all(conninfo, linked(), stripe("payment_intent.succeeded", intent()))

    assert ask(conninfo, "SELECT (payment_id, customer_id, user_id)::text FROM refunds") == [
        f"(pi_1,{CUSTOMER},{USER})"
    ]


def test_rows_follow_their_customers_link(conninfo: str) -> None:
    owners = "SELECT user_id FROM invoices UNION ALL SELECT user_id FROM refunds"
    events = [stripe("invoice.paid", invoice(5)), stripe("charge.succeeded", charge())]
    project_all(conninfo, *events, stripe("refund.created", refund()))
    seen = [ask(conninfo, owners)]
    for fact, user in ((IdentityLinked, "user_b"), (IdentityLinked, USER), (IdentityUnlinked, USER)):
        project_all(conninfo, own(fact(customer_id=CUSTOMER), user=user, at=len(seen)))
        seen.append(ask(conninfo, owners))

    assert seen == [[None, None], ["user_b"] * 2, [USER] * 2, ["user_b"] * 2]


def test_an_object_of_another_account_is_a_row_of_nobody(conninfo: str) -> None:
    project_all(conninfo, linked(), stripe("invoice.paid", invoice(5), account="acct_1"))

    assert ask(conninfo, "SELECT (account, customer_id, user_id)::text FROM invoices") == [
        f"(acct_1,acct_1/{CUSTOMER},)"
    ]


def test_test_mode_is_in_no_table(conninfo: str) -> None:
    project_all(conninfo, stripe("invoice.paid", invoice(5), livemode=False))

    assert ask(conninfo, "SELECT id FROM invoices") == []


def test_an_object_that_can_not_be_read_stops_alone_until_it_can(conninfo: str, tmp_path: Path) -> None:
    project_all(
        conninfo,
        linked(),
        stripe("invoice.created", invoice(1, id="in_odd")),
        stripe("invoice.updated", invoice(2, id="in_odd", total="many"), at=1),
        stripe("invoice.paid", invoice(3, id="in_fine"), at=1),
    )
    stopped = ask(conninfo, "SELECT (id, field)::text FROM billing_quarantine")
    paid = ask(conninfo, "SELECT amount_paid FROM invoices ORDER BY id DESC")
    users = ask(conninfo, "SELECT user_id FROM quarantine")
    same = compare(conninfo, options=options(tmp_path)).differences
    project_all(conninfo, stripe("invoice.updated", invoice(4, id="in_odd"), at=2))

    assert (stopped, paid, users, same) == (["(in_odd,total)"], [1, 3], [], [])
    assert ask(conninfo, "SELECT id FROM billing_quarantine") == []
    assert ask(conninfo, "SELECT amount_paid FROM invoices ORDER BY id DESC") == [4, 3]


def test_an_object_that_postgresql_refuses_stops_alone(conninfo: str, tmp_path: Path) -> None:
    with psycopg.connect(conninfo) as conn:
        conn.execute("ALTER TABLE invoices ADD CONSTRAINT small CHECK (amount_paid < 100)")
    project_all(
        conninfo,
        linked(),
        *(stripe("invoice.paid", invoice(paid, id=f"in_{paid}")) for paid in (1, 2, 100, 3)),
        stripe("payment_intent.succeeded", intent()),
    )
    stopped = ask(conninfo, "SELECT concat_ws(' ', id, field, reason) FROM billing_quarantine")
    same = compare(conninfo, options=options(tmp_path)).differences
    project_all(conninfo, stripe("invoice.updated", invoice(4, id="in_100"), at=2))

    assert stopped == ["in_100 (row) its row can't be stored: CheckViolation (small)"]
    assert same == []
    assert ask(conninfo, "SELECT amount_paid FROM invoices ORDER BY amount_paid") == [1, 2, 3, 4]
    assert ask(conninfo, "SELECT id FROM billing_quarantine") == []


def test_an_erasure_removes_the_rows_of_the_person_alone(conninfo: str, tmp_path: Path) -> None:
    other = customer("cus_other", metadata={})
    project_all(
        conninfo,
        linked(),
        stripe("customer.updated", customer(name="Ada", email="ada@example.com"), at=1),
        stripe("invoice.paid", invoice(5), at=1),
        stripe("payment_intent.succeeded", intent(description="for Ada"), at=1),
        stripe("customer.created", other, at=1),
    )
    with psycopg.connect(conninfo) as conn:
        erase_person(conn, plan_erasure(conn, USER), now=utc_now(), actor="test", reason="ticket 12")
    project(conninfo)

    assert ask(conninfo, "SELECT id FROM customers") == ["cus_other"]
    for table in ("invoices", "payments"):
        assert ask(conninfo, f"SELECT id FROM {table}") == []
    assert ask(conninfo, "SELECT id FROM billing_objects") == ["cus_other"]
    assert compare(conninfo, options=options(tmp_path)).differences == []


def test_every_recorded_event_can_be_read(corpus: Path) -> None:
    recorded = [
        json.loads(line)["event"]
        for path in sorted((corpus / "stripe").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    events = [
        stripe(event["type"], {}, key=f"evt_{number}", **(event | {"id": f"evt_{number}", "livemode": True}))
        for number, event in enumerate(recorded)
        if event.get("type")
    ]

    assert [state.stop for state in states_of(events).values() if state.stop] == []
    assert {key.kind for key in states_of(events)} >= {"invoice", "charge", "refund", "dispute", "plan"}


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_a_table_has_the_declared_columns_and_explains_them(conninfo: str, table: str) -> None:
    query = """SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)
                 FROM pg_attribute a
                WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped"""
    with psycopg.connect(conninfo) as conn:
        columns = {name: (kind, text) for name, kind, text in conn.execute(query, [table]).fetchall()}
    declared = (
        CHILDREN[table].columns if table in CHILDREN else {t.name: t for t in MONEY_TABLES}[table].columns
    )

    for column in declared:
        kind, text = columns[column.name]
        assert kind == {"timestamptz": "timestamp with time zone"}.get(
            column.kind.sql_type, column.kind.sql_type
        )
        assert column.rule in text
    assert all(text for _, text in columns.values())
