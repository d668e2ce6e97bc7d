"""The comparison with other projects: what it skips, what it refuses to count, and its ratios."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench.load_client import knock, signed_request
from bench.peers import installs, other_load, sync_engine, tenure
from bench.peers.__main__ import begin, main
from bench.peers.contestant import Contestant
from bench.peers.errors import NotAccepted, NotInstalled, NotStored
from bench.peers.rounds import EventSupply, PeerRun, Scenario, rotated, run
from bench.peers.stripe_events import PeerEvent
from bench.peers.summary import PeerSummary
from events.statements import AnyConnection
from tests.cli.processes import ROOT

SUBSCRIPTIONS = Scenario("subscription", 16)
ONE, TWO = sync_engine.NAMES


def all_stored(_: AnyConnection, __: Sequence[PeerEvent]) -> list[str]:
    return []


def none_stored(_: AnyConnection, sent: Sequence[PeerEvent]) -> list[str]:
    return [event.id for event in sent]


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a server that answers each POST with this status."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def contestant(conninfo: str, port: int, missing: Callable[..., list[str]] = all_stored) -> Contestant:
    return Contestant("contestant", port, "/webhooks", conninfo, missing)


def measured(name: str, rate: float, *, caught_up_s: float | None = None, p99_ms: float = 10.0) -> PeerRun:
    return PeerRun(name, SUBSCRIPTIONS, 1000, rate, 5.0, p99_ms, caught_up_s, 0.0)


def verdicts(*runs: PeerRun) -> dict[str, str]:
    """`met` of each goal, by its text."""
    return {str(row[0]): str(row[-1]) for row in PeerSummary(runs).goals()}


def test_a_run_ends_when_its_events_do() -> None:
    work = iter([signed_request("/webhooks", event.body) for event in EventSupply().take("subscription", 5)])

    with answering(200) as port:
        result = knock(port, work, connections=2, seconds=60)

    assert result.acked == 5
    assert result.seconds < 30


def test_an_accepted_event_that_is_not_stored_fails_the_run(conninfo: str) -> None:
    sent = EventSupply().take("subscription", 40)

    with answering(200) as port, pytest.raises(NotStored, match=sent[0].id):
        run(contestant(conninfo, port, none_stored), SUBSCRIPTIONS, sent, seconds=60)


def test_another_status_than_200_fails_the_run(conninfo: str) -> None:
    sent = EventSupply().take("subscription", 40)

    with answering(503) as port, pytest.raises(NotAccepted, match="503"):
        run(contestant(conninfo, port), SUBSCRIPTIONS, sent, seconds=60)


def test_only_the_time_of_other_programs_counts_as_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, values in (("_busy_s", (10.0, 18.0)), ("_own_s", (2.0, 5.0))):
        monkeypatch.setattr(other_load, name, iter(values).__next__)
    monkeypatch.setattr("bench.peers.other_load.time.perf_counter", iter((100.0, 105.0)).__next__)

    cores = other_load.watch_others()()

    assert cores == 1.0


def test_each_contestant_is_first_in_turn() -> None:
    contestants = [contestant("", port) for port in range(3)]

    firsts = [rotated(contestants, number)[0].port for number in range(6)]

    assert firsts == [0, 1, 2, 0, 1, 2]


def test_what_cannot_be_installed_is_skipped_by_name(tmp_path: Path) -> None:
    @contextmanager
    def absent(_: str, folder: Path) -> Iterator[Contestant]:
        if not (folder / "npm").exists():
            raise NotInstalled("npm is not installed")
        yield contestant("", 0)

    @contextmanager
    def present(_: str, __: Path) -> Iterator[Contestant]:
        yield contestant("", 1)

    begins: dict[str, Callable[[str, Path], AbstractContextManager[Contestant]]]
    begins = {"absent": absent, "present": present}
    with ExitStack() as stack:
        contestants, skipped = begin(stack, begins, "", tmp_path)

    assert [entry.port for entry in contestants] == [1]
    assert skipped == {"absent": "npm is not installed"}


@pytest.mark.parametrize("program", ["node", "npm"])
def test_a_missing_program_is_named(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / ({"node", "npm"} - {program}).pop()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotInstalled, match=f"^{program} is not installed$"):
        installs.install_sync_engine(tmp_path)


def test_a_package_index_that_does_not_answer_is_a_reason_without_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, script in (
        ("node", ""),
        ("npm", "echo 'npm error code ENOTFOUND'\necho 'npm error at https://x'\nexit 1"),
    ):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(NotInstalled) as refused:
        installs.install_sync_engine(tmp_path)

    assert str(refused.value) == "npm could not install it: ENOTFOUND"


def test_pips_reason_is_kept() -> None:
    output = "Looking in indexes: https://x\nERROR: No matching distribution found for dj-stripe==2.11.0\n"

    assert installs.cause(output) == ": No matching distribution found for dj-stripe==2.11.0"
    assert installs.cause("ERROR: https://x\n") == ""


def test_a_folder_inside_the_repository_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["peers", "--folder", str(ROOT / "scratch")])

    with pytest.raises(SystemExit, match="2"):
        main()

    assert "expected a folder outside of" in capsys.readouterr().err


def test_ratios_are_of_medians_and_of_the_better_configuration() -> None:
    rates = {ONE: (90, 100, 500), TWO: (190, 200, 210), tenure.ALONE: (700, 800, 9000)}
    runs = [measured(name, rate) for name, figures in rates.items() for rate in figures]

    summary = PeerSummary(runs)

    assert summary.ratio(SUBSCRIPTIONS, tenure.ALONE) == 4.0
    assert summary.ratio(SUBSCRIPTIONS, ONE) == 0.5
    assert [row[1] for row in summary.rows()] == [ONE, TWO, tenure.ALONE]


def test_a_projector_that_is_late_misses_the_goal() -> None:
    goal = "Tenure with its projector, subscriptions, 16 connections"

    assert verdicts(measured(ONE, 100), measured(tenure.PROJECTED, 300, caught_up_s=0.5))[goal] == "yes"
    assert verdicts(measured(ONE, 100), measured(tenure.PROJECTED, 300, caught_up_s=1.5))[goal] == "no"
    assert verdicts(measured(ONE, 100), measured(tenure.PROJECTED, 299, caught_up_s=0.5))[goal] == "no"


def test_the_last_answers_must_come_sooner_than_theirs() -> None:
    goal = "Tenure, endpoints alone, p99 of subscriptions, 16 connections"

    assert verdicts(measured(ONE, 100, p99_ms=20), measured(tenure.ALONE, 1, p99_ms=19))[goal] == "yes"
    assert verdicts(measured(ONE, 100, p99_ms=20), measured(tenure.ALONE, 1, p99_ms=21))[goal] == "no"


def test_without_sync_engine_there_are_no_goals() -> None:
    summary = PeerSummary([measured(tenure.ALONE, 700)])

    assert summary.goals() == []
    assert summary.rows()[0][-1] == "–"
