"""What the tests of Standard Webhooks' own libraries ask for: the same secret, message and times."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from lamplighter_contracts.jobs import Producer
from lamplighter_gateway.webhooks.signatures import verify
from tests.support.signing import standard_signature

KEY = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRET = f"whsec_{KEY}"
MESSAGE, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
STAMP = 1614265330
AT = datetime.fromtimestamp(STAMP, UTC)
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""Of the example in the specification's reference libraries."""

Headers = dict[str, str]


def _headers(**changed: str | None) -> Headers:
    whole = {
        "webhook_id": MESSAGE,
        "webhook_timestamp": str(STAMP),
        "webhook_signature": SIGNATURE,
        **changed,
    }
    return {name.replace("_", "-"): value for name, value in whole.items() if value is not None}


def _is_good(headers: Headers, secret: str = SECRET, body: bytes = BODY, at: datetime = AT) -> bool:
    return verify(Producer.STANDARD, headers, body, [secret], at) is Producer.STANDARD


def test_the_known_signature_is_ours_too() -> None:
    assert standard_signature(SECRET, MESSAGE, STAMP, BODY) == SIGNATURE


@pytest.mark.parametrize("secret", [SECRET, KEY, SECRET.rstrip("=")], ids=["prefix", "none", "unpadded"])
def test_a_valid_signature_is_accepted(secret: str) -> None:
    assert _is_good(_headers(), secret)


@pytest.mark.parametrize("missing", ["webhook_id", "webhook_timestamp", "webhook_signature"])
def test_a_header_that_is_missing_is_refused(missing: str) -> None:
    assert not _is_good(_headers(**{missing: None}))


@pytest.mark.parametrize(
    "signature",
    [
        "v1,dawfeoifkpqwoekfpqoekf",
        "v1," + base64.b64encode(bytes(32)).decode(),
        SIGNATURE.removeprefix("v1,"),
        SIGNATURE.replace("v1,", "v2,"),
        SIGNATURE.replace("v1,", "v1a,"),
        "",
        "v1,",
        ",",
        "v1",
    ],
)
def test_a_wrong_signature_is_refused(signature: str) -> None:
    assert not _is_good(_headers(webhook_signature=signature))


def test_of_several_signatures_one_is_enough() -> None:
    several = " ".join(
        [
            "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
            "v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
            SIGNATURE,
            "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
        ]
    )
    assert _is_good(_headers(webhook_signature=several))


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_a_coming_time_is_refused(minutes: int) -> None:
    assert not _is_good(_headers(), at=AT + timedelta(minutes=minutes))


@pytest.mark.parametrize("changed", [{"webhook_id": "msg_other"}, {"webhook_timestamp": str(STAMP + 1)}])
def test_id_and_time_are_signed_too(changed: dict[str, str | None]) -> None:
    assert not _is_good(_headers(**changed))


def test_another_body_is_refused() -> None:
    assert not _is_good(_headers(), body=b'{"test": 2432232315}')
