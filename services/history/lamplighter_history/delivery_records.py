"""From documents to records of deliveries. Pure."""

from base64 import b64encode
from typing import Any

from pydantic_core import from_json

from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.events import Outcome
from lamplighter_contracts.queries import DeliveryRecord
from lamplighter_history.folds.occurrences import BLOCKED_LATER
from lamplighter_history.particulars import Found

_RECEIVED = tuple(
    name for name in DeliveryReceived.model_fields if name not in ("delivery_id", "headers", "body")
)


def delivery_record(found: Found) -> DeliveryRecord:
    """Of one whose occurrence is not in the ledger yet, nothing has become so far."""
    body = next((one["body"] for one in found.get("bodies", ())), b"")
    received = DeliveryReceived(
        delivery_id=found["_id"],
        headers=from_json(found.get("headers", "{}")),
        body=b64encode(body).decode(),
        **{name: found[name] for name in _RECEIVED if name in found},
    )
    return DeliveryRecord(
        received=received,
        replays=tuple(one["_id"] for one in found["replays"]),
        body_expires_at=found["body_expires_at"],
        **_became(next(iter(found["occurrences"]), None)),
    )


def _became(occurrence: Found | None) -> dict[str, Any]:
    if occurrence is None:
        return {}
    ruling = occurrence["ruling"]
    return {
        "became": ruling["outcome"],
        "reason": ruling.get("reason"),
        "became_detail": ruling.get("detail", ""),
        "into": ruling.get("into") or (occurrence["_id"] if _led_to_its_own(occurrence) else ""),
    }


def _led_to_its_own(occurrence: Found) -> bool:
    """Whether there is an execution: it fired, also where nothing began; or it waited, however that ended."""
    ruling = occurrence["ruling"]
    return ruling["outcome"] == Outcome.FIRED or ruling["seq"][0] == BLOCKED_LATER or "queued" in occurrence
