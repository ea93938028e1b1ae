"""Requests over real sockets: each name looked up once, redirects checked, answers bounded, no proxy."""

import asyncio
import gzip
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lamplighter_contracts.environments import NetworkRules
from lamplighter_outbound import Guard, NotAllowed, TooLarge, guarded_client, read_limited
from tests.support.scripted.agent import Answer, scripted_agent, text

OPEN = NetworkRules(ranges=("127.0.0.1/32",))


class Names:
    """A resolver that answers from a list, one after the other."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, name: str, port: int) -> list[str]:
        self.asked.append(name)
        return self.answers.pop(0)


async def test_a_name_is_looked_up_once_and_connected_to_where_it_was_checked() -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    async with scripted_agent() as meant, scripted_agent("127.0.0.2", meant.port) as trap:
        meant.script("GET", "/", text("meant"))
        trap.script("GET", "/", text("trap"))
        guard = Guard(OPEN, resolve=names)
        url = f"http://rebinding.example:{meant.port}/"
        async with guarded_client(guard, timeout=5) as client:
            assert (await client.get(url)).text == "meant"
        assert names.asked == ["rebinding.example"]
        assert meant.asked[0].headers["host"] == f"rebinding.example:{meant.port}"
        async with guarded_client(guard, timeout=5) as client:
            with pytest.raises(NotAllowed, match=r"it is at 127\.0\.0\.2"):
                await client.get(url)
        assert trap.asked == []


async def test_one_closed_address_among_several_is_enough_to_refuse() -> None:
    async with (
        scripted_agent() as agent,
        guarded_client(Guard(OPEN, resolve=Names(["127.0.0.1", "127.0.0.2"])), timeout=5) as client,
    ):
        with pytest.raises(NotAllowed):
            await client.get(f"http://two.example:{agent.port}/")
        assert agent.asked == []


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    rules = NetworkRules(ranges=("127.0.0.0/8",))
    async with scripted_agent() as agent:
        agent.script("GET", "/", text("here"))
        guard = Guard(rules, resolve=Names(["127.0.0.9", "127.0.0.1"]))
        async with guarded_client(guard, timeout=5) as client:
            assert (await client.get(f"http://two.example:{agent.port}/")).text == "here"


async def test_a_name_that_does_not_exist_is_a_failed_connection() -> None:
    async def nowhere(name: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    async with guarded_client(Guard(NetworkRules(), resolve=nowhere), timeout=5) as client:
        with pytest.raises(httpx2.ConnectError, match=r"'gone\.example' could not be looked up"):
            await client.get("http://gone.example/")


async def test_a_name_that_takes_too_long_is_a_timeout() -> None:
    async def slow(name: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with guarded_client(Guard(NetworkRules(), resolve=slow), timeout=0.05) as client:
        with pytest.raises(httpx2.ConnectTimeout):
            await client.get("http://slow.example/")


async def test_tls_and_the_host_header_keep_the_name(tmp_path: Path) -> None:
    server, trust = _tls(tmp_path, "agent.example")
    async with scripted_agent(tls=server) as agent:
        agent.script("GET", "/", text("sealed"))
        guard = Guard(OPEN, resolve=Names(["127.0.0.1"], ["127.0.0.1"]))
        async with guarded_client(guard, timeout=5, tls=trust) as client:
            assert (await client.get(f"https://agent.example:{agent.port}/")).text == "sealed"
            assert agent.names == ["agent.example"]
            assert agent.asked[0].headers["host"] == f"agent.example:{agent.port}"
            with pytest.raises(httpx2.ConnectError):
                await client.get(f"https://other.example:{agent.port}/")


async def test_a_redirect_is_not_followed_unless_asked_and_then_checked() -> None:
    async with scripted_agent() as agent:
        agent.script("GET", "/away", Answer(302, {"location": "http://169.254.169.254/latest/meta-data"}))
        agent.script("GET", "/here", Answer(302, {"location": "/there"}))
        agent.script("GET", "/there", text("arrived"))
        async with guarded_client(Guard(OPEN), timeout=5) as client:
            assert (await client.get(f"{agent.url}/here")).status_code == 302
        async with guarded_client(Guard(OPEN), timeout=5, follow_redirects=True) as client:
            assert (await client.get(f"{agent.url}/here")).text == "arrived"
            with pytest.raises(NotAllowed, match="metadata"):
                await client.get(f"{agent.url}/away")


async def test_headers_do_not_follow_a_redirect_to_another_host() -> None:
    async with scripted_agent() as agent, scripted_agent() as other:
        other.script("GET", "/", text("taken"))
        agent.script("GET", "/", Answer(302, {"location": f"{other.url}/"}))
        async with guarded_client(
            Guard(OPEN), timeout=5, headers={"x-key": "secret"}, follow_redirects=True
        ) as client:
            with pytest.raises(NotAllowed, match="is not followed"):
                await client.get(f"{agent.url}/")
        assert other.asked == []


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted_agent() as agent, scripted_agent() as proxy:
        agent.script("GET", "/", text("straight"))
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with guarded_client(Guard(OPEN), timeout=5) as client:
            assert (await client.get(f"{agent.url}/")).text == "straight"
        assert proxy.asked == []


async def test_no_more_than_the_limit_is_read() -> None:
    async with scripted_agent() as agent:
        bomb = gzip.compress(bytes(50_000_000))
        agent.script("GET", "/small", Answer(parts=[b"x" * 1000]))
        agent.script("GET", "/endless", Answer(parts=[b"x" * 1000] * 100 + [asyncio.Event()]))
        agent.script("GET", "/bomb", Answer(headers={"content-encoding": "gzip"}, parts=[bomb]))
        async with guarded_client(Guard(OPEN), timeout=5) as client:
            async with client.stream("GET", f"{agent.url}/small") as response:
                assert len(await read_limited(response, 1000)) == 1000
            for path in ("/endless", "/bomb"):
                async with client.stream("GET", agent.url + path) as response:
                    with pytest.raises(TooLarge, match="more than the 50,000 bytes"):
                        await read_limited(response, 50_000)


def _tls(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of that name has, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    path = folder / "server.pem"
    path.write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=pem.decode())
