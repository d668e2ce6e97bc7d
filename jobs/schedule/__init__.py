"""Scheduled handlers: one process of several leads, and a run is never lost or doubled."""

from jobs.schedule.runs import RunResult, RunRow, run_due, run_now, runs_so_far
from jobs.schedule.scheduler import Scheduler
from jobs.schedule.timetable import Scheduled, due_at

__all__ = ["RunResult", "RunRow", "Scheduled", "Scheduler", "due_at", "run_due", "run_now", "runs_so_far"]
