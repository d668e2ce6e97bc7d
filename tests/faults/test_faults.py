"""Whatever breaks: what was acked is in the log once, and the tables are what the log says."""

import os

import pytest

from tests.faults.breaking import FAULTS, Fault
from tests.faults.running import run
from tests.faults.service import NotPermitted

EVERYTHING = bool(os.environ.get("TENURE_ALL_FAULTS"))
CHOSEN = [fault for fault in FAULTS if fault.quick or EVERYTHING]


@pytest.mark.parametrize("fault", CHOSEN, ids=[fault.name for fault in CHOSEN])
def test_nothing_acked_is_lost(fault: Fault) -> None:
    try:
        verdict = run(fault, seed=1)
    except NotPermitted as reason:
        pytest.skip(str(reason))

    assert verdict.acked > 0
    assert verdict.good, verdict
