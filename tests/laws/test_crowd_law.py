"""Crowds on real Postgres: very many events of few instants, folded in pieces, end as folded in one go."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.append import append_all
from events.envelope import NewEvent
from events.statements import AnyConnection
from projections import fold, refolding, snapshots
from tests.databases import Server
from tests.laws.projected import assert_projected, of_other_people, runner, session
from tests.laws.stored_folds import with_random_ids
from tests.laws.test_burst_laws import TELLERS
from tests.laws.test_snapshot_laws import deliver, folded_whole, kept
from tests.projections.event_builders import linked
from tests.projections.model import DEFAULT_PLANS

CROWDS = st.lists(TELLERS, min_size=8, max_size=40).map(lambda events: [linked(), *events])


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """Four facts are a crowd, and a transaction folds three."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "EVERY", 3)
        patch.setattr(fold, "LONGEST_TAIL", 3)
        patch.setattr(refolding, "SLICE", 3)
        patch.setattr(refolding, "SMALLEST_SLICE", 2)
        yield


@pytest.fixture(scope="module")
def shared(server: Server, template: str) -> Iterator[str]:
    """A database with the catalog, for all examples here."""
    database = server.database(template)
    with session(database.conninfo) as conn, conn.transaction():
        append_all(conn, DEFAULT_PLANS)
    runner(database.conninfo).drain()
    yield database.conninfo
    database.drop()


def states(conn: AnyConnection, mark: str) -> dict[str, str]:
    """User to fold as it is stored, of one example."""
    query = "SELECT user_id, state::text FROM projection_states WHERE user_id LIKE %s"
    return dict(conn.execute(query, [f"%{mark}"]).fetchall())


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(crowd=CROWDS, seed=st.integers(0, 2**32))
def test_crowds_end_as_the_whole_fold(shared: str, crowd: list[NewEvent], seed: int) -> None:
    renamed = with_random_ids(crowd, seed)
    events, mark = of_other_people([replace(event, livemode=True) for event in renamed])
    deliver(shared, events, Random(seed), losing=bool(seed % 2))

    with session(shared) as conn:
        live, snapshots_kept = states(conn, mark), kept(conn, mark)
        assert snapshots_kept <= folded_whole(conn, mark)
        assert states(conn, mark) == live
    assert_projected(shared, events, mark)
