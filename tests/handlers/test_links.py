"""Links by an operator: what the answer warns of, and what a restored user gets back."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from database.pool import Connection
from handlers.decision import Command
from handlers.deletions import restore_user
from handlers.links import link_customer
from projections.replay import Options, compare
from tests.handlers.users import NOW, joined, row, sold, tell
from tests.projections.event_builders import clerk, customer, session, stripe

ADA, BEA = "user_ada", "user_bea"


def command(user_id: str = ADA) -> Command:
    return Command(user_id=user_id, key=uuid4().hex, request={}, now=NOW, actor="test", reason="r")


def warning(conn: Connection, customer_id: str) -> str | None:
    text: str | None = link_customer(conn, command(), customer_id).answer.get("warning")
    conn.commit()
    return text


@pytest.mark.parametrize(
    ("address", "warns"),
    [("bea@example.com", True), ("USER_ADA@example.com", False), (None, False)],
)
def test_link_warns_of_a_customer_with_another_address(
    conn: Connection, address: str | None, warns: bool
) -> None:
    tell(
        conn, *sold(), *joined(ADA), stripe("customer.created", customer("cus_1", email=address, metadata={}))
    )

    text = warning(conn, "cus_1")

    assert ("e-mail address of cus_1 at Stripe is not the user's" in (text or "")) is warns
    assert "@" not in (text or "")


def test_link_warns_of_a_second_customer_unless_stripe_deleted_the_first(conn: Connection) -> None:
    tell(
        conn,
        *sold(),
        *joined(ADA),
        *(stripe("customer.created", customer(f"cus_{n}", metadata={})) for n in (1, 2, 3)),
    )

    assert warning(conn, "cus_1") is None
    assert "the user has cus_1 too" in (warning(conn, "cus_2") or "")
    for gone in ("cus_1", "cus_2"):
        payload = {"id": gone, "object": "customer", "deleted": True}
        tell(conn, stripe("customer.deleted", payload, at=60))
    assert warning(conn, "cus_3") is None


def test_every_warning_is_given(conn: Connection) -> None:
    theirs = customer("cus_1", email="bea@example.com", metadata={"userId": BEA})
    tell(conn, *sold(), *joined(ADA, BEA), stripe("customer.created", theirs))
    warning(conn, "cus_0")

    text = warning(conn, "cus_1") or ""

    assert [part in text for part in (f"was {BEA}'s", "e-mail address", "has cus_0 too")] == [True] * 3


def test_restored_user_has_their_customer_again(conn: Connection, conninfo: str, tmp_path: Path) -> None:
    observed = clerk("user.deleted", {"id": ADA, "deleted": True}, at=5)
    observed = replace(observed, metadata={**observed.metadata, "received_by": "import"})
    tell(
        conn,
        *sold(),
        *joined(ADA, BEA),
        stripe("customer.created", customer("cus_1", metadata={"userId": ADA}), at=1),
        observed,
        stripe("checkout.session.completed", session(customer="cus_1", client_reference_id=BEA), at=7),
    )
    assert (row(conn, ADA)["stripe_customer_id"], row(conn, BEA)["stripe_customer_id"]) == (None, "cus_1")

    restore_user(conn, command())
    conn.commit()

    assert (row(conn, ADA)["stripe_customer_id"], row(conn, BEA)["stripe_customer_id"]) == ("cus_1", None)
    options = Options(work_dir=tmp_path, workers=1)
    assert compare(conninfo, options=options).differences == []
