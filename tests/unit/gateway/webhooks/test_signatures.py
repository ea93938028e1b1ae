"""A delivery is accepted or refused, and nothing else ever happens."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamplighter_contracts.jobs import Producer
from lamplighter_gateway.webhooks import signatures
from lamplighter_gateway.webhooks.signatures import hub_signature, verify
from tests.support.signing import slack_signature, standard_signature, stripe_signature

AUTO = Producer.AUTO
AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
STAMP = int(AT.timestamp())
SECRET, OTHER = "lampwh_" + "b" * 43, "whsec_" + base64.b64encode(bytes(range(32))).decode()

Headers = dict[str, str]


def _github(secret: str, body: bytes, at: int = STAMP) -> Headers:
    return {"x-hub-signature-256": hub_signature(secret, body)}


def _standard(secret: str, body: bytes, at: int = STAMP) -> Headers:
    signature = standard_signature(secret, "msg_1", at, body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}


def _stripe(secret: str, body: bytes, at: int = STAMP) -> Headers:
    return {"stripe-signature": stripe_signature(secret, at, body)}


def _slack(secret: str, body: bytes, at: int = STAMP) -> Headers:
    return {
        "x-slack-request-timestamp": str(at),
        "x-slack-signature": slack_signature(secret, at, body),
    }


def _gitlab(secret: str, body: bytes, at: int = STAMP) -> Headers:
    return {"x-gitlab-token": secret}


def _bearer(secret: str, body: bytes, at: int = STAMP) -> Headers:
    return {"authorization": f"Bearer {secret}"}


SIGN: dict[Producer, Callable[[str, bytes, int], Headers]] = {
    Producer.GITHUB: _github,
    Producer.STANDARD: _standard,
    Producer.STRIPE: _stripe,
    Producer.SLACK: _slack,
    Producer.GITLAB: _gitlab,
    Producer.BEARER: _bearer,
}
SIGNING = [Producer.GITHUB, Producer.STANDARD, Producer.STRIPE, Producer.SLACK]
TIMED = [Producer.STANDARD, Producer.STRIPE, Producer.SLACK]
producers = pytest.mark.parametrize("producer", SIGN)
signing = pytest.mark.parametrize("producer", SIGNING)
timed = pytest.mark.parametrize("producer", TIMED)


def test_every_producer_is_tried() -> None:
    assert SIGN.keys() == set(Producer) - {AUTO}


@producers
@given(body=st.binary(), place=st.integers(0, 2))
def test_what_is_signed_with_any_live_secret_is_accepted(producer: Producer, body: bytes, place: int) -> None:
    secrets = [OTHER, "another-secret", ""]
    secrets.insert(place, SECRET)
    headers = SIGN[producer](SECRET, body, STAMP)

    assert verify(AUTO, headers, body, secrets, AT) is producer
    assert verify(producer, headers, body, secrets, AT) is producer


@producers
def test_another_producers_signature_is_refused(producer: Producer) -> None:
    headers = SIGN[producer](SECRET, b"{}", STAMP)
    allowing = {one for one in Producer if verify(one, headers, b"{}", [SECRET], AT)}
    also = {Producer.GITLAB} if producer is Producer.STANDARD else set()
    assert allowing == {AUTO, producer} | also


@producers
@given(body=st.binary(), wrong=st.text(max_size=60))
def test_what_is_signed_with_another_secret_is_refused(producer: Producer, body: bytes, wrong: str) -> None:
    try:
        headers = SIGN[producer](wrong, body, STAMP)
    except UnicodeEncodeError:
        return
    live = [SECRET, OTHER]
    assert wrong in live or verify(AUTO, headers, body, live, AT) is None


@producers
def test_no_secret_is_no_key(producer: Producer) -> None:
    assert verify(AUTO, SIGN[producer]("", b"{}", STAMP), b"{}", [], AT) is None
    assert verify(AUTO, SIGN[producer]("", b"{}", STAMP), b"{}", ["", SECRET], AT) is None


@signing
@given(body=st.binary(min_size=1), data=st.data())
def test_one_bit_is_enough_to_be_refused(producer: Producer, body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) - 1))
    flipped = bytes([*body[:place], body[place] ^ 1, *body[place + 1 :]])
    assert verify(AUTO, SIGN[producer](SECRET, body, STAMP), flipped, [SECRET], AT) is None


@timed
@pytest.mark.parametrize(
    ("seconds", "good"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_a_signature_holds_for_five_minutes(producer: Producer, seconds: int, good: bool) -> None:
    headers = SIGN[producer](SECRET, b"{}", STAMP + seconds)
    assert (verify(AUTO, headers, b"{}", [SECRET], AT) is producer) == good


def test_an_old_delivery_is_not_good_as_one_that_has_no_time() -> None:
    """What was signed with its time before it, sent as a body that begins with a time."""
    old, body, secret = STAMP - 10_000, b'{"a": 1}', "chosen by the producer"
    standard = base64.b64decode(_standard(secret, body, old)["webhook-signature"].removeprefix("v1,"))
    signed = {
        b"v0:%d:%b" % (old, body): slack_signature(secret, old, body).removeprefix("v0="),
        b"%d.%b" % (old, body): stripe_signature(secret, old, body).partition("v1=")[2],
        b"msg_1.%d.%b" % (old, body): standard.hex(),
    }
    for text, mac in signed.items():
        headers = {"x-hub-signature-256": f"sha256={mac}"}
        assert headers == _github(secret, text)
        assert verify(AUTO, headers, text, [secret], AT) is None


@timed
def test_another_time_than_the_signed_one_is_refused(producer: Producer) -> None:
    later, body = AT + timedelta(hours=1), b"{}"
    stamp = str(int(later.timestamp()))
    headers = SIGN[producer](SECRET, body, STAMP)
    moved = {name: value.replace(str(STAMP), stamp) for name, value in headers.items()}
    assert verify(AUTO, moved, body, [SECRET], later) is None


@timed
@pytest.mark.parametrize("stamp", ["", "now", "1e9", "-1", "٣", "9" * 400, f"{STAMP}.0", f" {STAMP}"])
def test_a_time_is_whole_seconds(producer: Producer, stamp: str) -> None:
    """Also where somebody has signed it so."""
    body = b"{}"
    mac = hmac.new(SECRET.encode(), digestmod=hashlib.sha256)
    match producer:
        case Producer.STRIPE:
            mac.update(f"{stamp}.".encode() + body)
            headers = {"stripe-signature": f"t={stamp},v1={mac.hexdigest()}"}
        case Producer.SLACK:
            mac.update(f"v0:{stamp}:".encode() + body)
            headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={mac.hexdigest()}"}
        case _:
            key = base64.urlsafe_b64decode(SECRET.removeprefix("lampwh_") + "=")
            signed = hmac.digest(key, f"msg_1.{stamp}.".encode() + body, "sha256")
            headers = {
                "webhook-id": "msg_1",
                "webhook-timestamp": stamp,
                "webhook-signature": "v1," + base64.b64encode(signed).decode(),
            }
    assert verify(AUTO, headers, body, [SECRET], AT) is None


NAMES = st.sampled_from(
    [
        *(signatures.HUB_SIGNATURE, signatures.STANDARD_SIGNATURE, signatures.STANDARD_ID),
        *(signatures.STANDARD_TIME, signatures.STRIPE_SIGNATURE, signatures.SLACK_SIGNATURE),
        *(signatures.SLACK_TIME, signatures.GITLAB_TOKEN, signatures.AUTHORIZATION),
    ]
)
VALUES = (
    st.text()
    | st.text(st.characters(categories=["Cs", "Nd", "Po"]))
    | st.sampled_from(
        ["sha256=", "v1,", "v1,,v1,", "t=,v1=", "v0=", "Bearer ", f"t={STAMP},v1=", str(STAMP), "v1, v1a,x"]
    )
    | st.binary().map(lambda raw: "v1," + base64.b64encode(raw).decode())
    | st.binary().map(lambda raw: "sha256=" + raw.hex())
)


@given(
    headers=st.dictionaries(NAMES, VALUES),
    body=st.binary(),
    producer=st.sampled_from(Producer),
    secrets=st.lists(
        st.sampled_from([SECRET, OTHER, "whsec_", "lampwh_", "whsec_!", "plain secret"]), max_size=4
    ),
    at=st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001 - naive by contract
)
@example(
    headers={"webhook-signature": "v1,é", "webhook-timestamp": str(STAMP)},
    body=b"",
    producer=AUTO,
    secrets=[SECRET],
    at=AT,
)
def test_whatever_comes_is_refused(
    headers: Headers, body: bytes, producer: Producer, secrets: list[str], at: datetime
) -> None:
    """Nobody who does not know a secret is let in, and nothing is raised."""
    assert verify(producer, headers, body, secrets, at) is None


def test_it_is_what_github_sends() -> None:
    """The vector of GitHub's documentation on validating webhook deliveries."""
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert hub_signature("It's a Secret to Everybody", b"Hello, World!") == expected


def test_it_is_what_slack_sends() -> None:
    """The example of Slack's documentation on verifying requests."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    at = datetime.fromtimestamp(1531420618, UTC)
    assert verify(AUTO, headers, body, ["8f742231b10e8888abcd99yyyzzz85a5"], at) is Producer.SLACK


def test_of_stripes_signatures_one_is_enough() -> None:
    """Several while its secret is rolled, and the schemes that are none of ours are passed over."""
    secret, body = "whsec_test_secret", b'{"id": "evt_1"}'
    good = stripe_signature(secret, STAMP, body).rpartition("=")[2]
    header = f"t={STAMP},v1={'0' * 64},v1={good},v0={'6' * 64}"
    assert verify(AUTO, {"stripe-signature": header}, body, [secret], AT) is Producer.STRIPE
    only_old = {"stripe-signature": f"t={STAMP},v0={good}"}
    assert verify(AUTO, only_old, body, [secret], AT) is None


def test_a_bearer_is_no_longer_looked_at_beside_a_signature() -> None:
    """Whoever holds a signature's header has to be good by that: a token may be a proxy's."""
    headers = {"authorization": f"Bearer {SECRET}", "x-hub-signature-256": "sha256=0"}
    assert verify(AUTO, headers, b"{}", [SECRET], AT) is None
