"""Which requests may say by which proxy, for whom and over TLS they came."""

from ipaddress import ip_network

import pytest
from flask import Flask, request

from api.proxies import UNTRUSTED, TrustedProxies

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("peer", "address", "scheme", "untrusted"),
    [
        ("10.1.2.3", "203.0.113.9", "https", None),
        ("::ffff:10.1.2.3", "203.0.113.9", "https", None),
        ("fd00::7", "203.0.113.9", "https", None),
        ("10.2.0.1", "10.2.0.1", "http", "10.2.0.1"),
        ("", "", "http", ""),
    ],
)
def test_only_a_trusted_proxy_is_believed(
    peer: str, address: str, scheme: str, untrusted: str | None
) -> None:
    app = Flask(__name__)
    networks = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    app.wsgi_app = TrustedProxies(app.wsgi_app, networks)  # type: ignore[method-assign]

    @app.get("/")
    def show() -> list[str | None]:
        return [request.remote_addr, request.scheme, request.environ.get(UNTRUSTED)]

    response = app.test_client().get("/", headers=FORWARDED, environ_base={"REMOTE_ADDR": peer})

    assert response.json == [address, scheme, untrusted]
