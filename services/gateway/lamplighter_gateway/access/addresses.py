"""Where a request came from: its peer, or what a proxy that is trusted says of it."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>[\d.]+):\d+", re.ASCII)


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks, with commas between them. Raises `ValueError`."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """`forwarded` is X-Forwarded-For, to which each proxy adds at the end whom it heard: only what trusted ones
    added is believed, so that nobody writes an address of their own choice before it."""
    found = _read(peer)
    if found is None:
        return peer
    for hop in reversed(forwarded.split(",")):
        if not any(found in network for network in trusted):
            break
        before = _read(hop)
        if before is None:
            break
        found = before
    return str(found)


def neighbourhood(address: str) -> str:
    """What one client may call its own: an address, of IPv6 the network of 64 bits that it is in."""
    found = _read(address)
    return str(IPv6Network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address


def _read(text: str) -> Address | None:
    text = text.strip()
    if match := _WITH_PORT.fullmatch(text):
        text = match["six"] or match["four"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
