# ruff: noqa: S104
"""Which hosts and addresses requests may go to: 70 ways to write a closed one, and what rules open."""

import httpx2
import pytest

from lamplighter_contracts.environments import NetworkRules
from lamplighter_outbound import Guard, NotAllowed

PUBLIC = "93.184.216.34"


async def _public(name: str, port: int) -> list[str]:
    return [PUBLIC]


async def _reach(url: str, guard: Guard) -> list[str]:
    parsed = httpx2.URL(url)
    guard.check(parsed)
    return await guard.addresses(parsed.raw_host.decode(), parsed.port or 80)


def _at(*addresses: str, hosts: tuple[str, ...] | None = None, ranges: tuple[str, ...] = ()) -> Guard:
    """A guard for whom every name is at these addresses."""

    async def resolve(name: str, port: int) -> list[str]:
        return list(addresses)

    return Guard(NetworkRules(hosts=hosts, ranges=ranges), resolve=resolve)


CLOSED = [
    # Loopback, in the spellings that one system or another takes for an address.
    "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.255.255.254", "2130706433", "017700000001", "0x7f000001",
    "0x7f.0.0.1", "0x7F.1", "0177.0.0.1", "0177.1", "127.0.0.01", "00000127.0.0.1", "127.0.0.1:80", "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1", "127。0。0。1", "127．0．0．1", "１２７.０.０.１", "①②⑦.⓪.⓪.①", "ⓛocalhost",  # noqa: RUF001
    "localhost", "localhost.", "LOCALHOST", "0", "0.0.0.0", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]",
    # An address inside another.
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]",
    "[2001:0:7f00:1::]", "[2001:0:5db8:d822::80ff:fffe]", "[2a00:1:2:3:0:5efe:10.0.0.1]", "[::ffff:169.254.169.254]",
    # Metadata of clouds.
    "169.254.169.254", "169.254.169.254.", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518",
    "[fd00:ec2::254]", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    # Private, link-local, carrier's, multicast, reserved.
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "[fe80::1]", "[fe80::1%25eth0]",
    "[fc00::1]", "[fdff::1]", "[fec0::1]", "224.0.0.1", "239.255.255.250", "[ff02::1]", "240.0.0.1",
    "255.255.255.255", "198.18.0.1", "192.0.2.1", "[2001:db8::1]", "[100::1]", "[4000::1]", "[5f00::1]",
    # A user that looks like the host.
    "public.example@127.0.0.1", "public.example:80@127.0.0.1", "public.example\\@127.0.0.1",
    "127.0.0.1#@public.example",
    "127.0.0.1?@public.example", "127.0.0.1\\@public.example", "user:password@public.example",
]  # fmt: skip


@pytest.mark.parametrize("host", CLOSED)
async def test_a_closed_address_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises((NotAllowed, httpx2.InvalidURL)):
        await _reach(f"http://{host}/", Guard(NetworkRules()))


@pytest.mark.parametrize("host", CLOSED)
async def test_so_is_one_that_a_list_of_hosts_does_not_name(host: str) -> None:
    with pytest.raises((NotAllowed, httpx2.InvalidURL)):
        await _reach(
            f"http://{host}/", Guard(NetworkRules(hosts=("public.example", "*")), ("public.example",))
        )


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "0.0.0.0",
    ],
)
async def test_a_name_at_a_closed_address_is_refused(address: str) -> None:
    with pytest.raises(NotAllowed, match=r"'public\.example' is not allowed: it is at"):
        await _reach("http://public.example/", _at(PUBLIC, address))


@pytest.mark.parametrize("scheme", ["ftp", "file", "gopher", "ws", "unix", "https+unix"])
async def test_only_http_is_spoken(scheme: str) -> None:
    with pytest.raises(NotAllowed, match="only http and https"):
        await _reach(f"{scheme}://public.example/", Guard(NetworkRules(), resolve=_public))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("public.example", PUBLIC),
        ("PUBLIC.example.", PUBLIC),
        ("bücher.example", PUBLIC),
        ("a_b.example:8080", PUBLIC),
        ("8.8.8.8", "8.8.8.8"),
        ("[2606:4700::1111]", "2606:4700::1111"),
        ("[::ffff:8.8.8.8]", "8.8.8.8"),
        ("[64:ff9b::8.8.8.8]", "64:ff9b::808:808"),
    ],
)
async def test_what_is_public_is_open(host: str, address: str) -> None:
    assert await _reach(f"https://{host}/", Guard(NetworkRules(), resolve=_public)) == [address]


async def test_a_list_of_hosts_closes_all_others() -> None:
    guard = Guard(NetworkRules(hosts=("api.example", "*.parts.example")), resolve=_public)
    for host in ("api.example", "API.example", "a.parts.example", "a.b.parts.example"):
        assert await _reach(f"http://{host}/", guard)
    for host in ("example", "x.api.example", "parts.example", "badparts.example", "api.example.evil.test"):
        with pytest.raises(NotAllowed, match=r"the hosts that the environment allows are api\.example, "):
            await _reach(f"http://{host}/", guard)


async def test_a_tool_reaches_what_both_lists_allow() -> None:
    guard = Guard(NetworkRules(hosts=("a.example", "b.example")), ("b.example", "c.example"), resolve=_public)
    assert await _reach("http://b.example/", guard)
    with pytest.raises(NotAllowed, match=r"that the tool may reach are b\.example"):
        await _reach("http://a.example/", guard)
    with pytest.raises(NotAllowed, match="that the environment allows are"):
        await _reach("http://c.example/", guard)


async def test_what_a_tool_names_is_not_opened_by_that() -> None:
    with pytest.raises(NotAllowed, match="a loopback address"):
        await _reach("http://localhost/", Guard(NetworkRules(), ("localhost", "127.0.0.1")))


async def test_a_host_that_the_environment_names_may_be_a_private_one() -> None:
    assert await _reach("http://model.local/", _at("10.0.0.7", hosts=("model.local",))) == ["10.0.0.7"]
    assert await _reach("http://gpu.lab.example/", _at("127.0.0.1", hosts=("*.lab.example",))) == [
        "127.0.0.1"
    ]
    assert await _reach("http://127.0.0.1/", _at(hosts=("127.0.0.1",))) == ["127.0.0.1"]
    assert await _reach("http://[::1]/", _at(hosts=("[::1]",))) == ["::1"]
    assert await _reach("http://[0::1]/", _at(hosts=("::1",))) == ["::1"]


async def test_a_name_does_not_open_the_metadata_of_a_cloud() -> None:
    for address in ("169.254.169.254", "fd00:ec2::254", "168.63.129.16", "0.0.0.0", "224.0.0.1"):
        with pytest.raises(NotAllowed):
            await _reach("http://model.local/", _at(address, hosts=("model.local",)))
    assert await _reach("http://169.254.169.254/", _at(hosts=("169.254.169.254",))), "who writes it means it"


async def test_any_host_does_not_mean_private_ones() -> None:
    with pytest.raises(NotAllowed):
        await _reach("http://model.local/", _at("10.0.0.7", hosts=("*",)))


async def test_a_range_opens_addresses() -> None:
    guard = _at("10.1.2.3", ranges=("10.1.0.0/16", "::1", "999.1"))
    assert await _reach("http://any.example/", guard) == ["10.1.2.3"]
    assert await _reach("http://[::ffff:10.1.0.9]/", guard) == ["10.1.0.9"]
    assert await _reach("http://[::1]/", guard) == ["::1"]
    for host in ("10.2.0.1", "127.0.0.1", "[fe80::5efe:10.1.0.1]"):
        with pytest.raises(NotAllowed):
            await _reach(f"http://{host}/", guard)


async def test_a_refusal_says_which_host_which_rule_and_what_to_do() -> None:
    with pytest.raises(NotAllowed) as refused:
        await _reach("http://model.local/", _at("10.0.0.7"))
    assert str(refused.value) == (
        "A request to 'model.local' is not allowed: it is at 10.0.0.7, a private address. Where that is meant, name "
        "the host in the network rules of the environment (network.hosts), or open the address there (network.ranges)."
    )


@pytest.mark.parametrize("host", ["134744072", "0x08080808", "8.8.2056", "8.0x8.8.8", "1.2.3.4.5"])
async def test_an_address_in_an_odd_spelling_is_refused_also_where_it_is_public(host: str) -> None:
    with pytest.raises(NotAllowed, match="is not the usual spelling"):
        await _reach(f"http://{host}/", Guard(NetworkRules(), resolve=_public))
