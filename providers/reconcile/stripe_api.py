"""The part of Stripe's API that reconciliation needs: lists page by page and single objects, as bytes.

Bodies stay bytes because an event from the API goes into the log as it was rendered, and a round trip
through Python would change numbers that JSON allows and Python does not preserve.
Source: https://docs.stripe.com/api/pagination, https://docs.stripe.com/rate-limits
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import stripe
from msgspec import Raw, Struct

from events.clock import Clock
from providers.reconcile.errors import NotThere, ProviderAway, ProviderRefused
from providers.reconcile.http_retry import ProviderResponse, ask, header, http_date
from providers.reconcile.rate_limit import RateLimit

PROVIDER = "stripe"
PAGE = 100
TIMEOUT_S = 30.0


class _List(Struct):
    data: list[Raw]
    has_more: bool = False


class _Named(Struct):
    id: str


_LIST = msgspec.json.Decoder(_List)
_NAMED = msgspec.json.Decoder(_Named)


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Objects as they were rendered. `observed_at`: no later than they were read, whole seconds."""

    objects: list[bytes]
    last_id: str | None
    has_more: bool
    observed_at: datetime


class StripeApi:
    """One account of one API key. Threads may share it."""

    def __init__(
        self,
        key: str,
        *,
        base: str,
        clock: Clock,
        account: str | None = None,
        pace: RateLimit | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.account = account
        self.livemode = not key.startswith(("sk_test_", "rk_test_"))
        self._clock = clock
        self._pace = pace or RateLimit()
        self._client = stripe.StripeClient(
            key,
            stripe_account=account,
            base_addresses={"api": base},
            max_network_retries=0,  # `ask` tries again, and knows the pace
            http_client=stripe.RequestsClient(timeout=timeout_s),
        )

    @property
    def scope(self) -> str:
        """The key of this account's cursors."""
        mode = "live" if self.livemode else "test"
        return ":".join(filter(None, (PROVIDER, self.account, mode)))

    def account_id(self) -> str | None:
        """The id of the key's account; None where the key may not read it."""
        try:
            return _NAMED.decode(self.one("/v1/account")[0]).id
        except (NotThere, ProviderRefused, msgspec.MsgspecError):
            return None

    def page(self, path: str, **params: Any) -> ObjectPage:  # Any: Stripe's query parameters
        """One page of a list. Raises: ReconcileError's kinds."""
        began, answer = self._ask(path, {"limit": PAGE, **params})
        try:
            listing = _LIST.decode(answer.body)
            last = _NAMED.decode(listing.data[-1]).id if listing.data else None
        except msgspec.MsgspecError as problem:
            raise ProviderAway(PROVIDER, path, 1, f"no list ({problem})") from None
        objects = [bytes(body) for body in listing.data]
        return ObjectPage(objects, last, listing.has_more and last is not None, _observed_at(began, answer))

    def pages(self, path: str, *, after: str | None = None, **params: Any) -> Iterator[ObjectPage]:
        """All pages from `after` on; Any: as above. Raises: ReconcileError's kinds."""
        while True:
            page = self.page(path, **params, **({} if after is None else {"starting_after": after}))
            yield page
            if not page.has_more:
                return
            if page.last_id == after:
                raise ProviderAway(PROVIDER, path, 1, "more pages, but none after the last object")
            after = page.last_id

    def one(self, path: str, **params: Any) -> tuple[bytes, datetime]:  # Any: as above
        """One object, and an instant no later than it was read. Raises: ReconcileError's kinds."""
        began, answer = self._ask(path, params)
        return answer.body, _observed_at(began, answer)

    def _ask(
        self, path: str, params: Mapping[str, Any]
    ) -> tuple[datetime, ProviderResponse]:  # Any: as above
        began: list[datetime] = []

        def send() -> ProviderResponse:
            began[:] = [self._clock()]
            return _sent(lambda: self._client.raw_request("get", path, **params))

        answer = ask(PROVIDER, path, send, pace=self._pace, now=self._clock)
        return began[0], answer


def _sent(request: Callable[[], Any]) -> ProviderResponse:  # Any: stripe's own response
    try:
        response = request()
    except stripe.APIConnectionError as problem:
        return ProviderResponse(0, message=f"no connection ({_first_line(problem)})")
    except stripe.StripeError as problem:
        # Its message may name ids, never a key: Stripe masks those itself.
        status = problem.http_status or 0
        refused = 500 if 200 <= status < 300 else status  # a response that is not JSON
        return ProviderResponse(refused, headers=problem.headers, message=_first_line(problem))
    except ValueError as problem:
        return ProviderResponse(0, message=f"a response that is not JSON ({type(problem).__name__})")
    return ProviderResponse(response.code, response.body.encode(), response.headers)


def _first_line(problem: stripe.StripeError) -> str:
    text = (problem.user_message or str(problem)).strip()
    return text.partition("\n")[0][:300]


def _observed_at(began: datetime, answer: ProviderResponse) -> datetime:
    """The second before the read, by the slower of Stripe's clock and the local one.

    An event of the same second may have happened before or after the read; it is folded after an
    observation one second older, so it decides, and if it came before, it has the same content.
    """
    theirs = http_date(header(answer.headers or {}, "date"))
    at = min(began, theirs) if theirs is not None else began
    return at.replace(microsecond=0) - timedelta(seconds=1)
