"""Events by the million are as real as events by the dozen."""

import time
from itertools import islice

import orjson

from demo.bulk import BulkEvent, bulk_events, bulk_user_id
from demo.versions import V2025_CLOVER


def test_exactly_as_many_as_asked_in_order_of_time() -> None:
    events = list(bulk_events(5_000, seed=1))

    assert len(events) == 5_000
    assert [e.created for e in events] == sorted(e.created for e in events)
    assert len({e.id for e in events}) == 5_000


def test_same_seed_same_bytes() -> None:
    assert list(bulk_events(500, seed=3)) == list(bulk_events(500, seed=3))


def test_body_agrees_with_what_is_said_about_it() -> None:
    for event in bulk_events(2_000):
        body = orjson.loads(event.body)
        assert (body["id"], body["type"], body["created"]) == (event.id, event.type, event.created)
        if "customer" in body["data"]["object"]:
            assert event.customer is not None
            assert event.customer.encode() in event.body


def test_people_link_to_their_own_user() -> None:
    sessions = [e for e in bulk_events(5_000) if e.type == "checkout.session.completed"]
    linked = [e for e in sessions if _session(e)["client_reference_id"]]

    assert linked
    assert bulk_user_id(0) in {_session(e)["client_reference_id"] for e in linked}


def test_times_move_with_the_event_but_prices_stay_as_old_as_they_are() -> None:
    for event in islice(bulk_events(3_000, versions=(V2025_CLOVER,)), 3_000):
        if event.type == "customer.subscription.created":
            subscription = orjson.loads(event.body)["data"]["object"]
            assert subscription["created"] == event.created
            assert subscription["items"]["data"][0]["price"]["created"] == 1_700_000_000


def test_bodies_are_about_three_kilobytes_and_come_fast() -> None:
    began = time.perf_counter()
    sizes = [len(event.body) for event in bulk_events(30_000)]
    rate = len(sizes) / (time.perf_counter() - began)

    assert 2_300 < sum(sizes) / len(sizes) < 4_000
    assert rate > 10_000


def _session(event: BulkEvent) -> dict[str, str | None]:
    session: dict[str, str | None] = orjson.loads(event.body)["data"]["object"]
    return session
