"""A projector process for tests to kill: `python -m tests.projections.worker CONNINFO`."""

import sys
from threading import Event

from events import livemode
from tests.laws.projected import runner


def main() -> None:
    """Follow the log in small batches until killed."""
    livemode.bind(live_only=True)
    runner(sys.argv[1], parts=2, batch_events=8).run(Event())


if __name__ == "__main__":
    main()
