"""The growth proof: a later checkpoint that keeps its word, and those that do not."""

import json
from base64 import b64encode
from typing import Any

import pytest

from events.seals.checkpoint import sign_checkpoint
from events.seals.errors import MissingNode, ProofRefused, SealError
from events.seals.growth_proof import check_growth, make_growth_proof
from events.seals.json_shape import parse_proof_file
from events.seals.leaf import LEAF_COLUMNS, leaf_hash_of_texts
from events.seals.merkle import Frontier, extend
from tests.events.seals.sealed_log import SealedLog, small_log


def grown() -> tuple[SealedLog, str, str]:
    log = small_log()
    older = log.signed(0)
    for part, count in ((1, 5), (3, 9), (63, 1)):
        log.append(part, count)
    return log, older, log.signed(1)


def proof_of_growth() -> tuple[SealedLog, dict[str, Any]]:
    log, older, newer = grown()
    return log, make_growth_proof(older, newer, reader_of=log.read)


def test_a_log_that_only_grew_is_proved_by_its_file() -> None:
    log, proof = proof_of_growth()

    growth = check_growth(parse_proof_file(json.dumps(proof)), [log.key.verifier])

    assert growth.new_events == 15
    assert sorted(proof["paths"]) == ["3", "63"]


def test_two_checkpoints_without_an_event_between_need_no_path() -> None:
    log = small_log()
    proof = make_growth_proof(log.signed(0), log.signed(1), reader_of=log.read)

    assert proof["paths"] == {}
    assert check_growth(proof, [log.key.verifier]).new_events == 0


def edited_after_sealing(*, grow: bool) -> tuple[SealedLog, str, str]:
    """The log rewritten from its second event of part 3 on, every node made afresh."""
    log = small_log()
    older = log.signed(0)
    log.rows[3, 2][LEAF_COLUMNS.index("aggregate_id")] = "cus_2"
    leaves = [leaf_hash_of_texts(log.rows[3, position]) for position in range(1, 12)]
    log.frontiers[3], nodes = extend(Frontier(), leaves)
    log.nodes[3] = {(level, index): node for level, index, node in nodes}
    if grow:
        log.append(3, 2)
    return log, older, log.signed(1)


def test_an_edited_event_is_seen_at_the_same_size() -> None:
    log, older, newer = edited_after_sealing(grow=False)

    with pytest.raises(ProofRefused, match="part 3 has another root"):
        make_growth_proof(older, newer, reader_of=log.read)
    with pytest.raises(ProofRefused, match="part 3 has another root"):
        check_growth(
            {"tenure_growth_proof": 1, "older": older, "newer": newer, "paths": {}},
            [log.key.verifier],
        )


def test_an_edited_event_is_seen_behind_new_ones() -> None:
    log, older, newer = edited_after_sealing(grow=True)
    proof = make_growth_proof(older, newer, reader_of=log.read)

    with pytest.raises(ProofRefused, match="part 3: the old tree"):
        check_growth(proof, [log.key.verifier])


def test_a_rewound_part_is_seen() -> None:
    log, older, newer = grown()

    with pytest.raises(ProofRefused, match="earlier one"):
        make_growth_proof(newer, older, reader_of=log.read)
    with pytest.raises(ProofRefused, match="rewound"):
        make_growth_proof(newer, small_log_signed_by(log), reader_of=log.read)


def small_log_signed_by(log: SealedLog) -> str:
    return sign_checkpoint(small_log().checkpoint(minute=2), [log.key])


def test_two_logs_do_not_continue_one_another() -> None:
    log, older, newer = grown()
    other = newer.replace("log.example", "lag.example")

    with pytest.raises(ProofRefused, match="two logs"):
        make_growth_proof(older, other, reader_of=log.read)


@pytest.mark.parametrize(
    "changes",
    [
        {"tenure_growth_proof": 2},
        {"paths": {}},
        {"paths": []},
        {"paths": {"3": [], "63": []}},
        {"paths": {"3": [b64encode(bytes(32)).decode()] * 5, "63": []}},
        {"older": ""},
        {"newer": None},
        {"more": 1},
    ],
)
def test_a_spoiled_growth_proof_is_refused(changes: dict[str, Any]) -> None:
    log, proof = proof_of_growth()

    with pytest.raises(SealError):
        check_growth({**proof, **changes}, [log.key.verifier])


def test_every_hash_of_every_path_counts() -> None:
    log, proof = proof_of_growth()
    for hashes in proof["paths"].values():
        for place in range(len(hashes)):
            kept, hashes[place] = hashes[place], b64encode(bytes(32)).decode()
            with pytest.raises(ProofRefused):
                check_growth(proof, [log.key.verifier])
            hashes[place] = kept


def test_a_missing_node_stops_the_making() -> None:
    log, older, newer = grown()
    log.nodes[3].clear()

    with pytest.raises(MissingNode):
        make_growth_proof(older, newer, reader_of=log.read)
