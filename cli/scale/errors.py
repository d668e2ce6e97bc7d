"""Why a database can't be distributed over several servers."""

from collections.abc import Sequence

from cli.errors import Failure
from cli.scale.citus_checks import Obstacle


class NoCitus(Failure):
    """The server has no Citus. Install it on every node, or stay on one server."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"expected a server with the extension citus at {where}, found none; install Citus on every "
            "node and into shared_preload_libraries, or see docs/scaling.md for the capacity of one server"
        )


class NotDistributable(Failure):
    """The schema as it is can't be distributed. The message names each obstacle; see docs/scaling.md."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        named = "; ".join(f"{obstacle.name}: {obstacle.why}" for obstacle in obstacles)
        super().__init__(
            f"refused, {len(obstacles)} objects can't be distributed: {named}. See docs/scaling.md"
        )
