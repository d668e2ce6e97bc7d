"""Laws hold for production's view of the log."""

import pytest


@pytest.fixture(autouse=True)
def production(live_events_only: None) -> None:
    """Test events are ignored."""
