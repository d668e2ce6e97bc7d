"""Post signed webhooks as providers do: out of order, some twice, again after a 503."""

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
    """The service's HTTP client, and the secrets it expects."""

    client: httpx.Client
    secrets: SigningSecrets
    clock: Clock
    pause: Callable[[float], None] = time.sleep


def disordered(
    deliveries: Sequence[DemoDelivery], *, seed: int, twice: float, late: int = 40
) -> list[DemoDelivery]:
    """Each delivery at least once, some twice, each up to `late` places out of order."""
    random = Random(f"disorder {seed}")  # noqa: S311 - the same disorder again, not secrets
    placed = [(place + random.uniform(0, late), place) for place in range(len(deliveries))]
    again = [
        (place + random.uniform(0, 4 * late), place)
        for place in range(len(deliveries))
        if random.random() < twice
    ]
    return [deliveries[place] for _, place in sorted(placed + again)]


def post_all(
    target: Target, deliveries: Iterable[DemoDelivery], *, on_progress: Callable[[str], None]
) -> Counter[str]:
    """The number of responses per outcome; `on_progress` is called with each outcome.

    Raises: DeliveryRefused if an endpoint refuses, or the service does not answer.
    """
    answers: Counter[str] = Counter()
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="sender") as senders:
        running: set[Future[str]] = set()
        for delivery in deliveries:
            if len(running) >= 2 * SENDERS:  # so a failure stops it soon, and memory use is bounded
                running = _collect(running, answers, on_progress)
            running.add(senders.submit(post, target, delivery))
        while running:
            running = _collect(running, answers, on_progress)
    return answers


def post(target: Target, delivery: DemoDelivery) -> str:
    """The endpoint's outcome: appended, duplicate or conflict.

    Raises: DeliveryRefused.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            target.pause(AGAIN_S * attempt)
        try:
            answer = _post_once(target, delivery)
        except httpx.TransportError:
            continue
        if answer.status_code == httpx.codes.OK:
            return str(answer.json()["status"])
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            raise DeliveryRefused(
                f"POST {answer.url.path} was answered {answer.status_code}: {_hint(answer)}"
            )
    raise DeliveryRefused(f"no service answers at {target.client.base_url}; start it: tenure run")


def _post_once(target: Target, delivery: DemoDelivery) -> httpx.Response:
    headers = sign(
        delivery,
        stripe_secret=target.secrets.stripe,
        clerk_secret=target.secrets.clerk,
        at=target.clock(),
    )
    return target.client.post(f"/webhooks/{delivery.provider}", content=delivery.body, headers=headers)


def _hint(answer: httpx.Response) -> str:
    if answer.status_code == httpx.codes.BAD_REQUEST:
        return "the service has other signing secrets; run this where its TENURE_DATA_DIR or .env is"
    return f"expected 200; is that Tenure at {answer.url.host}?"


def _collect(
    running: set[Future[str]], answers: Counter[str], on_progress: Callable[[str], None]
) -> set[Future[str]]:
    done, waiting = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        answer = future.result()
        answers[answer] += 1
        on_progress(answer)
    return waiting
