"""The result of a check."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["ok", "note", "warn", "fail"]
SEVERITIES: tuple[Severity, ...] = ("ok", "note", "warn", "fail")


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """The result of one check. `note` needs no action; `fix` names the command or setting that fixes it."""

    severity: Severity
    check: str
    found: str
    fix: str = ""

    def row(self) -> dict[str, object]:
        return asdict(self)


def worst(findings: Iterable[DoctorFinding]) -> Severity:
    """The most severe of them; ok when there are none."""
    return max((finding.severity for finding in findings), key=SEVERITIES.index, default="ok")


def either(
    good: bool, check: str, well: str, problem: str, fix: str, *, severity: Severity = "fail"
) -> DoctorFinding:
    """`well` if good, else `problem` with its fix."""
    return DoctorFinding("ok", check, well) if good else DoctorFinding(severity, check, problem, fix)
