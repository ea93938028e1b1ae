"""All that there is to know of a genuine delivery before it is recorded. Pure."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from lamplighter_contracts.fields import Model
from lamplighter_contracts.jobs import Producer
from lamplighter_contracts.payloads import read_payload
from lamplighter_gateway.webhooks.claims import Claim, claim_of


class Question(Model):
    """What to find out of a delivery whose body is sent along."""

    scheme: Producer
    content_type: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    """Those that are kept."""
    filter: str = ""
    gather_by: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    claim: Claim
    unwanted: str = ""
    """Why the filter, or what it is gathered by, leaves it out."""
    group: str = ""
    payload: Any = None
    """None where it is read apart, for its size, and stays there."""


def read(question: Question, body: bytes) -> tuple[Claim, Any]:
    """The claim and the payload. Raises `MalformedBody` for a body that is not what its content type says."""
    payload = read_payload(question.content_type, body)
    return claim_of(question.scheme, question.headers, payload, body), payload


def judge(question: Question, payload: Any) -> tuple[str, str]:
    """Why it is not wanted (empty: it is), and what it is gathered by."""
    # The engine is loaded where something is asked of it.
    from lamplighter_gateway.webhooks.expressions import Wrong, group_of, passes

    try:
        if question.filter and not passes(question.filter, question.headers, payload):
            return "The filter says no.", ""
    except Wrong as wrong:
        return f"The filter {wrong}.", ""
    try:
        group = group_of(question.gather_by, question.headers, payload) if question.gather_by else ""
    except Wrong as wrong:
        return f"What it is to be gathered by {wrong}.", ""
    return "", group
