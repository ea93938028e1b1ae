"""Where a request came from: nobody chooses an address of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_gateway.access.addresses import client_address, neighbourhood, read_networks

TRUSTED = read_networks("10.0.0.0/8, fd00::/8,127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "1.2.3.4, unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", " 203.0.113.9 ", "203.0.113.9"),
        ("", "203.0.113.9", ""),
        ("/run/proxy.sock", "203.0.113.9", "/run/proxy.sock"),
    ],
)
def test_whom_to_believe(peer: str, forwarded: str, address: str) -> None:
    assert client_address(peer, forwarded, TRUSTED) == address


@given(st.text())
def test_without_trusted_proxies_nothing_is_believed(forwarded: str) -> None:
    assert client_address("203.0.113.9", forwarded, ()) == "203.0.113.9"
    client_address("10.0.0.1", forwarded, TRUSTED)


def test_a_client_of_ipv6_has_a_whole_network() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:0:1") == "2001:db8::/64"
    assert neighbourhood("203.0.113.9") == "203.0.113.9"
    assert neighbourhood("") == ""


@pytest.mark.parametrize("text", ["x", "10.0.0.1/8", "300.0.0.0/8"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        read_networks(text)
