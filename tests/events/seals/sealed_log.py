"""A small log sealed in memory, as the sealer would do it with a database."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from events.seals.checkpoint import PARTS, Checkpoint, PartHead, sign_checkpoint
from events.seals.event_proof import make_event_proof
from events.seals.keys import SigningKey, generate_signing_key
from events.seals.leaf import LEAF_COLUMNS, leaf_hash_of_texts
from events.seals.merkle import Address, Frontier, extend
from events.seals.proofs import ReadNodes, make_inclusion
from tests.events.seals.naive_tree import reader

ORIGIN = "log.example/tenure"
START = datetime(2026, 3, 3, 9, 26, tzinfo=UTC)
PAYLOAD = '{"id":"evt_1","note":"ünïcode \\u0000 ✓","amount":1e2}'


@dataclass
class SealedLog:
    key: SigningKey = field(default_factory=lambda: generate_signing_key(ORIGIN))
    rows: dict[Address, list[str | None]] = field(default_factory=dict)
    frontiers: list[Frontier] = field(default_factory=lambda: [Frontier()] * PARTS)
    nodes: list[dict[Address, bytes]] = field(default_factory=lambda: [{} for _ in range(PARTS)])

    def append(self, part: int, count: int = 1) -> None:
        for _ in range(count):
            position = self.frontiers[part].size + 1
            self.rows[part, position] = texts = leaf_texts(part, position)
            self.frontiers[part], new = extend(self.frontiers[part], [leaf_hash_of_texts(texts)])
            self.nodes[part].update({(level, index): node for level, index, node in new})

    def checkpoint(self, minute: int = 0, *, origin: str = ORIGIN) -> Checkpoint:
        heads = tuple(
            PartHead(part, frontier.size, frontier.root) for part, frontier in enumerate(self.frontiers)
        )
        return Checkpoint(origin, START + timedelta(minutes=minute), heads)

    def signed(self, minute: int = 0) -> str:
        return sign_checkpoint(self.checkpoint(minute), [self.key])

    def read(self, part: int) -> ReadNodes:
        return reader(self.nodes[part])[0]

    def proof(self, part: int, position: int, *, erased: bool = False) -> dict[str, Any]:
        size = self.frontiers[part].size
        return make_event_proof(
            self.rows[part, position],
            salt=None if erased else salt(position),
            payload=None if erased else PAYLOAD,
            part_path=make_inclusion(position - 1, size, read_nodes=self.read(part)),
            checkpoint=self.signed(),
        )


def salt(position: int) -> bytes:
    return position.to_bytes(16, "big")


def leaf_texts(part: int, position: int) -> list[str | None]:
    fields: dict[str, str | None] = {
        "part": str(part),
        "position": str(position),
        "id": str(UUID(int=part << 64 | position)),
        "source_system": "stripe",
        "idempotency_key": f"evt_{position}",
        "livemode": "true",
        "route_key": "cus_1",
        "aggregate_type": "stripe_customer",
        "aggregate_id": "cus_1",
        "event_type": "stripe.customer.updated",
        "event_version": "1",
        "metadata": '{"account": null, "actor": "stripé"}',
        "correlation_id": "",
        "causation_id": None,
        "occurred_at": "1772529960000000",
        "recorded_at": str(1772529960000000 + position),
        "payload_digest": sha256(salt(position) + PAYLOAD.encode()).hexdigest(),
    }
    return [fields[column] for column in LEAF_COLUMNS]


def small_log() -> SealedLog:
    log = SealedLog()
    for part, count in ((0, 1), (3, 11), (63, 4)):
        log.append(part, count)
    return log
