"""The API versions an endpoint may be pinned to, and the three shapes they fall into."""

from dataclasses import dataclass
from enum import IntEnum


class Generation(IntEnum):
    """Where a field lives; Stripe renders an event once, in the endpoint's own version."""

    PRE_BASIL = 1
    BASIL = 2
    LATER = 3


@dataclass(frozen=True)
class ApiVersion:
    """A version name as it stands in `api_version`, and the shape it has."""

    name: str
    generation: Generation


V2020 = ApiVersion("2020-08-27", Generation.PRE_BASIL)
V2024_ACACIA = ApiVersion("2024-12-18.acacia", Generation.PRE_BASIL)
V2025_BASIL = ApiVersion("2025-03-31.basil", Generation.BASIL)
V2025_CLOVER = ApiVersion("2025-11-17.clover", Generation.LATER)
V2026_DAHLIA = ApiVersion("2026-03-25.dahlia", Generation.LATER)

API_VERSIONS: tuple[ApiVersion, ...] = (
    V2020,
    V2024_ACACIA,
    V2025_BASIL,
    V2025_CLOVER,
    V2026_DAHLIA,
)
