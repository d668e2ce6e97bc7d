"""What a check says."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `fix` names the command or setting that mends it; empty when all is well."""

    severity: Severity
    check: str
    found: str
    fix: str = ""

    def row(self) -> dict[str, object]:
        return asdict(self)


def worst(findings: Iterable[Finding]) -> Severity:
    """The most severe of them; ok when there are none."""
    return max((finding.severity for finding in findings), key=("ok", "warn", "fail").index, default="ok")


def either(
    good: bool, check: str, well: str, found: str, fix: str, *, severity: Severity = "fail"
) -> Finding:
    """`well` when good, else `found` with its fix."""
    return Finding("ok", check, well) if good else Finding(severity, check, found, fix)
