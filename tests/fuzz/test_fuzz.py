"""A slice of the fuzz with a fixed seed; `python -m tests.fuzz` sends as many bodies as asked."""

import pytest

from tests.databases import Server
from tests.fuzz.hostile import RAW, encoded, raw
from tests.fuzz.mutation import Mutator
from tests.fuzz.run import Failed, run
from tests.fuzz.samples import samples


def test_mutated_bodies_stop_neither_the_projector_nor_a_witness(server: Server) -> None:
    figures = run(server, bodies=2_000, seed=20)

    assert figures.bodies == 2_000
    assert figures.answers["appended"] > 1_500
    assert figures.quarantined > 0
    assert figures.decisions["counted"] > 0


def test_the_same_seed_sends_the_same_bodies() -> None:
    sample = samples()
    first, second = Mutator(sample, 7), Mutator(sample, 7)

    assert [first.post() for _ in range(50)] == [second.post() for _ in range(50)]


def test_a_failure_names_the_command_that_repeats_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.witnesses.expected", lambda _round: [])

    with pytest.raises(Failed, match=r"python -m tests\.fuzz --bodies 1000 --seed 3$"):
        run(server, bodies=1_000, seed=3)


@pytest.mark.parametrize("text", RAW)
def test_raw_text_stands_in_the_body_as_it_is(text: str) -> None:
    class Plain:
        def random(self) -> float:
            return 0.0

    assert encoded({"a": raw(text)}, Plain()).decode() == f'{{"a":{text}}}'  # type: ignore[arg-type]
