"""Test events count or not, as the process was started."""

from collections.abc import Callable

import pytest

from events import livemode
from service.wiring import command_settings, service_settings
from settings import Settings


@pytest.mark.parametrize("read", [command_settings, service_settings])
@pytest.mark.parametrize("text", ["true", "false"])
def test_a_process_binds_what_its_settings_say(
    read: Callable[[], Settings], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENURE_LIVEMODE", text)

    read()

    assert livemode.live_only() == (text == "true")
    assert livemode.counts(is_live=True)
    assert livemode.counts(is_live=False) == (text == "false")


def test_a_process_that_bound_nothing_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(livemode, "_live_only", None)

    with pytest.raises(RuntimeError, match="bind"):
        livemode.live_only()
