"""Bursts: many facts of few objects in few instants, true or not, in any order and any batches."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from events.domain import user as user_events
from events.envelope import NewEvent
from projections.fold import present, refold
from projections.order import alternatives
from projections.rows import as_json, rows_of
from tests.laws.stored_folds import assert_grows_to_the_whole, with_random_ids
from tests.projections.event_builders import (
    CUSTOMER,
    START,
    USER,
    card,
    clerk,
    customer,
    facts_of,
    instant,
    linked,
    own,
    price,
    stripe,
    subscription,
    user,
)
from tests.projections.model import CATALOG, links_of, profile, routed, tables_of

INSTANTS = st.sampled_from((0, 1, 2, 3, 2_700_000))
STATUSES = ("trialing", "active", "past_due", "unpaid", "paused", "incomplete", "canceled", "odd")
PRICES = ("price_glow_up_monthly", "price_viral_surge_monthly", "price_unknown")
seeds = st.integers(0, 2**32)


def snapshots() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda status, price_id, sub, ending, trial_end: subscription(
            status, price=price(price_id), id=sub, cancel_at_period_end=ending, trial_end=trial_end
        ),
        st.sampled_from(STATUSES),
        st.sampled_from(PRICES),
        st.sampled_from(("sub_a", "sub_b")),
        st.booleans(),
        st.sampled_from((None, START + 2, START + 9)),
    )


PREVIOUS = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(STATUSES),
        "cancel_at_period_end": st.booleans(),
        "trial_end": st.sampled_from((None, START + 2)),
        "description": st.none(),
    },
)
OURS = st.sampled_from(
    (
        user_events.ProfileUpdated(industry="tea"),
        user_events.ProfileUpdated(industry=None),
        user_events.PlanSelected(plan_key="glow_up"),
        user_events.TrialStarted(starts_at=instant(0), ends_at=instant(2)),
        user_events.TrialStarted(starts_at=instant(1), ends_at=instant(9), plan_key="fame_flex"),
        user_events.TrialExtended(ends_at=instant(9)),
        user_events.TrialExpired(ends_at=instant(2)),
        user_events.TrialExpired(ends_at=instant(9)),
        user_events.EntitlementGranted(plan_key="fame_flex"),
        user_events.EntitlementRevoked(),
        user_events.AdminGranted(),
        user_events.AdminRevoked(),
        user_events.EmailScheduled(occasion="trial_ending", scheduled_for=instant(5)),
        user_events.EmailSent(occasion="trial_ending", sent_at=instant(5)),
        user_events.EmailCancelled(occasion="trial_ending"),
        user_events.UsageRecorded(metric="creators", quantity=3),
        user_events.UsageReset(period_starts_at=instant(2)),
        user_events.IdentityLinked(customer_id=CUSTOMER),
        user_events.IdentityUnlinked(customer_id=CUSTOMER),
        user_events.PrivacyErased(),
    )
)
KINDS = ("customer.subscription.updated", "customer.subscription.created", "customer.subscription.paused")
OUR_TELLERS = st.builds(lambda fact, at: own(fact, at=at), OURS, INSTANTS)
TELLERS = st.one_of(
    st.builds(
        lambda snapshot, was, kind, at: stripe(kind, snapshot, was=was, at=at),
        snapshots(),
        PREVIOUS,
        st.sampled_from((*KINDS[:1] * 4, *KINDS)),
        INSTANTS,
    ),
    st.builds(
        lambda sub, at: stripe(
            "customer.subscription.deleted", subscription("canceled", id=sub, ended_at=START), at=at
        ),
        st.sampled_from(("sub_a", "sub_b")),
        INSTANTS,
    ),
    st.builds(
        lambda kind, method, at: stripe(f"payment_method.{kind}", card(method), at=at),
        st.sampled_from(("attached", "updated", "detached", "automatically_updated")),
        st.sampled_from(("pm_1", "pm_2", "pm_3")),
        INSTANTS,
    ),
    st.builds(
        lambda kind, method, owner, at: stripe(
            kind,
            customer(
                invoice_settings={"default_payment_method": method},
                metadata={"userId": owner},
            ),
            at=at,
        ),
        st.sampled_from(("customer.created", "customer.updated", "customer.updated", "customer.deleted")),
        st.sampled_from((None, "pm_1")),
        st.sampled_from((USER, USER, "user_bob", "")),
        INSTANTS,
    ),
    OUR_TELLERS,
    st.builds(
        lambda at: replace(own(user_events.AdminGranted(), at=at), event_type="plan.selected"), INSTANTS
    ),
    st.builds(
        lambda kind, name, at: clerk(f"user.{kind}", user(first_name=name), at=at),
        st.sampled_from(("created", "updated", "updated", "deleted")),
        st.sampled_from(("Ada", "Zoë", None, 7)),  # seven is poison
        INSTANTS,
    ),
)


# Cards alone, of a linked customer without a default: what counts is which was attached last.
CARDS = st.builds(
    lambda kind, method, at: stripe(
        f"payment_method.{kind}", card(f"pm_{method}", last4=f"000{method}"), at=at
    ),
    st.sampled_from(("attached", "attached", "updated", "detached")),
    st.integers(1, 4),
    st.integers(1, 9),
)
BURSTS = (
    st.lists(TELLERS, max_size=14)
    | st.lists(OUR_TELLERS, max_size=10)
    | st.lists(CARDS, max_size=8).map(lambda events: [linked(), *events])
)


@settings(max_examples=300)
@given(events=BURSTS, seed=seeds)
def test_any_burst_gives_the_same_bytes_in_any_order(events: list[NewEvent], seed: int) -> None:
    order = events.copy()
    Random(seed).shuffle(order)

    assert as_json(tables_of(order)) == as_json(tables_of(events))


@settings(max_examples=300)
@given(burst=BURSTS, seed=seeds, data=st.data())
def test_any_burst_batch_by_batch_is_the_fold_of_the_whole(
    burst: list[NewEvent], seed: int, data: st.DataObject
) -> None:
    """Random ids; the fold goes through JSON after each batch; a late batch begins it anew."""
    events = with_random_ids(burst, seed)
    whole, links = tables_of(events), links_of(events)
    for owner, facts in routed(events).items():
        order = data.draw(st.permutations(facts))
        if data.draw(st.booleans()):
            order = sorted(order, key=lambda fact: fact.at)
        sizes = data.draw(st.lists(st.integers(1, 5), min_size=len(order), max_size=len(order)))
        folded = assert_grows_to_the_whole(owner, links.get(owner, {}), order, sizes)

        assert as_json(rows_of(present(folded), CATALOG)) == as_json(whole[owner])


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[NewEvent], str]:
    """Updates of one second that each name what was before, and where the last one ends."""
    status = draw(st.sampled_from(STATUSES[:6]))
    events = [linked(), stripe(KINDS[0], subscription(status), at=1)]
    for _ in range(draw(st.integers(1, 7))):
        was, status = status, draw(st.sampled_from([s for s in STATUSES[:6] if s != status]))
        key = f"evt_{draw(st.integers(0, 10**9)):010}"
        events.append(stripe(KINDS[0], subscription(status), was={"status": was}, at=2, key=key))
    return events, status


@settings(max_examples=300)
@given(chain=chains(), twins=st.lists(st.integers(0, 6), max_size=3), seed=seeds)
def test_end_of_any_chain_with_twins_is_true_or_undecided(
    chain: tuple[list[NewEvent], str], twins: list[int], seed: int
) -> None:
    """A second Event object for a change may make it look like another one; then both ends are possible."""
    events, end = chain
    steps = events[2:]
    events += [
        replace(steps[n % len(steps)], idempotency_key=f"evt_twin{place}") for place, n in enumerate(twins)
    ]
    keys = Random(seed).sample([event.idempotency_key for event in events], len(events))
    renamed = [replace(event, idempotency_key=key) for event, key in zip(events, keys, strict=True)]
    ends = {profile(*history)["subscription_status"] for history in (events, renamed, renamed[::-1])}
    before, instant = facts_of(events[:2]), facts_of(events[2:])
    state = present(refold(USER, {}, before))
    possible = {order[-1].body for order in alternatives(instant, state)}

    assert len(ends) == 1
    assert ends == {end} or {end} <= {getattr(body, "status", None) for body in possible}


@settings(max_examples=300)
@given(chain=chains(), seed=seeds)
def test_any_chain_of_one_second_ends_where_it_ended(chain: tuple[list[NewEvent], str], seed: int) -> None:
    events, end = chain
    if len({event.idempotency_key for event in events}) < len(events):
        return
    Random(seed).shuffle(events)

    assert profile(*events)["subscription_status"] == end
