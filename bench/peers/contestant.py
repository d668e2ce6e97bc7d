"""A running contestant, as the rounds see it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load_client import SECRET, answering, free_port
from bench.peers.errors import NotInstalled
from bench.peers.stripe_events import PeerEvent
from events import child_processes
from events.statements import AnyConnection

Missing = Callable[[AnyConnection, Sequence[PeerEvent]], list[str]]


@dataclass(frozen=True)
class Contestant:
    """Where it takes webhooks, and how its tables are checked.

    `missing` returns the ids of accepted events, or of the objects they show, that its tables lack.
    `projector` runs what keeps its tables beside the endpoints, and yields a function that waits until they
    show all events; None if the request itself does that, or nothing does.
    """

    name: str
    port: int
    path: str
    database_url: str
    missing: Missing
    projector: Callable[[], AbstractContextManager[Callable[[], None]]] | None = None


@contextmanager
def served(command: list[str], variables: dict[str, str], home: Path, log: Path) -> Iterator[int]:
    """The port of another project's server, which reads it from PORT. Raises: NotInstalled if it does not start."""
    port = free_port()
    words = [word.replace("{port}", str(port)) for word in command]
    env = {**variables, "PORT": str(port), "STRIPE_WEBHOOK_SECRET": SECRET}
    with log.open("ab") as out, child_processes.child(words, env=env, cwd=home, stdout=out, stderr=out):
        try:
            answering(port)
        except ConnectionError:
            raise NotInstalled(f"it did not start; read {log.name} in --folder") from None
        yield port
