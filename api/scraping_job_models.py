"""Request and response models of scraping jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from api.aggregate_views import (
    ChangeOrder,
    JsonObject,
    Name,
    OwnerQuestion,
    PageQuestion,
    PlatformOrder,
    Prose,
    Short,
    VersionedOrder,
    Whole,
    plain,
    some_of,
    unsaid,
)
from api.models import Instant, Question, Word

Status = Literal["pending", "processing", "completed", "error", "timeout"]
MAX_CREATORS = 10_000

Keywords = Annotated[list[Name], Field(max_length=200)]
Creators = Annotated[
    list[dict[str, Any]],  # Any: JSON values
    BeforeValidator(plain),
    Field(max_length=MAX_CREATORS),
]
_KEY = r"[^.:]{1,60}"
Param = Annotated[
    str,
    StringConstraints(max_length=600, pattern=rf"^{_KEY}(\.{_KEY}){{0,4}}:[\s\S]{{1,200}}$"),
    Field(description="What search_params holds at a path of at most five keys: audience.age:18."),
]
Several = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^,]+(,[^,]+){0,19}$")]
_WIDE = "keywords|search_params|results"
Include = Annotated[
    str,
    StringConstraints(pattern=rf"^({_WIDE})(,({_WIDE})){{0,2}}$"),
    Field(description="keywords, search_params, results; commas between."),
]


class JobOrder(PlatformOrder):
    campaign_id: UUID | None = None
    run_id: Name | None = None
    platform: Short | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,10}$")] | None = None
    keywords: Keywords | None = None
    search_params: JsonObject | None = None
    target_username: Name | None = None
    target_results: Whole | None = None
    qstash_message_id: Name | None = None
    timeout_at: Instant | None = Field(None, description="Past it the job times out.")


class JobStart(VersionedOrder):
    run_id: Name | None = None
    qstash_message_id: Name | None = None
    timeout_at: Instant | None = None


class JobProgress(ChangeOrder):
    model_config = ConfigDict(
        json_schema_extra=some_of("processed_runs", "processed_results", "cursor", "progress")
    )

    processed_runs: Whole = unsaid(0)
    processed_results: Whole = unsaid(0)
    cursor: Whole = unsaid(0)
    progress: Annotated[float, Field(ge=0, le=100, description="Per cent.")] = unsaid(0)


class JobFailure(VersionedOrder):
    error: Prose


class ResultsOrder(VersionedOrder):
    creators: Creators


class _Including(Question):
    include: Include | None = None

    def included(self) -> list[str]:
        return [] if self.include is None else self.include.split(",")


class JobQuestion(OwnerQuestion, _Including):
    pass


class JobsQuestion(PageQuestion, _Including):
    campaign_id: UUID | None = None
    status: Status | None = None
    platform: Word | None = None
    region: Word | None = None
    run_id: Word | None = None
    keyword: Several | None = Field(None, description="One, or several with commas between.")
    has_param: Name | None = None
    param: Param | None = None

    def keywords(self) -> Sequence[str]:
        return () if self.keyword is None else self.keyword.split(",")

    def path_and_value(self) -> tuple[Sequence[str], str] | None:
        if self.param is None:
            return None
        path, _, value = self.param.partition(":")
        return path.split("."), value


class ResultsQuestion(PageQuestion):
    include: Literal["creators"] | None = None


class ScrapingJobRow(BaseModel):
    """A job's columns; keywords, search_params and results (its first 20) only on request."""

    model_config = ConfigDict(extra="allow")

    id: str
    user_id: str
    status: Status
    campaign_id: str | None
    processed_results: int
    creators_recorded: int
    version: int
    stale: bool
    created_at: datetime
    updated_at: datetime


class Jobs(BaseModel):
    items: list[ScrapingJobRow]
    next: str | None
    total: int
    total_is_estimate: bool


class Result(BaseModel):
    """`digest`: SHA-256 of the stored creators as text, as job.results_recorded has it."""

    id: str
    job_id: str
    creators_count: int
    digest: str
    created_at: datetime
    creators: list[dict[str, Any]] | None = None  # Any: JSON values


class Results(BaseModel):
    items: list[Result]
    next: str | None
    total: int
    total_is_estimate: bool


class ResultVerdict(BaseModel):
    """`missing`: recorded, not stored; `unrecorded`: stored, not recorded; `altered`: not the same."""

    id: str
    event_id: str | None
    recorded_digest: str | None
    stored_digest: str | None
    verdict: Literal["ok", "altered", "missing", "unrecorded"]


class Verdicts(BaseModel):
    items: list[ResultVerdict]
    ok: bool
