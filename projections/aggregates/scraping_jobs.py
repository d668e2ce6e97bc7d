"""scraping_jobs: pending, processing, then finally completed, error or timeout."""

from datetime import datetime
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType

from projections.aggregates.aggregate import Aggregate, AggregateKey, Kind, Rule, reader_of
from projections.aggregates.campaigns import Nothing
from projections.aggregates.field_types import NULL, BasisPoints, Instant, Json, Named, Whole, kept

ENDED = frozenset({"completed", "error", "timeout"})


class ScrapingJob(Aggregate):
    """`keywords` and `search_params` never change, so a state read from its row lacks them."""

    run_id: str | None
    status: str
    asked_campaign_id: UUID | None
    qstash_message_id: str | None
    processed_runs: int
    processed_results: int
    cursor: int
    progress: str
    creators_recorded: int
    error: str | None
    started_at: datetime | None
    completed_at: datetime | None
    timeout_at: datetime | None
    platform: str | UnsetType | None = UNSET
    region: str | UnsetType | None = UNSET
    target_username: str | UnsetType | None = UNSET
    target_results: int | UnsetType | None = UNSET
    keywords: Json = UNSET
    search_params: Json = UNSET


class JobRow(Struct):
    campaign_id: UUID | None = None
    run_id: Named | None = None
    platform: str | None = None
    region: str | None = None
    keywords: Raw = NULL
    search_params: Raw = NULL
    target_username: str | None = None
    target_results: Whole | None = None
    qstash_message_id: str | None = None
    timeout_at: Instant | None = None


class Started(Struct):
    run_id: Named | None = None
    qstash_message_id: str | None = None
    timeout_at: Instant | None = None


class Progressed(Struct):
    processed_runs: Whole | None = None
    processed_results: Whole | None = None
    cursor: Whole | None = None
    progress_basis_points: BasisPoints | None = None


class ResultsRecorded(Struct):
    count: Whole


class Failed(Struct):
    error: str


class TimedOut(Struct):
    timeout_at: Instant


def create(key: AggregateKey, payload: JobRow, at: datetime) -> ScrapingJob:
    return ScrapingJob(
        id=key.id,
        user_id=key.user_id,
        version=1,
        unfolded_event_id=None,
        created_at=at,
        updated_at=at,
        run_id=payload.run_id,
        status="pending",
        asked_campaign_id=payload.campaign_id,
        qstash_message_id=payload.qstash_message_id,
        processed_runs=0,
        processed_results=0,
        cursor=0,
        progress="0.00",
        creators_recorded=0,
        error=None,
        started_at=None,
        completed_at=None,
        timeout_at=payload.timeout_at,
        platform=payload.platform,
        region=payload.region,
        target_username=payload.target_username,
        target_results=payload.target_results,
        keywords=kept(payload.keywords),
        search_params=kept(payload.search_params),
    )


def _started(state: ScrapingJob, payload: Started, at: datetime) -> None:
    if state.status != "pending":
        return
    state.status, state.started_at = "processing", at
    state.run_id = payload.run_id or state.run_id
    state.qstash_message_id = payload.qstash_message_id or state.qstash_message_id
    state.timeout_at = payload.timeout_at or state.timeout_at


def _progressed(state: ScrapingJob, payload: Progressed, _: datetime) -> None:
    if state.status in ENDED:
        return
    for name in ("processed_runs", "processed_results", "cursor"):
        if (value := getattr(payload, name)) is not None:
            setattr(state, name, value)
    if (points := payload.progress_basis_points) is not None:
        state.progress = f"{points // 100}.{points % 100:02}"


def _results(state: ScrapingJob, payload: ResultsRecorded, _: datetime) -> None:
    state.creators_recorded = min(state.creators_recorded + max(payload.count, 0), BIGINT_MAX)


def _completed(state: ScrapingJob, _: Nothing, at: datetime) -> None:
    if state.status not in ENDED:
        state.status, state.completed_at = "completed", at


def _failed(state: ScrapingJob, payload: Failed, _: datetime) -> None:
    if state.status not in ENDED:
        state.status, state.error = "error", payload.error


def _timed_out(state: ScrapingJob, payload: TimedOut, _: datetime) -> None:
    """Ignored when the job has another `timeout_at` by now."""
    if state.status not in ENDED and state.timeout_at == payload.timeout_at:
        state.status = "timeout"


BIGINT_MAX = 9_223_372_036_854_775_807

JOBS = Kind(
    prefix="job.",
    id_of=reader_of("job_id"),
    payload=JobRow,
    create=create,
    rules={
        "job.started": Rule(Started, _started),
        "job.progressed": Rule(Progressed, _progressed),
        "job.results_recorded": Rule(ResultsRecorded, _results),
        "job.completed": Rule(Nothing, _completed),
        "job.failed": Rule(Failed, _failed),
        "job.timed_out": Rule(TimedOut, _timed_out),
    },
)
