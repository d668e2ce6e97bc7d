"""Why a database can't be spread over several servers."""

from collections.abc import Sequence

from cli.errors import Failure
from cli.scale.citus_checks import Obstacle


class NoCitus(Failure):
    """The server has no Citus. Install it on every node, or stay on one server."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"expected a server with the extension citus at {where}, found none; install Citus on every "
            "node and into shared_preload_libraries, or see docs/scaling.md for what one server carries"
        )


class NotDistributable(Failure):
    """The schema as it is can't be distributed. The message names each obstacle; see docs/scaling.md."""

    def __init__(self, found: Sequence[Obstacle]) -> None:
        self.found = tuple(found)
        named = "; ".join(f"{each.name}: {each.why}" for each in found)
        super().__init__(
            f"refused, {len(found)} things of this schema can't be distributed: {named}. See docs/scaling.md"
        )
