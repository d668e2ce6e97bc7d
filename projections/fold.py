"""The fold: a user's facts in canonical order to a state, and a state to five rows. Pure."""

from collections.abc import Iterable, Sequence
from itertools import groupby, zip_longest
from operator import attrgetter

from pydantic import ValidationError

from projections import stripe_objects
from projections.errors import Unfoldable
from projections.facts import Fact
from projections.order import order_instant, rank
from projections.snapshots import EVER, Passed, keep, kept_state
from projections.state import Core, Folded, Poison, State, encode_state
from projections.tables.registry import BODY_RULES, RULES, TABLES, TOUCHED

# The most facts of its last instant that a fold keeps.
LONGEST_TAIL = 256


def refold(
    user_id: str, links: dict[str, int], facts: Iterable[Fact], passed: Passed | None = None
) -> Folded:
    """The fold of a whole history; its facts may be in any order."""
    folded = Folded(State(user_id=user_id, links=links), [])
    fold_through(folded, sorted(facts, key=attrgetter("at")), passed)
    return folded


def advance(folded: Folded, facts: Iterable[Fact], passed: Passed | None = None) -> bool:
    """Fold facts that are not earlier than the last instant. Else return False and do nothing."""
    new = sorted(facts, key=attrgetter("at"))
    if new and new[0].at < open_from(folded):
        return False
    fold_through(folded, new, passed)
    return True


def fold_through(folded: Folded, sorted_facts: Iterable[Fact], passed: Passed | None = None) -> None:
    """Fold facts sorted by instant, none earlier than the last; `passed` receives the states to keep."""
    for at, group in groupby(sorted_facts, key=attrgetter("at")):
        instant = list(group)
        if folded.tail and folded.tail[0].at == at:
            instant += folded.tail
        else:
            settle(folded, passed)
        if is_crowd(instant):
            before = folded.settled.copy()
            _fold_instant(folded.settled, instant)
            crowd(folded, at, before, passed)
        else:
            folded.tail = sorted(instant, key=rank)


def is_crowd(instant: Sequence[Fact]) -> bool:
    """True if an instant has too many facts to be stored with the fold."""
    return len(instant) > LONGEST_TAIL


def crowd(folded: Folded, at: int, before: State, passed: Passed | None = None) -> None:
    """Keep the facts of an instant only in the log; keep the state before it for a later refold."""
    folded.tail, folded.crowded = [], at
    if passed is not None and before.cores:
        keep(passed, at - 1, encode_state(before))


def open_from(folded: Folded) -> int:
    """The first instant at which a fact is not late."""
    if folded.tail:
        return folded.tail[0].at
    return -EVER if folded.crowded is None else folded.crowded + 1


def settle(folded: Folded, passed: Passed | None = None) -> None:
    """Fold the last instant, which is complete."""
    at = folded.tail[0].at if folded.tail else folded.crowded
    if at is None:
        return
    _fold_instant(folded.settled, folded.tail)
    folded.tail, folded.crowded = [], None
    if passed is not None and (kept := kept_state(folded.settled, at)):
        keep(passed, at, kept)


def present(folded: Folded) -> State:
    """The state with the last instant's facts folded; the fold itself does not change."""
    state = folded.settled.copy()
    _fold_instant(state, folded.tail)
    return state


def canonical(user_id: str, links: dict[str, int], facts: Iterable[Fact]) -> list[Fact]:
    """A history in canonical order."""
    state = State(user_id=user_id, links=links)
    history: list[Fact] = []
    for _, group in groupby(sorted(facts, key=attrgetter("at")), key=attrgetter("at")):
        instant = in_order(list(group), state)
        for fact in instant:
            fold_one(state, fact)
        history += instant
    return history


def fold_on(state: State, sorted_facts: Iterable[Fact]) -> None:
    """Fold facts sorted by instant into the state, each instant in canonical order."""
    for _, group in groupby(sorted_facts, key=attrgetter("at")):
        _fold_instant(state, list(group))


def _fold_instant(state: State, facts: list[Fact]) -> None:
    for fact in in_order(facts, state):
        fold_one(state, fact)


def in_order(facts: list[Fact], state: State) -> list[Fact]:
    """The facts of one instant in canonical order; `state` is everything before it."""
    try:
        return order_instant(facts, state)
    except Exception:  # after a bug in the order this instant is sorted by rank, and no user stops
        return sorted(facts, key=rank)


def fold_one(state: State, fact: Fact) -> None:
    """Fold one fact. A history stops at the first event that can't be folded."""
    if state.poison is not None:
        return
    try:
        if fact.problem is not None:
            raise Unfoldable(fact.problem.field, fact.problem.reason)
        _apply(state, fact)
    except Unfoldable as problem:
        _stop(state, fact, problem.field, problem.reason)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        _stop(state, fact, ".".join(str(step) for step in first["loc"]) or "$", first["msg"])
    except Exception as problem:  # a bug in a rule stops one user, not the projector
        _stop(state, fact, "$", f"{type(problem).__name__} in the projector")


def _apply(state: State, fact: Fact) -> None:
    body = fact.body
    first = state.first_at == 0 and not state.cores
    if first:
        state.first_at = fact.at
    if body is not None:
        if (entity_rule := stripe_objects.RULES.get(type(body))) is not None:
            entity_rule(state, fact)
        for rule in RULES.get(fact.type, ()) if type(body) not in BODY_RULES else BODY_RULES[type(body)]:
            rule(state, fact)
    joined = fact.source == "stripe" and not state.has_stripe_fact
    caught_up = bool(state.ahead) and getattr(body, "id", None) in state.ahead
    if caught_up:
        state.ahead = tuple(object_id for object_id in state.ahead if object_id != getattr(body, "id", None))
    if fact.source != "tenure":
        state.has_stripe_fact = state.has_stripe_fact or joined
        state.last_webhook = fact.type
        state.last_webhook_at = fact.at
    _note_changes(state, fact, CORES if first or joined or caught_up else _touched(fact))
    _note_instant(state, fact)


def _stop(state: State, fact: Fact, field: str, reason: str) -> None:
    if not state.cores:
        state.first_at = fact.at
    state.poison = Poison(fact.at, fact.id, fact.type, fact.part, fact.position, field, reason)
    for table in CORES:
        try:
            _note_changes(state, fact, (table,))
        except Exception:  # the rule left a state that no row can show: the previous row stays
            blank = State(user_id=state.user_id, first_at=state.first_at, poison=state.poison)
            state.cores.setdefault(table, CORES[table](blank))
            state.changed_at.setdefault(table, fact.at)
    _note_instant(state, fact)


def _note_instant(state: State, fact: Fact) -> None:
    state.last_at = fact.at
    if fact.source == "tenure":
        state.decided_at = fact.at


def _note_changes(state: State, fact: Fact, tables: Iterable[str]) -> None:
    for table in tables:
        new, old = CORES[table](state), state.cores.get(table)
        if new != old:
            state.cores[table] = new
            state.changed_at[table] = fact.at
            if table in KEEPING_CELL_TIMES:
                state.cells_at[table] = _cells_at(state.cells_at.get(table, []), old or [], new, fact.at)


def _cells_at(earlier: list[int], old: Core, new: Core, at: int) -> list[int]:
    """When each cell changed last."""
    cells = zip_longest(earlier, old, new)
    return [at if was is None or cell != before else was for was, before, cell in cells]


def _touched(fact: Fact) -> tuple[str, ...]:
    """The tables that an event can change, so that fewer rows are compared."""
    touched = TOUCHED.get(type(fact.body)) or TOUCHED.get(fact.type, ())
    return touched if fact.source == "tenure" else (*touched, *COUNTING_WEBHOOKS)


CORES = {name: table.cells for name, table in TABLES.items()}
KEEPING_CELL_TIMES = frozenset(name for name, table in TABLES.items() if table.keeps_cell_times)
COUNTING_WEBHOOKS = tuple(name for name, table in TABLES.items() if table.counts_webhooks)
