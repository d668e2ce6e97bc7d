"""Commands in any order against a model: what may happen happens, what may not is refused and changes
nothing, the limits hold, and the rows are what a rebuild gives."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from events.append import append_all
from handlers.campaigns import NewCampaign, create_campaign, move_campaign
from handlers.decision import Decided
from handlers.errors import DecisionRefused, LimitExceeded
from handlers.lists import NewItem, NewList, add_item, create_list, move_list, remove_item
from handlers.platform_errors import CreatorTwice, NotTheirs, VersionConflict, WrongState
from handlers.scraping_jobs import (
    NewJob,
    complete_job,
    create_job,
    fail_job,
    record_results,
    report_progress,
    start_job,
)
from projections.projector import Projector
from tests.databases import Server
from tests.handlers.commands import command
from tests.handlers.users import joined, project, sold
from tests.projections.projecting import tables

CAMPAIGNS, CREATORS = 3, 20
PICK = st.integers(0, 3)
STALE = st.sampled_from([None, None, None, 0, 1, 2])
_numbers = count(1)

CAMPAIGN_STEPS = {
    "activate": ({"draft"}, "active"),
    "complete": ({"active"}, "completed"),
    "archive": ({"draft", "active", "completed"}, "archived"),
}
JOB_STEPS: dict[str, tuple[set[str], str, Any]] = {
    "start": ({"pending"}, "processing", lambda c, k, i, v: start_job(c, k, i, {}, version=v)),
    "progress": ({"processing"}, "processing", lambda c, k, i, v: report_progress(c, k, i, {}, version=v)),
    "complete": ({"processing"}, "completed", lambda c, k, i, v: complete_job(c, k, i, version=v)),
    "fail": ({"pending", "processing"}, "error", lambda c, k, i, v: fail_job(c, k, i, "x", version=v)),
}


class Work(RuleBasedStateMachine):
    """One user's work; each example has a user of its own."""

    conninfo: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.conn = psycopg.connect(self.conninfo)
        self.user, self.other = (f"user_machine{next(_numbers)}" for _ in range(2))
        append_all(self.conn, joined(self.user, self.other))
        project(self.conn)
        self.campaigns: dict[UUID, list[Any]] = {}  # id to [status, version]
        self.jobs: dict[UUID, list[Any]] = {}
        self.lists: dict[UUID, list[Any]] = {}
        self.items: dict[UUID, dict[str, UUID]] = {}
        self.creators = 0

    @rule(repeat=st.booleans())
    def create_campaign(self, repeat: bool) -> None:
        open_now = sum(status != "archived" for status, _ in self.campaigns.values())
        request = command(self.user)
        decided = self.tried(
            lambda: create_campaign(self.conn, request, NewCampaign(name="Tea")),
            LimitExceeded if open_now >= CAMPAIGNS else None,
        )
        if decided is not None:
            self.campaigns[UUID(decided.answer["id"])] = ["draft", 1]
            if repeat:
                again = create_campaign(self.conn, request, NewCampaign(name="Tea"))
                self.conn.commit()
                assert again.repeated
                assert again.answer == decided.answer

    @rule(pick=PICK, action=st.sampled_from(sorted(CAMPAIGN_STEPS)), version=STALE)
    def move_campaign(self, pick: int, action: Any, version: int | None) -> None:
        if (campaign := self.some(self.campaigns, pick)) is None:
            return
        allowed, status = CAMPAIGN_STEPS[action]
        self.moved(
            self.campaigns[campaign],
            allowed,
            status,
            version,
            lambda: move_campaign(self.conn, command(self.user), campaign, action, version=version),
        )

    @rule(pick=PICK, alone=st.booleans())
    def create_job(self, pick: int, alone: bool) -> None:
        campaign = None if alone else self.some(self.campaigns, pick)
        over = campaign is not None and self.campaigns[campaign][0] in ("completed", "archived")
        decided = self.tried(
            lambda: create_job(self.conn, command(self.user), NewJob(campaign_id=campaign)),
            WrongState if over else None,
        )
        if decided is not None:
            self.jobs[UUID(decided.answer["id"])] = ["pending", 1]

    @rule(pick=PICK, step=st.sampled_from(sorted(JOB_STEPS)), version=STALE)
    def move_job(self, pick: int, step: str, version: int | None) -> None:
        if (job := self.some(self.jobs, pick)) is None:
            return
        allowed, status, act = JOB_STEPS[step]
        action = partial(act, self.conn, command(self.user), job, version)
        self.moved(self.jobs[job], allowed, status, version, action)

    @rule(pick=PICK, batch_size=st.integers(0, 9))
    def record_results(self, pick: int, batch_size: int) -> None:
        if (job := self.some(self.jobs, pick)) is None:
            return
        refusal: type[DecisionRefused] | None = None
        if self.jobs[job][0] != "processing":
            refusal = WrongState
        elif batch_size and self.creators + batch_size > CREATORS:
            refusal = LimitExceeded
        if self.tried(lambda: record_results(self.conn, command(self.user), job, [{}] * batch_size), refusal):
            self.jobs[job][1] += 1
            self.creators += batch_size

    @rule()
    def create_list(self) -> None:
        decided = create_list(self.conn, command(self.user), NewList(name="Best"))
        self.conn.commit()
        self.lists[UUID(decided.answer["id"])] = ["open", 1]
        self.items[UUID(decided.answer["id"])] = {}

    @rule(pick=PICK, creator=st.sampled_from("abc"), remove=st.booleans())
    def change_items(self, pick: int, creator: str, remove: bool) -> None:
        if (which := self.some(self.lists, pick)) is None:
            return
        items, (status, _) = self.items[which], self.lists[which]
        refusal: type[DecisionRefused] | None = None
        if status != "open":
            refusal = NotTheirs if status == "deleted" else WrongState
        elif (creator in items) is not remove:
            refusal = NotTheirs if remove else CreatorTwice
        request = command(self.user)
        if remove:
            item = items.get(creator, which)
            done = self.tried(lambda: remove_item(self.conn, request, which, item), refusal)
        else:
            done = self.tried(
                lambda: add_item(self.conn, request, which, NewItem(creator_id=creator)), refusal
            )
        if done is not None:
            self.lists[which][1] += 1
            if remove:
                del items[creator]
            else:
                items[creator] = UUID(done.answer["item_id"])

    @rule(pick=PICK, action=st.sampled_from(("archive", "restore", "delete")))
    def move_list(self, pick: int, action: Any) -> None:
        if (which := self.some(self.lists, pick)) is None or self.lists[which][0] == "deleted":
            return
        allowed = {"archive": {"open"}, "restore": {"archived"}, "delete": {"open", "archived"}}[action]
        status = {"archive": "archived", "restore": "open", "delete": "deleted"}[action]
        act = partial(move_list, self.conn, command(self.user), which, action)
        self.moved(self.lists[which], allowed, status, None, act)

    @rule(pick=PICK)
    def somebody_else(self, pick: int) -> None:
        request = command(self.other)
        attempts: tuple[tuple[dict[UUID, Any], Callable[[UUID], Decided]], ...] = (
            (self.campaigns, lambda target_id: move_campaign(self.conn, request, target_id, "archive")),
            (self.jobs, lambda target_id: fail_job(self.conn, request, target_id, "x")),
            (self.lists, lambda target_id: move_list(self.conn, request, target_id, "delete")),
        )
        for mine, attempt in attempts:
            if (target := self.some(mine, pick)) is not None:
                self.tried(partial(attempt, target), NotTheirs)

    @invariant()
    def the_tables_are_the_model(self) -> None:
        rows = tables(self.conn, [self.user])
        assert {UUID(r["id"]): [r["status"], r["version"]] for r in rows["campaigns"]} == self.campaigns
        assert {UUID(r["id"]): [r["status"], r["version"]] for r in rows["scraping_jobs"]} == self.jobs
        there = {which: state for which, state in self.lists.items() if state[0] != "deleted"}
        shown = {
            UUID(r["id"]): ["archived" if r["is_archived"] else "open", r["version"]]
            for r in rows["creator_lists"]
        }
        assert shown == there
        items = {(UUID(r["list_id"]), r["creator_id"]): UUID(r["id"]) for r in rows["list_items"]}
        assert items == {(w, c): i for w in there for c, i in self.items[w].items()}
        used = self.conn.execute(
            "SELECT usage_campaigns_current, usage_creators_current_month FROM user_usage g"
            " JOIN users u ON u.id = g.user_id WHERE u.user_id = %s",
            [self.user],
        ).fetchone()
        open_now = sum(status != "archived" for status, _ in self.campaigns.values())
        assert used == (open_now, self.creators)
        assert tables(self.conn, [self.other])["campaigns"] == []
        self.conn.commit()

    def teardown(self) -> None:
        with closing(self.conn):
            live = tables(self.conn, [self.user])
            Projector().retry(self.conn, [self.user])
            assert tables(self.conn, [self.user]) == live

    def some(self, of: dict[UUID, Any], pick: int) -> UUID | None:
        return sorted(of)[pick % len(of)] if of else None

    def moved(
        self,
        model_row: list[Any],
        allowed: set[str],
        status: str,
        version: int | None,
        act: Callable[[], Decided],
    ) -> None:
        refusal: type[DecisionRefused] | None = None
        if version is not None and version != model_row[1]:
            refusal = VersionConflict
        elif model_row[0] not in allowed:
            refusal = WrongState
        if self.tried(act, refusal) is not None:
            model_row[:] = [status, model_row[1] + 1]

    def tried(self, act: Callable[[], Decided], refusal: type[DecisionRefused] | None) -> Decided | None:
        """What comes of it, committed; the refusal that must come of it leaves nothing."""
        if refusal is None:
            done = act()
            self.conn.commit()
            return done
        with pytest.raises(refusal):
            act()
        self.conn.rollback()
        return None


@pytest.fixture
def shop(server: Server, template: str) -> Iterator[str]:
    database = server.database(template)
    with psycopg.connect(database.conninfo) as conn:
        append_all(conn, sold(campaigns=CAMPAIGNS, creators=CREATORS))
        project(conn)
    yield database.conninfo
    database.drop()


@pytest.mark.timeout(300)
def test_any_commands_in_any_order(shop: str) -> None:
    Work.conninfo = shop

    run_state_machine_as_test(Work, settings=settings(max_examples=15, stateful_step_count=25))
