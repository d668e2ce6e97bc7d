"""The events of the comparison with other projects: in order of time, each once, and signed."""

import json

import pytest
import stripe

from bench.load_client import SECRET, signed_request
from bench.peers.rounds import EventSupply
from bench.peers.stripe_events import CUSTOMERS, KINDS, Kind, event, events


@pytest.mark.parametrize("kind", KINDS)
def test_events_are_unique_ordered_and_of_the_size_of_stripes(kind: Kind) -> None:
    sent = list(events(kind, first=0, many=2 * CUSTOMERS))
    bodies = [json.loads(event.body) for event in sent]

    assert len({event.id for event in sent}) == len(sent)
    assert [body["created"] for body in bodies] == sorted({event.created for event in sent})
    assert [body["id"] for body in bodies] == [event.id for event in sent]
    assert [body["data"]["object"]["id"] for body in bodies] == [event.snapshot for event in sent]
    assert all(3_000 < len(event.body) < 4_500 for event in sent)


def test_a_customers_next_subscription_event_shows_another_state() -> None:
    before, after = (json.loads(event("subscription", number).body)["data"] for number in (7, 7 + CUSTOMERS))

    assert before["object"]["id"] == after["object"]["id"]
    assert before["object"]["items"] != after["object"]["items"]
    assert before["object"]["current_period_end"] == after["previous_attributes"]["current_period_end"]


def test_no_event_is_taken_twice() -> None:
    supply = EventSupply()

    batches = [supply.take(kind, 3) for kind in (*KINDS, *KINDS)]

    assert len({event.id for batch in batches for event in batch}) == 12


def test_a_request_is_signed_as_stripe_signs() -> None:
    body = event("invoice", 1).body

    head, _, sent = signed_request("/webhooks", body).partition(b"\r\n\r\n")

    header = next(line for line in head.decode().splitlines() if line.startswith("Stripe-Signature: "))
    assert sent == body
    assert stripe.WebhookSignature.verify_header(body.decode(), header.partition(" ")[2], SECRET, 300)
