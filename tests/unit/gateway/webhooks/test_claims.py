"""What deliveries say of themselves, producer by producer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_contracts.jobs import Producer
from lamplighter_gateway.webhooks.claims import Claim, claim_of
from lamplighter_gateway.webhooks.headers import MOST_HEADERS, kept_headers

GITHUB = {"x-github-event": "issues", "x-github-delivery": "72d3162e"}
GITLAB = {"x-gitlab-event": "Push Hook", "x-gitlab-event-uuid": "13792a34"}


@pytest.mark.parametrize(
    ("scheme", "headers", "payload", "claim"),
    [
        (
            Producer.GITHUB,
            GITHUB,
            {"action": "opened"},
            Claim("github", "72d3162e", "issues", ("issues", "issues.opened")),
        ),
        (Producer.GITHUB, GITHUB, [1], Claim("github", "72d3162e", "issues", ("issues",))),
        (
            Producer.GITHUB,
            GITHUB | {"x-github-event": "ping"},
            {},
            Claim("github", "72d3162e", "ping", ("ping",), is_ping=True),
        ),
        (Producer.GITHUB, {"idempotency-key": " k1 "}, {"type": "x"}, Claim("webhook", "k1", "x", ("x",))),
        (
            Producer.GITLAB,
            GITLAB | {"idempotency-key": "k1", "x-gitlab-webhook-uuid": "02affd2d"},
            {"object_kind": "push"},
            Claim("gitlab", "k1", "Push Hook", ("Push Hook", "push")),
        ),
        (
            Producer.GITLAB,
            GITLAB | {"x-gitlab-webhook-uuid": "02affd2d"},
            {},
            Claim("gitlab", "02affd2d", "Push Hook", ("Push Hook",)),
        ),
        (
            Producer.STANDARD,
            GITLAB | {"webhook-id": "k2"},
            {"object_kind": "push"},
            Claim("gitlab", "k2", "Push Hook", ("Push Hook", "push")),
        ),
        (
            Producer.STRIPE,
            {"idempotency-key": "no"},
            {"id": "evt_1", "type": "invoice.paid"},
            Claim("stripe", "evt_1", "invoice.paid", ("invoice.paid",)),
        ),
        (
            Producer.SLACK,
            {},
            {"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_mention"}},
            Claim("slack", "Ev1", "app_mention", ("app_mention",)),
        ),
        (
            Producer.SLACK,
            {},
            {"type": "url_verification", "challenge": "c"},
            Claim("slack", "", "url_verification", ("url_verification",), is_ping=True, challenge="c"),
        ),
        (Producer.SLACK, {}, {"command": "/go", "trigger_id": "t1"}, Claim("slack", "t1", "/go", ("/go",))),
        (
            Producer.STANDARD,
            {"webhook-id": "msg_1"},
            {"type": "user.created"},
            Claim("standard", "msg_1", "user.created", ("user.created",)),
        ),
        (Producer.BEARER, {"idempotency-key": "build-7"}, None, Claim("bearer", "build-7")),
        (Producer.BEARER, {}, "text", Claim("bearer")),
        (Producer.STRIPE, {}, {"id": 7, "type": None}, Claim("stripe")),
    ],
)
def test_what_it_claims(scheme: Producer, headers: dict[str, str], payload: Any, claim: Claim) -> None:
    assert claim_of(scheme, headers, payload, b"{}") == claim


def test_what_one_cause_brings_about_is_told_apart_by_its_body() -> None:
    """Older GitLabs name the cause alone, and one push to two branches is one cause."""
    one, other = (claim_of(Producer.GITLAB, GITLAB, {}, body).delivery_id for body in (b"1", b"2"))
    assert one.startswith("13792a34.")
    assert one != other


@given(
    scheme=st.sampled_from([one for one in Producer if one is not Producer.AUTO]),
    headers=st.dictionaries(st.sampled_from([*GITHUB, *GITLAB, "webhook-id", "idempotency-key"]), st.text()),
    payload=st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["id", "type", "event", "action"]), inner)
        ),
    ),
)
def test_whatever_comes_is_a_claim_of_bounded_size(
    scheme: Producer, headers: dict[str, str], payload: Any
) -> None:
    claim = claim_of(scheme, headers, payload, b"")
    assert len(claim.delivery_id) <= 200
    assert len(claim.event) <= 100


def test_what_proves_who_sent_it_is_not_kept() -> None:
    kept = {
        "content-type",
        "user-agent",
        "x-github-event",
        "webhook-id",
        "x-slack-request-timestamp",
        "idempotency-key",
    }
    dropped = {
        *("authorization", "cookie", "proxy-authorization", "x-hub-signature-256", "webhook-signature"),
        *("stripe-signature", "x-slack-signature", "x-gitlab-token", "x-webhook-secret", "x-webhook-api-key"),
        *(
            "x-api-key",
            "x-forwarded-access-token",
            "x-amzn-oidc-data",
            "x-forwarded-client-cert",
            "cf-access-jwt",
        ),
    }
    given = [(name.title(), "value") for name in kept | dropped]
    assert kept_headers(given).keys() == kept


def test_no_more_is_kept_than_there_is_room_for() -> None:
    many = [(f"x-webhook-{number}", "v" * 5_000) for number in range(1_000)]
    found = kept_headers(many)
    assert len(found) == MOST_HEADERS
    assert {len(value) for value in found.values()} == {1_000}
