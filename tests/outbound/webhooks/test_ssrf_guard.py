"""No name and no notation leads our webhooks into a private network."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.webhooks.destinations import check_url
from outbound.webhooks.errors import AddressRefused, BadDestination
from outbound.webhooks.ssrf_guard import GuardedBackend, checked, public

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "::10.0.0.1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "64:ff9b:1::101:101",  # local-use NAT64: leads wherever the operator's network sends it
    "64:ff9b::6440:1",
    "64:ff9b::c0a8:101",
    "2001:db8::1",
    "3fff::1",
    "fec0::1",  # site-local, deprecated, and routed inside all the same
    "feff::1",
    "febf::1",
    "::ffff:0:0",
    "::ffff:100.64.0.1",
    "::ffff:1.1.1.1",  # a mapped address is a notation, none a name server answers with
    "::ffff:0:10.0.0.1",
    "2002:c0a8:101::1",
    "2002:101:101::1",  # 6to4 and Teredo are tunnels, whatever they carry
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:0:a00:1::1",
    "2001:10::1",
    "2001:20::1",
    "100::1",
    "100:0:0:1::1",
    "5f00::1",
    "4000::1",
    "8000::1",
    "192.88.99.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "239.255.255.250",
    "192.0.0.9",
]


@pytest.mark.parametrize("text", INSIDE)
def test_every_private_range_in_every_notation_is_refused(text: str) -> None:
    assert not public(ipaddress.ip_address(text))


OUTSIDE = ["1.1.1.1", "8.8.8.8", "198.17.255.255", "2606:4700::1111", "2a00:1450::1", "64:ff9b::101:101"]


@pytest.mark.parametrize("text", OUTSIDE)
def test_the_internet_is_allowed(text: str) -> None:
    assert public(ipaddress.ip_address(text))


@given(st.ip_addresses(v=6))
def test_only_allocated_unicast_space_is_public(address: ipaddress.IPv6Address) -> None:
    allocated = address in ipaddress.ip_network("2000::/3") or address in ipaddress.ip_network("64:ff9b::/96")

    assert allocated or not public(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8"), st.sampled_from(("::ffff:{}", "64:ff9b::{}", "::{}")))
def test_an_ipv4_address_in_an_ipv6_one_is_looked_at(inner: ipaddress.IPv4Address, form: str) -> None:
    assert not public(ipaddress.ip_address(form.format(inner)))


def test_a_name_that_also_leads_inside_is_refused_whole() -> None:
    with pytest.raises(AddressRefused):
        checked("both.example", ["1.1.1.1", "10.0.0.1"], public)


def test_the_name_is_resolved_once_and_that_address_is_used() -> None:
    """A second answer of the name server (rebinding) is never asked for."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    resolved: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        resolved.append(host)
        return answers.pop(0)

    backend = GuardedBackend(allowed=lambda address: str(address) == "127.0.0.1", resolve=resolve)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        opened = backend.connect_tcp("rebinding.example", listener.getsockname()[1], timeout=5)

        assert opened.get_extra_info("server_addr")[0] == "127.0.0.1"
        opened.close()
    assert resolved == ["rebinding.example"]


def test_no_socket_is_opened_to_a_private_address() -> None:
    backend = GuardedBackend(resolve=lambda *_: ["169.254.169.254"])

    with pytest.raises(AddressRefused, match=r"metadata\.example"):
        backend.connect_tcp("metadata.example", 80)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://user:pass@example.com/",
        "https:///nohost",
        "https://exa mple.com/",
        "https://example.com/#part",
        "ftp://example.com",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://exämple.com/",
        "javascript:alert(1)",
        "https://example.com/" + "a" * 2_000,
    ],
)
def test_a_url_that_can_surprise_is_refused(url: str) -> None:
    with pytest.raises(BadDestination):
        check_url(url)


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]:8443/x"])
def test_a_private_address_written_out_is_refused_at_once(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url)
