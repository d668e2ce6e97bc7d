"""One user rebuilt alone: their streams and those of every customer ever claimed for them."""

from projections import links, log, store
from projections.facts import Fact
from projections.links import Claim, Claims
from projections.replay.compare import Scope, scope_of
from projections.replay.errors import UnknownUser
from projections.replay.folding import catalog_of
from projections.replay.job import Job
from projections.replay.loading import Loader
from projections.replay.people import CarefulLoader, Person
from projections.replay.statements import Connection, look_into, rows


def load_user(conn: Connection, live: Connection, job: Job, user_id: str) -> Scope:
    """Load the user's rows into the shadow tables; which rows of each table that is all about.

    The live links say only where to look, not what is found there. Raises: UnknownUser.
    """
    claims = _claims(live, job, user_id)
    owners = {customer: said.winner() for customer, said in claims.items()}
    linked = {customer: won[1] for customer, won in owners.items() if won and won[0] == user_id}
    found = _streams(live, job, {user_id, *linked})
    facts = log.history(found, user_id, linked)
    if not facts and not rows(live, "replay_has_user", user_id=user_id):
        raise UnknownUser(user_id)
    look_into(conn, job.schema)
    with conn.transaction():
        with Loader(conn, job.schema) as loader:
            for customer, said in claims.items():
                loader.take("customer_links", store.link_row(customer, said))
            loader.flush()
        careful = CarefulLoader(conn, job.schema, catalog_of(conn), job.catalog_digest)
        careful.load([Person(user_id, linked, lambda: facts)])
    look_into(conn, "public")
    return scope_of(user_id, list(claims))


def _claims(live: Connection, job: Job, user_id: str) -> dict[str, Claims]:
    """Everything said about each customer that was ever said to be this user's."""
    own = _streams(live, job, {user_id})[user_id]
    told = {
        customer: links.decode(said) for customer, said in rows(live, "replay_claims_of", user_id=user_id)
    }
    customers = {claim.customer for fact in own if (claim := links.claim_in(fact, user_id))} | set(told)
    speakers = {user_id, *(user for said in told.values() for user in said.users)}
    claims: dict[str, Claims] = {}
    for route, stream in _streams(live, job, customers | speakers).items():
        for fact in stream:
            if route in customers:
                _seen(claims, route, fact)
            claim = links.claim_in(fact, route)
            if claim is not None and claim.customer in customers:
                _hear(claims, claim)
    return claims


def _hear(claims: dict[str, Claims], claim: Claim) -> None:
    said = claims.setdefault(claim.customer, Claims(first_at=claim.moment[0]))
    said.first_at = min(said.first_at, claim.moment[0])
    said.hear(claim)


def _seen(claims: dict[str, Claims], customer: str, fact: Fact) -> None:
    said = claims.setdefault(customer, Claims(first_at=fact.at))
    said.first_at = min(said.first_at, fact.at)


def _streams(live: Connection, job: Job, routes: set[str]) -> dict[str, list[Fact]]:
    return log.streams(live, routes, job.pins, live_only=job.live_only)
