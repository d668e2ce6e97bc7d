"""customer_links: whose a Stripe customer is, from every source, in whatever order they speak."""

import json
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.clock import micros
from events.domain import user as user_events
from events.envelope import NewEvent
from projections.claiming import (
    Evidence,
    ObjectSummary,
    extended,
    glimpse_of,
    object_of,
    settled,
    settled_from,
)
from projections.links import Claims, decode, encode
from tests.projections.event_builders import (
    CUSTOMER,
    USER,
    card,
    clerk,
    customer,
    facts_of,
    instant,
    linked,
    own,
    session,
    stripe,
    subscription,
    user,
)
from tests.projections.model import claims_of, deletions_of, evidence_of, profile, tables_of

OTHER = "user_bob"


def instant_s(at: int) -> int:
    """Seconds since the epoch, as Stripe writes them."""
    return int(instant(at).timestamp())


def owner(*events: NewEvent) -> str | None:
    claim = claims_of(events)[CUSTOMER].owner()
    return claim.user if claim else None


def by_operator(user_id: str = USER, *, at: float) -> NewEvent:
    return own(user_events.IdentityLinked(customer_id=CUSTOMER), user=user_id, at=at)


def unlinked(user_id: str = USER, *, at: float) -> NewEvent:
    return own(user_events.IdentityUnlinked(customer_id=CUSTOMER), user=user_id, at=at)


def by_reference(user_id: str = USER, *, at: float) -> NewEvent:
    return stripe("checkout.session.completed", session(client_reference_id=user_id), at=at)


def bare_customer(*, at: float = 0, **fields: Any) -> NewEvent:
    return stripe("customer.created", customer(metadata={}, **fields), at=at)


@pytest.mark.parametrize("spelling", ["userId", "user_id", "clerk_user_id"])
@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("customer.created", customer(metadata={})),
        ("customer.updated", customer(metadata={})),
        ("customer.subscription.created", subscription()),
        ("customer.subscription.updated", subscription()),
        ("customer.subscription.deleted", subscription("canceled")),
        ("checkout.session.completed", session()),
    ],
)
def test_metadata_links(kind: str, payload: dict[str, Any], spelling: str) -> None:
    assert owner(stripe(kind, payload | {"metadata": {spelling: USER}})) == USER


def test_client_reference_id_links() -> None:
    assert owner(by_reference(at=1)) == USER


def test_operator_links() -> None:
    assert owner(bare_customer(), by_operator(at=1)) == USER


def test_email_address_never_links() -> None:
    events = [
        clerk("user.created", user(email="ada@example.com")),
        bare_customer(email="ada@example.com", at=1),
    ]

    assert owner(*events) is None
    assert tables_of(events)[USER]["user_billing"]["stripe_customer_id"] is None


@pytest.mark.parametrize("claimed", ["", "   ", 7, None, ["user_ada"], "x" * 201, "user\x00ada"])
def test_claims_that_name_nobody_link_nobody(claimed: object) -> None:
    assert owner(stripe("customer.created", customer(metadata={"userId": claimed}))) is None


@pytest.mark.parametrize("claimed", ["", "   ", None, "x" * 201, "user\x00ada"])
def test_references_that_name_nobody_link_nobody(claimed: str | None) -> None:
    assert owner(stripe("checkout.session.completed", session(client_reference_id=claimed))) is None


def test_session_metadata_goes_before_its_reference() -> None:
    event = stripe(
        "checkout.session.completed", session(client_reference_id=OTHER, metadata={"user_id": USER})
    )

    assert owner(event) == USER


def test_operator_over_metadata_over_reference_whatever_came_last() -> None:
    operator, metadata, reference = (
        by_operator("user_a", at=1),
        linked(user_id="user_b", at=2),
        by_reference("user_c", at=3),
    )

    for order in permutations([operator, metadata, reference]):
        assert owner(*order) == "user_a"
    for order in permutations([metadata, reference]):
        assert owner(*order) == "user_b"


def test_of_equal_claims_the_latest_said_wins() -> None:
    events = [linked(user_id="user_z", at=1), linked(user_id="user_a", at=2)]

    assert {owner(*order) for order in permutations(events)} == {"user_a"}


def test_unlink_undoes_the_link_and_only_an_operator_links_again() -> None:
    events = [linked(at=1), unlinked(at=2), linked(at=3), by_reference(at=4)]

    assert {owner(*order) for order in permutations(events)} == {None}
    assert {owner(*order) for order in permutations([*events, by_operator(at=5)])} == {USER}


def test_operators_link_before_the_unlink_is_undone() -> None:
    assert owner(by_operator(at=1), unlinked(at=2)) is None
    assert owner(unlinked(at=1), by_operator(at=2)) == USER


def test_unlinking_one_lets_the_next_claim_stand() -> None:
    events = [linked(user_id=OTHER, at=2), by_reference(USER, at=1), unlinked(OTHER, at=3)]

    assert {owner(*order) for order in permutations(events)} == {USER}


def test_relink_moves_the_whole_history() -> None:
    bought = [linked(), stripe("customer.subscription.created", subscription(), at=1)]
    moved = [*bought, by_operator(OTHER, at=2)]

    assert profile(*bought)["subscription_status"] == "active"
    assert set(tables_of(moved)) == {OTHER}
    assert profile(*moved, user_id=OTHER)["subscription_status"] == "active"


def test_waiting_events_join_when_the_link_appears() -> None:
    waiting = [bare_customer(), stripe("customer.subscription.created", subscription(), at=1)]
    waiting += [stripe("payment_method.attached", card(), at=2)]

    assert tables_of(waiting) == {}
    row = profile(*waiting, by_reference(at=9))
    assert (row["subscription_status"], row["card_last4"], row["created_at"]) == (
        "active",
        "4242",
        instant(0),
    )


def test_one_user_may_have_many_customers() -> None:
    events = [linked(), linked(customer_id="cus_b", at=1)]
    events += [stripe("customer.subscription.created", subscription("canceled"), at=2)]
    other = subscription(id="sub_b", customer="cus_b")
    events += [stripe("customer.subscription.created", other, at=3)]

    assert profile(*events)["stripe_customer_id"] == "cus_b"


def test_stream_of_a_user_and_of_a_customer_that_share_an_id_do_not_mix() -> None:
    events = [stripe("customer.created", customer("user_ada", metadata={"userId": OTHER}))]
    events += [clerk("user.created", user(), at=1)]

    assert profile(*events)["stripe_customer_id"] is None
    assert profile(*events, user_id=OTHER)["stripe_customer_id"] == "user_ada"


def named(user_id: str | None, *, at: float, before: str | None = None, **envelope: Any) -> NewEvent:
    """A subscription's snapshot whose metadata names a user; `before` is what it named until then."""
    metadata = {} if user_id is None else {"userId": user_id}
    was = {"latest_invoice": None} | ({} if before == user_id else {"metadata": {"userId": before}})
    payload = subscription(metadata=metadata)
    return stripe("customer.subscription.updated", payload, at=at, was=was, **envelope)


def bought(user_id: str, *, at: float = 0) -> NewEvent:
    return stripe("customer.subscription.created", subscription(metadata={"userId": user_id}), at=at)


def moved(user_id: str | None, *, at: float, before: str | None) -> NewEvent:
    """The customer's own metadata is changed."""
    metadata = {} if user_id is None else {"userId": user_id}
    return stripe(
        "customer.updated", customer(metadata=metadata), at=at, was={"metadata": {"userId": before}}
    )


def test_repeated_metadata_claims_nothing_new() -> None:
    events = [linked(at=0), bought(USER, at=1), moved(OTHER, at=5, before=USER)]
    events.append(named(USER, at=9, before=USER))

    assert {owner(*order) for order in permutations(events)} == {OTHER}


def test_repetition_without_previous_attributes_claims_nothing_new() -> None:
    events = [linked(at=0), bought(USER, at=1), moved(OTHER, at=5, before=USER)]
    events.append(
        stripe("customer.subscription.deleted", subscription("canceled", metadata={"userId": USER}), at=9)
    )

    assert {owner(*order) for order in permutations(events)} == {OTHER}


def test_object_first_met_when_it_repeats_itself_is_as_old_as_it_was_made() -> None:
    renewal = named(USER, at=9, before=USER)

    assert owner(renewal) == USER
    assert {owner(*order) for order in permutations([linked(user_id=OTHER, at=5), renewal])} == {OTHER}


def test_changed_metadata_claims_again() -> None:
    events = [bought(USER), linked(user_id=OTHER, at=5), named(None, at=8, before=USER), named(USER, at=9)]

    assert {owner(*order) for order in permutations(events)} == {USER}


def test_removed_key_takes_the_claim_back() -> None:
    events = [linked(at=0), moved(None, at=5, before=USER)]
    assert {owner(*order) for order in permutations(events)} == {None}

    events.append(by_reference(OTHER, at=3))
    assert {owner(*order) for order in permutations(events)} == {OTHER}


def test_object_without_metadata_takes_nothing_back() -> None:
    gone = {"id": CUSTOMER, "object": "customer", "deleted": True}

    assert owner(linked(at=0), stripe("customer.deleted", gone, at=5)) == USER


def test_session_that_repeats_itself_days_later_claims_nothing_new() -> None:
    paid = session(metadata={"userId": USER}, created=instant_s(0))
    events = [stripe("checkout.session.completed", paid, at=1), linked(user_id=OTHER, at=5)]
    events.append(stripe("checkout.session.async_payment_succeeded", paid, at=9))

    assert {owner(*order) for order in permutations(events)} == {OTHER}


def test_there_and_back_in_one_second_is_no_change() -> None:
    events = [bought(USER), linked(user_id=OTHER, at=5), named("user_c", at=9, before=USER)]
    events.append(named(USER, at=9, before="user_c"))

    assert {owner(*order) for order in permutations(events)} == {OTHER}


def test_deleted_persons_customer_stays_theirs_until_another_claims_it() -> None:
    gone = clerk("user.deleted", {"id": USER, "deleted": True}, at=5)

    assert owner(linked(at=0), gone) == USER
    assert owner(linked(at=0), gone, moved(OTHER, at=9, before=USER)) == OTHER


def gone(user_id: str = USER, *, at: float) -> NewEvent:
    return clerk("user.deleted", {"id": user_id, "deleted": True}, at=at)


def restored(*deletions: NewEvent, user_id: str = USER, at: float) -> NewEvent:
    ids = tuple(UUID(fact.id) for fact in facts_of(deletions))
    return own(user_events.DeletionReverted(event_ids=ids), user=user_id, at=at)


def owners(*events: NewEvent) -> list[tuple[float, str | None]]:
    return [
        ((period.at - micros(instant(0))) / 1_000_000, period.user)
        for period in claims_of(events)[CUSTOMER].owners()
    ]


def test_successor_with_a_reference_takes_a_deleted_persons_customer() -> None:
    events = [linked(at=0), gone(at=5), by_reference(OTHER, at=7), named(USER, at=9, before=USER)]

    assert owners(*events) == [(0, USER), (7, OTHER)]
    assert {owner(*order) for order in permutations(events)} == {OTHER}


def test_successor_who_paid_before_the_deletion_takes_the_customer_at_the_deletion() -> None:
    events = [linked(at=0), by_reference(OTHER, at=3), gone(at=5)]

    assert owners(*events) == [(0, USER), (5, OTHER)]


def test_claim_older_than_the_deleted_persons_takes_nothing() -> None:
    events = [by_reference(OTHER, at=0), linked(at=3), gone(at=5)]

    assert owners(*events) == [(0, OTHER), (3, USER)]
    assert owners(*events, by_reference(OTHER, at=7)) == [(0, OTHER), (3, USER), (7, OTHER)]


def test_key_removed_after_the_deletion_leaves_the_customer_with_the_deleted_person() -> None:
    events = [linked(at=0), gone(at=5), moved(None, at=7, before=USER)]

    assert owners(*events) == [(0, USER)]
    assert owners(*events, by_reference(OTHER, at=9)) == [(0, USER), (9, OTHER)]
    assert owners(*events, unlinked(at=9)) == [(0, USER), (9, None)]


def test_key_removed_before_the_deletion_takes_the_claim_back() -> None:
    events = [linked(at=0), moved(None, at=3, before=USER), gone(at=5)]

    assert owners(*events) == [(0, USER), (3, None)]


def test_key_removed_in_the_second_of_the_deletion_was_removed_after_it() -> None:
    events = [linked(at=0), moved(None, at=5, before=USER), gone(at=5.3)]

    assert owners(*events) == [(0, USER), (5, None), (5.3, USER)]


def test_deleted_successor_keeps_the_customer() -> None:
    events = [linked(at=0), gone(at=5), by_reference(OTHER, at=7), gone(OTHER, at=9)]

    assert owners(*events) == [(0, USER), (7, OTHER)]


def test_operators_link_before_the_deletion_yields_to_a_later_claim_and_one_after_it_does_not() -> None:
    events = [by_reference(OTHER, at=0), by_operator(at=1), gone(at=5)]

    assert owners(*events) == [(0, OTHER), (1, USER)]
    assert owner(*events, by_reference(OTHER, at=7)) == OTHER
    assert owner(*events, by_operator(at=6), by_reference(OTHER, at=7)) == USER
    assert owner(*events, by_reference(OTHER, at=7), by_operator(at=8)) == USER


def test_operators_refused_successor_takes_nothing() -> None:
    events = [linked(at=0), unlinked(OTHER, at=1), gone(at=5), by_reference(OTHER, at=7)]

    assert owner(*events) == USER


def test_restored_person_has_the_customer_again() -> None:
    deletion = gone(at=5)
    events = [linked(at=0), deletion, by_reference(OTHER, at=7), restored(deletion, at=9)]

    assert owners(*events) == [(0, USER), (7, OTHER), (9, USER)]
    assert owners(
        linked(at=0), deletion, gone(at=6), restored(deletion, at=9), by_reference(OTHER, at=11)
    ) == [
        (0, USER),
        (11, OTHER),
    ]


def test_restored_person_has_lost_what_was_taken_back_meanwhile() -> None:
    deletion = gone(at=5)

    events = [linked(at=0), deletion, moved(None, at=7, before=USER), restored(deletion, at=9)]
    assert owners(*events) == [(0, USER), (9, None)]


def test_customer_first_seen_after_the_deletion_is_the_deleted_persons() -> None:
    assert owners(gone(at=0), linked(at=5)) == [(5, USER)]


def test_owner_has_left_when_the_last_one_was_deleted_or_erased() -> None:
    def has_left(*events: NewEvent) -> bool:
        return claims_of(events)[CUSTOMER].owner_has_left()

    erased = own(user_events.PrivacyErased(customer_ids=(CUSTOMER,)), at=5)
    lost = [linked(at=0), moved(None, at=3, before=USER)]

    assert not has_left(*lost)
    assert has_left(*lost, gone(at=5))
    assert not has_left(linked(at=0), gone(at=5))
    assert has_left(bare_customer(), erased)
    assert not has_left(bare_customer(), erased, by_operator(OTHER, at=7), unlinked(OTHER, at=9))
    assert not has_left(bare_customer())


def test_session_that_claims_again_changes_nothing_that_was() -> None:
    mine = [
        stripe("checkout.session.completed", session(id=f"cs_{at}", metadata={"userId": USER}), at=at)
        for at in (1, 7)
    ]
    events = [*mine, bought(OTHER, at=3), named(None, at=5, before=OTHER)]

    assert owners(*events) == [(1, USER), (3, OTHER), (5, USER)]


def test_owners_are_intervals() -> None:
    events = [linked(at=0), moved(OTHER, at=5, before=USER), by_operator(USER, at=7), unlinked(USER, at=9)]

    assert owners(*events) == [(0, USER), (5, OTHER), (7, USER), (9, OTHER)]


def test_connected_accounts_customer_is_nobodys() -> None:
    payload = subscription(metadata={"userId": USER})
    events = [stripe("customer.subscription.created", payload, account="acct_stranger")]
    events.append(by_operator(USER, at=1))

    assert "subscription_status" in profile(*events)
    assert profile(*events)["subscription_status"] == "none"


def test_thousand_sessions_are_one_claim() -> None:
    events = [
        stripe("checkout.session.completed", session(id=f"cs_{n}", client_reference_id=USER), at=n)
        for n in range(1000)
    ]

    assert len(claims_of(events)[CUSTOMER].claims) == 1


someone = st.sampled_from([USER, OTHER])
anyone = st.sampled_from([None, USER, OTHER])
seconds = st.integers(0, 4)
event_lists = st.lists(
    st.one_of(
        st.builds(
            named,
            st.sampled_from([None, USER, OTHER]),
            at=st.integers(0, 4),
            before=st.sampled_from([None, USER, OTHER]),
        ),
        st.builds(
            moved,
            st.sampled_from([None, USER, OTHER]),
            at=st.integers(0, 4),
            before=st.sampled_from([None, USER, OTHER]),
        ),
        st.builds(bought, someone, at=seconds),
        st.builds(by_reference, someone, at=seconds),
        st.builds(by_operator, someone, at=seconds),
        st.builds(unlinked, someone, at=seconds),
        st.builds(gone, someone, at=seconds),
    ),
    min_size=1,
    max_size=8,
)


@given(events=event_lists, data=st.data())
def test_adding_in_any_batches_ends_as_settling_everything_at_once(
    events: list[NewEvent], data: st.DataObject
) -> None:
    """As the projector does: extend what was stored, or settle again from everything there is."""
    order = data.draw(st.permutations(events))
    claims: Claims | None = None
    seen: list[NewEvent] = []
    while order:
        size = data.draw(st.integers(1, len(order)))
        batch, order = order[:size], order[size:]
        seen += batch
        new = evidence_of(batch).get(CUSTOMER)
        if new is not None and (claims is None or not extended(claims, new)):
            claims = settled(evidence_of(seen)[CUSTOMER])
        if claims is not None:
            claims.note_deletions(deletions_of(seen))
            claims = decode(json.loads(encode(claims)))

    expected = claims_of(events).get(CUSTOMER)
    assert claims == expected
    assert claims is None or expected is None or encode(claims) == encode(expected)


@given(events=event_lists, data=st.data())
def test_glimpses_from_anywhere_settle_as_all_snapshots_do(
    events: list[NewEvent], data: st.DataObject
) -> None:
    """As a replay does, whose ranges of the log are read apart: if it needs no order, it needs no facts."""
    glimpses: dict[str, ObjectSummary] = {}
    everything = evidence_of(events).get(CUSTOMER, Evidence(0, [], []))
    for fact in data.draw(st.permutations(everything.snapshots)):
        name = object_of(fact)
        assert name is not None
        if name in glimpses:
            glimpses[name].merge(glimpse_of(fact))
        else:
            glimpses[name] = glimpse_of(fact)
    short = settled_from(everything.first_at, glimpses, everything.claims)

    assert short is None or encode(short) == encode(settled(everything))
