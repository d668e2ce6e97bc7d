"""The events that are mutated: the recorded ones where TENURE_CORPUS names them, and our own demo's."""

import json
import os
from pathlib import Path
from typing import Any

from demo.history import make_world

Json = Any  # Any: parsed JSON


def samples() -> dict[str, list[Json]]:
    """Provider to sample events."""
    by_provider: dict[str, list[Json]] = {"stripe": [], "clerk": []}
    for delivery in make_world(5, 12, days=120).deliveries:
        by_provider[delivery.provider].append(delivery.event)
    if corpus := os.environ.get("TENURE_CORPUS"):
        for provider, events in by_provider.items():
            for path in sorted((Path(corpus) / provider).glob("*.jsonl")):
                events += [json.loads(line)["event"] for line in path.read_text().splitlines()]
    return by_provider
