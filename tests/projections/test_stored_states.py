"""Stored states: the next batch goes on from what was stored, and a replay stores the same bytes."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from events.envelope import NewEvent
from projections.replay import compare
from projections.state import decode, encode
from tests.projections.event_builders import card, customer, linked, stripe
from tests.projections.replaying import options, project, tell

FIRST, LAST = "pm_zzz_first", "pm_aaa_last"


def row(conninfo: str, query: str) -> tuple[Any, ...]:  # Any: column values
    with psycopg.connect(conninfo, autocommit=True) as conn:
        record = conn.execute(query.encode()).fetchone()
    assert record is not None
    return record


def changed(city: str, *, at: float) -> NewEvent:
    return stripe("customer.updated", customer(address={"city": city}), at=at)


@pytest.mark.parametrize("city_at", [2, 3])
def test_the_card_attached_last_is_remembered_between_batches(
    conninfo: str, tmp_path: Path, city_at: float
) -> None:
    """Method ids whose order is not that of the attachments; later events come in batches of their own."""
    story = [linked()]
    story += [
        stripe("payment_method.attached", card(FIRST, last4="1111"), at=1),
        stripe("payment_method.attached", card(LAST, last4="2222"), at=2),
    ]
    story += [changed("Nice", at=city_at), changed("Metz", at=9)]
    shown = []
    for event in story:
        tell(conninfo, [event])
        project(conninfo)
        shown.append(row(conninfo, "SELECT payment_method_id, card_last4 FROM user_billing"))

    assert shown == [(None, None), (FIRST, "1111"), *[(LAST, "2222")] * 3]
    assert compare(conninfo, options=options(tmp_path)).differences == []


def test_events_of_one_instant_are_stored_alike_whatever_their_arrival(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, [linked()])
    project(conninfo)
    for key in ("evt_c", "evt_a", "evt_b"):
        event = stripe("payment_method.attached", card(f"pm_{key}"), at=1, key=key)
        tell(conninfo, [event])
        project(conninfo)
    (stored,) = row(conninfo, "SELECT state::text FROM projection_states")

    assert encode(decode(stored)).decode() == stored
    assert [fact.key for fact in decode(stored).tail] == ["evt_a", "evt_b", "evt_c"]
    assert compare(conninfo, options=options(tmp_path)).differences == []


def test_a_state_that_this_release_cannot_read_is_folded_again(conninfo: str, tmp_path: Path) -> None:
    """What an earlier or a later release stored, of a user whose next event comes before any replay."""
    tell(conninfo, [linked(), stripe("payment_method.attached", card(FIRST, last4="1111"), at=1)])
    project(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("UPDATE projection_states SET state = jsonb_set(state::jsonb, '{settled,trial}', '3')")
    tell(conninfo, [changed("Nice", at=2)])
    project(conninfo)

    shown = row(conninfo, "SELECT card_last4, billing_address_city FROM user_billing")
    assert shown == ("1111", "Nice")
    assert compare(conninfo, options=options(tmp_path)).differences == []
