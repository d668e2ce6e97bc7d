"""One user rebuilt alone: their streams and those of every customer ever claimed for them."""

from projections import log_reader, relinking, store
from projections.accounts import Trust
from projections.facts import Fact
from projections.links import Claims
from projections.replay.copy_loader import Loader
from projections.replay.errors import UnknownUser
from projections.replay.folding import catalog_of
from projections.replay.people import CarefulLoader, ReplayedUser
from projections.replay.plan import ReplayPlan
from projections.replay.statements import Connection, look_into, rows
from projections.replay.table_diff import Scope, scope_of


def load_user(conn: Connection, live: Connection, job: ReplayPlan, user_id: str) -> Scope:
    """Load the user's rows into the shadow tables; returns the scope: the rows of each table to compare.

    The live links only name the streams to read. Raises: UnknownUser.
    """
    claims = _claims(live, job, user_id)
    trust = Trust(live)
    owners = {c: register.owner() if trust.covers(c) else None for c, register in claims.items()}
    linked = {customer: owner.at for customer, owner in owners.items() if owner and owner.user == user_id}
    streams = _streams(live, job, {user_id, *linked})
    facts = log_reader.history(streams, user_id, linked)
    if not facts and not rows(live, "replay_has_user", user_id=user_id):
        raise UnknownUser(user_id)
    look_into(conn, job.schema)
    with conn.transaction():
        with Loader(conn, job.schema) as loader:
            for customer, register in claims.items():
                owner = owners[customer]
                linked_to = store.Linked(register, owner.user if owner else None)
                loader.take("customer_links", store.link_row(customer, linked_to))
            loader.flush()
        careful = CarefulLoader(conn, job.schema, catalog_of(conn), job.catalog_digest)
        careful.load([ReplayedUser(user_id, linked, lambda: facts)])
    look_into(conn, "public")
    return scope_of(user_id, list(claims))


def _claims(live: Connection, job: ReplayPlan, user_id: str) -> dict[str, Claims]:
    """The claims on each customer that was ever claimed for this user."""
    named = dict(rows(live, "replay_claims_of", user_id=user_id))
    own = log_reader.claims_of(live, [user_id], job.pins)
    customers = {*named, *relinking.evidence_in(event for event in own if event.is_user)}
    speakers = {user_id, *(user for users in named.values() for user in users)}
    return relinking.read_again(live, customers, speakers, job.pins)


def _streams(live: Connection, job: ReplayPlan, routes: set[str]) -> dict[str, list[Fact]]:
    return log_reader.streams(live, routes, job.pins)
