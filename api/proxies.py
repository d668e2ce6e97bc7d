"""WSGI middleware that accepts a client's address and TLS from trusted reverse proxies."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix

Network = IPv4Network | IPv6Network

UNTRUSTED = "tenure.untrusted_proxy"


class TrustedProxies:
    """Applies `X-Forwarded-For` and `X-Forwarded-Proto` of requests that come from one of `networks`.

    From other addresses they are ignored: a client could forge them. An untrusted address that claims TLS is
    stored in the environment under `UNTRUSTED`, so that the sign-in page can name the missing setting.
    """

    def __init__(self, app: WSGIApplication, networks: Sequence[Network]) -> None:
        self._app = app
        self._behind_proxy = ProxyFix(app, x_for=1, x_proto=1, x_host=0)
        self._networks = networks

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        peer = environ.get("REMOTE_ADDR", "")
        if self._trusts(peer):
            return self._behind_proxy(environ, start_response)
        if environ.get("HTTP_X_FORWARDED_PROTO", "").lower() == "https":
            environ[UNTRUSTED] = peer
        return self._app(environ, start_response)

    def _trusts(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:  # a Unix socket has no address
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)
