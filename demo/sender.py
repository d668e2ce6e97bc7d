"""Posting signed webhooks as providers do: out of order, some twice, again after a 503."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from random import Random
from typing import Protocol

import httpx

from demo.deliveries import DemoDelivery
from demo.errors import DeliveryRefused
from demo.signing import sign
from events.clock import Clock

SENDERS = 8
ATTEMPTS = 6
AGAIN_S = 0.5  # real providers wait minutes


class SigningSecrets(Protocol):
    """The secrets that the service checks deliveries with."""

    @property
    def stripe(self) -> str: ...

    @property
    def clerk(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to knock, and with which secrets."""

    client: httpx.Client
    secrets: SigningSecrets
    clock: Clock
    pause: Callable[[float], None] = time.sleep


def disordered(
    deliveries: Sequence[DemoDelivery], *, seed: int, twice: float, late: int = 40
) -> list[DemoDelivery]:
    """Each delivery at least once, some again, each up to `late` places from where it belongs."""
    random = Random(f"disorder {seed}")  # noqa: S311 - the same disorder again, not secrets
    placed = [(place + random.uniform(0, late), place) for place in range(len(deliveries))]
    again = [
        (place + random.uniform(0, 4 * late), place)
        for place in range(len(deliveries))
        if random.random() < twice
    ]
    return [deliveries[place] for _, place in sorted(placed + again)]


def post_all(
    doors: Target, deliveries: Iterable[DemoDelivery], *, heard: Callable[[str], None]
) -> Counter[str]:
    """How often each answer came; `heard` is called with each.

    Raises: DeliveryRefused when a door refuses, or nobody answers.
    """
    answers: Counter[str] = Counter()
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="sender") as senders:
        running: set[Future[str]] = set()
        for delivery in deliveries:
            if len(running) >= 2 * SENDERS:  # a failure ends it soon, and memory stays small
                running = _collect(running, answers, heard)
            running.add(senders.submit(post, doors, delivery))
        while running:
            running = _collect(running, answers, heard)
    return answers


def post(doors: Target, delivery: DemoDelivery) -> str:
    """The door's answer: appended, duplicate or conflict.

    Raises: DeliveryRefused.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            doors.pause(AGAIN_S * attempt)
        try:
            answer = _post_once(doors, delivery)
        except httpx.TransportError:
            continue
        if answer.status_code == httpx.codes.OK:
            return str(answer.json()["status"])
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            raise DeliveryRefused(
                f"POST {answer.url.path} was answered {answer.status_code}: {_hint(answer)}"
            )
    raise DeliveryRefused(f"no service answers at {doors.client.base_url}; start it: tenure run")


def _post_once(doors: Target, delivery: DemoDelivery) -> httpx.Response:
    headers = sign(
        delivery,
        stripe_secret=doors.secrets.stripe,
        clerk_secret=doors.secrets.clerk,
        at=doors.clock(),
    )
    return doors.client.post(f"/webhooks/{delivery.provider}", content=delivery.body, headers=headers)


def _hint(answer: httpx.Response) -> str:
    if answer.status_code == httpx.codes.BAD_REQUEST:
        return "the service has other signing secrets; run this where its TENURE_DATA_DIR or .env is"
    return f"expected 200; is that Tenure at {answer.url.host}?"


def _collect(
    running: set[Future[str]], answers: Counter[str], heard: Callable[[str], None]
) -> set[Future[str]]:
    done, waiting = wait(running, return_when=FIRST_COMPLETED)
    for each in done:
        answer = each.result()
        answers[answer] += 1
        heard(answer)
    return waiting
