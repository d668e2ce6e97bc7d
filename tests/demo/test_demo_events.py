"""The laws every journal of the demo world keeps, whatever happened in it."""

from collections import defaultdict

import orjson
from hypothesis import HealthCheck, given, settings

from demo.changes import Json, matches, previous_attributes, rewind
from demo.deliveries import DemoDelivery
from demo.history import make_world
from demo.objects import Customer, PaymentMethod, StripeObject, StripeSubscription
from tests.worlds import History, histories

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def test_same_seed_same_bytes() -> None:
    first, second = make_world(7, 5).deliveries, make_world(7, 5).deliveries

    assert [d.body for d in first] == [d.body for d in second]
    assert [d.message_id for d in first] == [d.message_id for d in second]


def test_another_seed_another_history() -> None:
    assert [d.body for d in make_world(7, 2).deliveries] != [d.body for d in make_world(8, 2).deliveries]


@few
@given(histories())
def test_message_ids_are_never_used_twice(history: History) -> None:
    ids = [delivery.message_id for delivery in history.deliveries]

    assert len(set(ids)) == len(ids)


@few
@given(histories())
def test_body_is_the_event(history: History) -> None:
    for delivery in history.deliveries:
        assert orjson.loads(delivery.body) == delivery.event


@few
@given(histories(without=frozenset({"use_later_api", "twin"})))
def test_previous_attributes_lead_to_the_snapshot_before(history: History) -> None:
    seen: dict[str, Json] = {}
    for delivery in _snapshots(history.deliveries):
        snapshot = delivery.event["data"]["object"]
        previous = delivery.event["data"].get("previous_attributes")
        if previous is not None:
            assert rewind(snapshot, previous) == seen[snapshot["id"]]
        seen[snapshot["id"]] = snapshot


@few
@given(histories())
def test_events_of_one_second_can_be_put_in_order(history: History) -> None:
    """No snapshot looks like the cause of a change that was made before it."""
    seconds: defaultdict[tuple[str, int], list[Json]] = defaultdict(list)
    for delivery in _snapshots(history.deliveries):
        data = delivery.event["data"]
        key = data["object"]["id"], delivery.event["created"]
        for earlier in seconds[key]:
            if earlier != data:
                assert not matches(earlier["previous_attributes"], data["object"])
        if data.get("previous_attributes"):
            seconds[key].append(data)


@few
@given(histories(without=frozenset({"use_later_api"})))
def test_every_change_was_announced(history: History) -> None:
    latest = {d.event["data"]["object"]["id"]: d for d in _snapshots(history.deliveries)}
    log = history.world.stripe.log
    things: list[StripeObject] = [*log.all(Customer), *log.all(StripeSubscription)]
    for stripe_object in [*things, *log.all(PaymentMethod)]:
        assert latest[stripe_object.id].event["data"]["object"] == log.render(stripe_object)


@few
@given(histories())
def test_time_never_runs_backwards(history: History) -> None:
    created = [d.event["created"] for d in _snapshots(history.deliveries)]

    assert created == sorted(created)


def test_previous_attributes_hold_hashes_in_part_and_arrays_whole() -> None:
    before = {"a": 1, "hash": {"x": 1, "y": 2}, "list": [1, {"z": 1}], "metadata": {}}
    after = {"a": 1, "hash": {"x": 1, "y": 3}, "list": [1, {"z": 2}], "metadata": {"k": "v"}}

    previous = previous_attributes(before, after)

    assert previous == {"hash": {"y": 2}, "list": [1, {"z": 1}], "metadata": {"k": None}}
    assert rewind(after, previous) == before


def test_hash_that_was_null_is_null_again() -> None:
    assert previous_attributes({"address": None}, {"address": {"city": "B"}}) == {"address": None}
    assert previous_attributes({"address": {"city": "B"}}, {"address": None}) == {"address": {"city": "B"}}


def _snapshots(deliveries: list[DemoDelivery]) -> list[DemoDelivery]:
    """Stripe's snapshot events in live mode about objects that have an id, without twins."""
    changes: set[bytes] = set()
    kept = []
    for delivery in deliveries:
        event = delivery.event
        if delivery.provider != "stripe" or event["object"] != "event" or not event["livemode"]:
            continue
        change = orjson.dumps({**event, "id": None})
        if "id" in event["data"]["object"] and change not in changes:
            changes.add(change)
            kept.append(delivery)
    return kept
