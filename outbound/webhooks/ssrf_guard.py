"""SSRF guard: resolve a name once, check its addresses, and connect to a checked address.

A second resolution could return another address (DNS rebinding), so the socket is opened to the
address that was checked, while TLS and the Host header keep the name. Redirects are not followed
and no proxy is used. Source: https://cheatsheetseries.owasp.org/cheatsheets/
Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

import httpcore

from outbound.webhooks.errors import AddressRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowed = Callable[[Address], bool]
Resolve = Callable[[str, int], list[str]]

WHOLE_S = 20.0  # from the first byte to the last

_UNICAST = ipaddress.IPv6Network("2000::/3")  # the only IPv6 space IANA has handed out to the internet
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv6-only network reaches every IPv4 address through it
_LOW_32_BITS = 0xFFFF_FFFF
# Within both, what IANA's special-purpose registries set aside; is_global differs between versions of Python.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        ),
    )
)


def public(address: Address) -> bool:
    """Whether the address is public: allocated unicast space that no registry reserves.

    Of the IPv6 forms that contain an IPv4 address only NAT64's well-known prefix is public, and only
    for a public IPv4 address. Source: https://www.iana.org/assignments/iana-ipv6-special-registry/
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return public(ipaddress.IPv4Address(int(address) & _LOW_32_BITS))
        if address not in _UNICAST:
            return False
    is_special = any(address in network for network in _SPECIAL if network.version == address.version)
    return address.is_global and not address.is_multicast and not is_special


def resolved(host: str, port: int) -> list[str]:
    """Every address of the name. Raises: OSError."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


def checked(host: str, addresses: Iterable[str], allowed: Allowed) -> list[str]:
    """The addresses, if all are allowed: a name that also resolves to a private address is refused.

    Raises: AddressRefused.
    """
    texts = list(addresses)
    for text in texts:
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            raise AddressRefused(host, "an invalid IP address") from None
        if not allowed(address):
            raise AddressRefused(host, f"{address}, which is not public")
    if not texts:
        raise AddressRefused(host, "none")
    return texts


class Deadlined(httpcore.NetworkStream):
    """A connection with a deadline, so that a slow receiver can't occupy a worker for ever."""

    def __init__(self, inner: httpcore.NetworkStream, *, ends_at: float) -> None:
        self._inner = inner
        self._ends_at = ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, self._left(timeout))
        return Deadlined(secured, ends_at=self._ends_at)

    def get_extra_info(self, info: str) -> Any:  # Any: as httpcore has it
        return self._inner.get_extra_info(info)

    def _left(self, timeout: float | None) -> float:
        remaining_s = self._ends_at - monotonic()
        if remaining_s <= 0:
            raise httpcore.ReadTimeout("the delivery exceeded its deadline")
        return remaining_s if timeout is None else min(remaining_s, timeout)


class GuardedBackend(httpcore.SyncBackend):
    """Opens connections to checked addresses only."""

    def __init__(self, *, allowed: Allowed = public, resolve: Resolve = resolved) -> None:
        super().__init__()
        self._allowed = allowed
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,  # Any: as httpcore has it
    ) -> httpcore.NetworkStream:
        """Connect to the first reachable checked address. Raises: AddressRefused, httpcore.ConnectError."""
        try:
            addresses = checked(host, self._resolve(host, port), self._allowed)
        except (OSError, UnicodeError) as problem:
            raise httpcore.ConnectError(f"no address ({type(problem).__name__})") from problem
        last: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses[:3]:
            try:
                opened = super().connect_tcp(address, port, timeout, local_address, socket_options)
                return Deadlined(opened, ends_at=monotonic() + WHOLE_S)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                last = problem
        assert last is not None  # at least one address was tried
        raise last

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:  # Any: as httpcore has it
        """Refuse Unix sockets. Raises: AddressRefused."""
        raise AddressRefused("unix socket", "no network")
