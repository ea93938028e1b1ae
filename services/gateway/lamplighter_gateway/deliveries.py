"""What a webhook delivery says: who sent it, under which id, and its payload."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from lamplighter_contracts.events import Delivery
from lamplighter_gateway.bodies import parse_json
from lamplighter_gateway.problems import Problem

GITHUB_EVENT = "x-github-event"
GITHUB_DELIVERY = "x-github-delivery"
IDEMPOTENCY_KEY = "idempotency-key"
MOST_FORM_FIELDS = 1_000
MOST_EVENT = 100

_FORM = "application/x-www-form-urlencoded"


def read_delivery(headers: Mapping[str, str], delivery_id: str) -> Delivery:
    event = headers.get(GITHUB_EVENT, "")
    return Delivery(
        provider="github" if event else "webhook", delivery_id=delivery_id, event=event[:MOST_EVENT]
    )


def is_ping(headers: Mapping[str, str]) -> bool:
    """GitHub sends one when a webhook is set up: it asks whether somebody is there, and starts nothing."""
    return headers.get(GITHUB_EVENT) == "ping"


def read_payload(content_type: str | None, body: bytes) -> Any:
    """The delivery's data as JSON. Raises a `Problem` for what calls itself JSON, or a form, and is not."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if not body.strip():
        return None
    if kind == "application/json" or kind.endswith("+json"):
        return parse_json(body)
    if kind == _FORM:
        return _read_form(body)
    return _read_unnamed(body) if not kind else _as_text(body)


def _read_unnamed(body: bytes) -> Any:
    """Of a body that does not say what it is: JSON where it is some, else its text."""
    try:
        return parse_json(body)
    except Problem:
        return _as_text(body)


def _as_text(body: bytes) -> dict[str, str]:
    return {"text": body.decode("utf-8", "replace")}


def _read_form(body: bytes) -> Any:
    """GitHub can send its JSON in the field `payload`; any other form is an object of its fields."""
    try:
        fields = dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FORM_FIELDS, errors="strict")
        )
    except ValueError as error:
        raise Problem("malformed-json", "The body is not the form that its content type says.") from error
    return parse_json(fields["payload"].encode()) if set(fields) == {"payload"} else fields
