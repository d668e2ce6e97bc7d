"""Clerk's Backend API as far as reconciling needs it: users in pages, and one by one.

Source: https://clerk.com/docs/reference/backend-api/tag/users/get/users,
https://clerk.com/docs/reference/backend-api/tag/instance-settings/get/instance
"""

from collections.abc import Iterator
from types import TracebackType

import httpx
import msgspec
import structlog
from msgspec import Raw, Struct

from events.clock import Clock
from providers.reconcile.errors import NotThere, ProviderAway, ProviderRefused
from providers.reconcile.http_retry import ProviderResponse, ask
from providers.reconcile.rate_limit import RateLimit

PROVIDER = "clerk"
PAGE = 200
# A user deleted during the read moves all later users one place forward, past the page's edge.
OVERLAP = 20
TIMEOUT_S = 30.0
UNREADABLE = b"null"
RATE = 10.0  # Clerk allows 1000 requests in 10 s; the application itself needs them more


class _Instance(Struct):
    id: str


_log = structlog.get_logger("tenure.reconcile")
_INSTANCE = msgspec.json.Decoder(_Instance)
_USERS = msgspec.json.Decoder(list[Raw])


class ClerkApi:
    """One Clerk instance; close it, or use it as a block."""

    def __init__(
        self,
        key: str,
        *,
        base: str,
        clock: Clock,
        pace: RateLimit | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._clock = clock
        self._pace = pace or RateLimit(RATE)
        self._client = httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=timeout_s
        )

    scope = PROVIDER

    def pages(self) -> Iterator[list[bytes]]:
        """Every user, oldest first, some of them twice. Raises: ReconcileError's kinds."""
        offset, before = 0, list[bytes]()
        while True:
            users = self._listed(offset, PAGE)
            if users and users == before:
                raise ProviderAway(PROVIDER, "/users", 1, "the same page again at another offset")
            before = users
            if users:
                yield users
            if len(users) < PAGE:
                return
            offset += PAGE - OVERLAP

    def _listed(self, offset: int, limit: int) -> list[bytes]:
        """Users from `offset` on. A list that can't be parsed is requested again in halves, down to one user,
        who is `UNREADABLE`: metadata nested too deep, which a client may write, hides no other user."""
        body = self._ask(f"/users?limit={limit}&offset={offset}&order_by=%2Bcreated_at").body
        try:
            return [bytes(user) for user in _USERS.decode(body)]
        except (msgspec.MsgspecError, RecursionError) as problem:
            if not body.lstrip().startswith(b"["):
                raise ProviderAway(PROVIDER, "/users", 1, f"no list of users ({problem})") from None
        if limit == 1:
            _log.warning("clerk user unreadable", offset=offset)
            return [UNREADABLE]
        half = limit // 2
        users = [*self._listed(offset, half), *self._listed(offset + half, limit - half)]
        if limit == PAGE and set(users) <= {UNREADABLE}:
            raise ProviderAway(PROVIDER, "/users", 1, "a list without a readable user")
        return users

    def instance(self) -> str | None:
        """The id of the key's instance; None where the key may not read it."""
        try:
            return _INSTANCE.decode(self._ask("/instance").body).id
        except (NotThere, ProviderRefused, msgspec.MsgspecError):
            return None

    def user(self, user_id: str) -> bytes:
        """One user. Raises: NotThere when Clerk has no such user any more."""
        return self._ask(f"/users/{user_id}").body

    def __enter__(self) -> "ClerkApi":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def _ask(self, path: str) -> ProviderResponse:
        return ask(PROVIDER, path, lambda: self._send(path), pace=self._pace, now=self._clock)

    def _send(self, path: str) -> ProviderResponse:
        try:
            response = self._client.get(path)
        except httpx.HTTPError as problem:
            return ProviderResponse(0, message=f"no answer ({type(problem).__name__})")
        message = "" if response.is_success else response.text[:200]
        return ProviderResponse(response.status_code, response.content, dict(response.headers), message)
