"""What `tenure status` advises, of one thing and of several."""

import pytest

from cli.status import _ADVICE, advice

COUNTS = ("migrations_pending", "quarantined", "unlinked_customers", "dead_jobs", "failing_handlers",
          "lag_events", "refolds_late", "conflicts", "unreadable")  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
def test_advice_knows_one_from_several(name: str) -> None:
    (one,), (several,) = (advice({name: number, "lag_s": 3.0, "refolds_oldest_s": 3}) for number in (1, 2))

    assert (one[:2], several[:2]) == ("1 ", "2 ")
    assert one[2:] != several[2:]
    assert advice({name: 0}) == []


def test_every_advice_can_be_said() -> None:
    status = dict.fromkeys(_ADVICE, True) | {
        "lag_s": 3.0,
        "refolds_oldest_s": 3,
        "migrations_odd": ["0001_a"],
        "alarms": ["a window"],
    }

    assert len(advice(status)) == len(_ADVICE) + 1
    assert not any("{" in line for line in advice(status))
