"""Masked text: the canary in all its spellings, what looks like a secret, and what does not."""

import base64
import html
import json
import shlex
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter_vault import Masker

CANARY = "c4n/ry+p@ss \"w0rd'é&1"

ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 after one byte": lambda text: base64.b64encode(b"u" + text.encode() + b" and more").decode(),
    "base64 after two bytes": lambda text: base64.b64encode(b"u:" + text.encode() + b" and more").decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"user:" + text.encode()).decode(),
    "base64 in a query": lambda text: quote(base64.b64encode(text.encode()), safe=""),
    "URL": lambda text: quote(text, safe=""),
    "URL path": quote,
    "URL query": quote_plus,
    "URL in lower case": lambda text: quote(text, safe="").replace("%C3%A9", "%c3%a9").replace("%2F", "%2f"),
    "URL, every byte": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "JSON": json.dumps,
    "JSON as it prints": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON, every sign": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "hex": lambda text: text.encode().hex(),
    "hex in capitals": lambda text: text.encode().hex().upper(),
    "HTML": html.escape,
    "a shell's word": shlex.quote,
    "Python": repr,
    "Python bytes": lambda text: repr(text.encode()),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_canary_is_masked_in_every_encoding(encoding: str) -> None:
    spelled = ENCODINGS[encoding](CANARY)
    masked = Masker({"CANARY": CANARY}).text(f"before {spelled} after")
    assert "[secret CANARY]" in masked
    left = masked.replace("[secret CANARY]", "")
    assert len(left) <= len("before  after") + 24, "only what was around it is left"
    assert not any(spelled[at : at + 8] in left for at in range(8, len(spelled) - 16)), left


@pytest.mark.parametrize(
    "secret", ["abcdef", "hunter22", "a" * 40, "世界世界世界", "x-1_2.3~4", "&&&&&&", "  spaced out  "]
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_so_is_any_other_secret(secret: str, encoding: str) -> None:
    assert "[secret S]" in Masker({"S": secret}).text(f"key: <{ENCODINGS[encoding](secret)}>")


def test_short_values_are_masked_where_they_are_given() -> None:
    assert Masker({"PIN": "7"}).text("a 7 b") == "a [secret PIN] b"


def test_secrets_that_overlap_leave_nothing_of_either() -> None:
    assert Masker({"A": "abcdefgh", "B": "efghijkl"}).text("<abcdefghijkl>") == "<[secret A]>"
    assert Masker({"A": "abcdef", "B": "abcdefghijkl"}).text("<abcdefghijkl>") == "<[secret B]>"


def test_an_empty_value_masks_nothing() -> None:
    assert Masker({"EMPTY": "", "BLANK": " "}).text("words") == "words"


PEM = """-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun
VTLw7onLRnrq0/IzW7yWR7QkrmBL7jTKEn5u+qKhbwKfBstIs+bMY2Zkp18gnTxK
Lxo=
-----END RSA PRIVATE KEY-----"""


def test_a_secret_of_several_lines_is_masked_whole_and_line_by_line() -> None:
    masker = Masker({"KEY": "first line\nab\nthird line"})
    assert masker.text("<first line\nab\nthird line>") == "<[secret KEY]>"
    assert masker.text("> first line\n> third line\n") == "> [secret KEY]\n> [secret KEY]\n"
    assert masker.text(json.dumps("first line\nab\nthird line")) == '"[secret KEY]"'


def test_a_private_key_is_masked_although_nobody_named_it() -> None:
    masked = Masker({}).text(f"before\n{PEM}\nafter")
    assert masked == "before\n" + "[masked]\n" * 5 + "after"
    assert Masker({}).text(f"  {json.dumps(PEM)},\nafter") == '  "[masked]",\nafter'
    assert Masker({}).text(f"k: {PEM[:140]}") == "k: [masked]\n[masked]\n[masked]"


def test_a_private_key_that_never_ends_does_not_swallow_the_rest() -> None:
    masked = Masker({}).text("-----BEGIN PRIVATE KEY-----\nMIIE\nThen it said something else.\nword\n")
    assert masked == "[masked]\n[masked]\nThen it said something else.\nword\n"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("key sk-proj-abcdefghijklmnop1234 used", "key [masked] used"),
        ("ghp_" + "a1B2" * 9, "[masked]"),
        ("github_pat_" + "a1B2_" * 9, "[masked]"),
        ("xoxb-123456789012-abcdef", "[masked]"),
        ("AKIAIOSFODNN7EXAMPLE.", "[masked]."),
        ("t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_9", "t=[masked]"),
        ("postgres://bob:s3cr/t@db" , "postgres://bob:s3cr/t@db"),
        ("postgres://bob:s3c@ret@db:5432/x", "postgres://bob:[masked]@db:5432/x"),
        ("redis://:hunter2@cache", "redis://:[masked]@cache"),
        ("Authorization: Bearer abcdefghijklmnop.qrs", "Authorization: Bearer [masked]"),
        ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic [masked]"),
        ("DB_PASSWORD=hunter22 next", "DB_PASSWORD=[masked] next"),
        ('{"password": "two words", "n": 1}', '{"password": "[masked]", "n": 1}'),
        (r"{\"api_key\":\"abcdef123\"}", r"{\"api_key\":\"[masked]\"}"),
        ("access_token: 'abc def'", "access_token: '[masked]'"),
        ("https://x.example/?token=abcdef99&b=2", "https://x.example/?token=[masked]&b=2"),
        ("--password=correct-horse", "--password=[masked]"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_masked(text: str, masked: str) -> None:
    assert Masker({}).text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "token usage: 1234 tokens",
        "max_tokens=409600",
        "the password is asked for",
        "password=${DB_PASSWORD}",
        'token: "{{ secrets.TOKEN }}"',
        "token=$(cat file)",
        "http://localhost:4873/@scope/package",
        "git@example.org:owner/name.git",
        "task-abcdefghijklmnopqrstuvwxyz",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "password=short",
        "[secret API_KEY] and [masked]",
        "password=[secret DB]",
    ],
)
def test_what_does_not_is_left(text: str) -> None:
    assert Masker({"OTHER": "something else"}).text(text) == text


WORDS = [
    *("password=", "Bearer ", "sk-" + "a" * 30, "abcdef", "line one\n", "second line", "\n", " ", "x", "\\"),
    *("é", "%61", "=", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "A" * 700, "MIIE\n"),
    *("://u:", "p@h", "ab", "\r\n", "eyJ" + "b" * 900),
]
SECRETS = {
    "ONE": "abcdef",
    "TWO": "line one\nsecond line",
    "THREE": "x\nx\nab",
    "FOUR": "p@h é\\",
    "FIVE": "cd\nef\ncd\ne",
}
texts = st.lists(st.sampled_from([*WORDS, *SECRETS.values()]), max_size=60).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=texts, cuts=st.lists(st.integers(0, 30_000), max_size=20), secrets=st.sampled_from([{}, SECRETS]))
def test_any_cutting_gives_the_same(text: str, cuts: list[int], secrets: dict[str, str]) -> None:
    masker, data = Masker(secrets), text.encode()
    borders = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    stream = masker.stream()
    parts = [stream.feed(data[start:end]) for start, end in pairwise(borders)]
    assert (b"".join(parts) + stream.flush()).decode() == masker.text(text)
    if secrets:
        assert not any(secret in masker.text(text) for secret in secrets.values())


@settings(max_examples=100, deadline=None)
@given(text=texts)
def test_byte_by_byte_too(text: str) -> None:
    masker = Masker(SECRETS)
    stream = masker.stream()
    parts = [stream.feed(bytes([byte])) for byte in text.encode()]
    assert (b"".join(parts) + stream.flush()).decode() == masker.text(text)


@settings(max_examples=60, deadline=None)
@given(ahead=st.integers(15_000, 34_000), pieces=st.integers(1, 20_000))
def test_in_a_line_without_end_too(ahead: int, pieces: int) -> None:
    data = b"." * ahead + b"correct horse" + b"," * 5_000 + b" Bearer " + b"t" * 20_000 + b" end"
    stream = Masker({"S": "correct horse"}).stream()
    parts = [stream.feed(data[at : at + pieces]) for at in range(0, len(data), pieces)]
    whole = b"".join(parts) + stream.flush()
    assert whole == b"." * ahead + b"[secret S]" + b"," * 5_000 + b" Bearer [masked] end"


def test_a_line_leaves_as_soon_as_its_end_is_there() -> None:
    stream = Masker({"S": "correct horse", "KEY": "first line\nlast line"}).stream()
    assert stream.feed(b"one\ntw") == b"one\n"
    assert stream.feed(b"o\n") == b"two\n"
    assert stream.feed(b"correct horse\n") == b"[secret S]\n"


def test_a_line_that_may_begin_a_secret_waits_for_the_next() -> None:
    stream = Masker({"KEY": "ab\nlast line"}).stream()
    assert stream.feed(b"one\nab\n") == b"one\n"
    assert stream.feed(b"la") == b""
    assert stream.feed(b"nd\n") == b"ab\nland\n"
    assert stream.feed(b"ab\nlast line\n") == b"[secret KEY]\n"


def test_little_is_held_of_a_line_without_end() -> None:
    stream, given_, left = Masker({"S": "correct horse"}).stream(), 0, 0
    for _ in range(100):
        given_ += 10_000
        left += len(stream.feed(b"a" * 10_000))
        assert given_ - left <= 32 * 1024


def test_bytes_that_are_no_text_pass_as_they_are() -> None:
    data = bytes(range(256)) * 3
    stream = Masker({"S": "correct horse"}).stream()
    assert stream.feed(data) + stream.flush() == data
