"""What a request with an Idempotency-Key has made, so that its repeat makes nothing more."""

from lamplighter_contracts.fields import Instant, Model


class RequestMade(Model):
    """Kept at `requests.<token of caller and key>` for 72 hours, written in the batch with what was made."""

    key: str
    fingerprint: str
    """SHA-256 of method, path and body, in hex: the key with another request is a mistake."""
    status: int
    location: str = ""
    kind: str = ""
    object_ids: tuple[str, ...] = ()
    answers: str = ""
    """Of a batch: what was said of each of its items, as JSON, without secrets."""
    made_at: Instant
    made_by: str = ""
    revision: int = 0
