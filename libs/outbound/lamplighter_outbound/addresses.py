"""What an address is: public, or of which closed kind; also inside an address that wraps another. Pure.

The ranges are those of the IANA registries of special-purpose addresses (RFC 6890 and its successors), and the
addresses outside of them at which clouds answer with credentials.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOCAL = ("a loopback address", "a private address", "a shared address of a carrier (CGNAT)")
"""Kinds that a machine of one's own may have: a host that rules name may be at one."""
LINK_LOCAL = "a link-local address, where clouds keep their metadata"
METADATA = "an address at which a cloud answers machines about themselves"
RESERVED = "a reserved address"

_LOOPBACK, _PRIVATE, _CARRIER = LOCAL
_KINDS: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for kind, networks in {
        _LOOPBACK: ("127.0.0.0/8", "::1/128"),
        METADATA: (
            "168.63.129.16/32",
            "100.100.100.200/32",
            "192.0.0.192/32",
            "fd00:ec2::/32",
            "fd20:ce::/32",
        ),
        _PRIVATE: ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
        _CARRIER: ("100.64.0.0/10",),
        LINK_LOCAL: ("169.254.0.0/16", "fe80::/10"),
        "an unspecified address": ("0.0.0.0/8", "::/128"),
        "a multicast address": ("224.0.0.0/4", "ff00::/8"),
        "an address of documentation": (
            "192.0.2.0/24",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "2001:db8::/32",
            "3fff::/20",
        ),
        RESERVED: (
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "240.0.0.0/4",
            "100::/64",
            "64:ff9b:1::/48",
            "5f00::/16",
        ),
    }.items()
    for network in networks
)
_MAPPED, _NAT64 = IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96")
_COMPATIBLE, _TRANSLATED = IPv6Network("::/96"), IPv6Network("::ffff:0:0:0/96")
_ASSIGNED, _PROTOCOLS = IPv6Network("2000::/3"), IPv6Network("2001::/23")
_ISATAP = (0x5EFE, 0x2005EFE)
_LOW = 0xFFFFFFFF


def closed(address: Address) -> list[tuple[Address, str]]:
    """What of it is not public, and of which kind that is, for people: the address, or one that it wraps."""
    parts: list[Address] = [address, *wrapped(address)]
    return [(part, kind) for part in parts if (kind := _kind(part)) is not None]


def plain(address: Address) -> Address:
    """The one that the system connects to: an IPv4 address that is mapped is that address."""
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def wrapped(address: Address) -> Iterator[IPv4Address]:
    """IPv4 addresses that a packet to it may end at: 6to4, Teredo, NAT64, ISATAP, and older forms."""
    if isinstance(address, IPv4Address):
        return
    low = int(address) & _LOW
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if any(address in network for network in (_MAPPED, _NAT64, _TRANSLATED)):
        yield IPv4Address(low)
    if address in _COMPATIBLE and low > 1:
        yield IPv4Address(low)
    if (int(address) >> 32) & _LOW in _ISATAP:
        yield IPv4Address(low)


def _kind(address: Address) -> str | None:
    """Of the address itself. One that wraps another is as that one is."""
    for network, kind in _KINDS:
        if address in network:
            return kind
    if isinstance(address, IPv4Address) or any(wrapped(address)):
        return None
    return None if address in _ASSIGNED and address not in _PROTOCOLS else RESERVED
