"""What an agent behind an address answers: a result, progress, log, that it is not done yet, or a refusal. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from pydantic import JsonValue, ValidationError

from lamplighter_contracts.executors import Log, Progress, Result
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import Unsuccessful
from lamplighter_dispatcher.runners.progress import is_sane, read_line

BODY_SHOWN = 300
"""Characters of a refusal's body that are told."""
LONGEST_WAIT_SECONDS = 86_400

_PENDING = frozenset(
    {"accepted", "created", "in_progress", "pending", "processing", "queued", "running", "started", "working"}
)
_COMPLETED = frozenset({"complete", "completed", "done", "finished", "ok", "succeeded", "success"})
_FAILED = frozenset(
    {"aborted", "cancelled", "canceled", "error", "errored", "failed", "failure", "timed_out"}
)
_BUSY = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Pending:
    """It is at work. `status_url` is where it says to ask, as it says it."""

    status_url: str = ""


def of_document(value: JsonValue) -> Result | Pending | None:
    """A whole answer. None where it makes no sense."""
    if not isinstance(value, dict):
        return Result(outcome="completed", result=_text(value))
    status_url = value.get("status_url")
    if _status(value) in _PENDING or (isinstance(status_url, str) and _given(value) is None):
        return Pending(status_url if isinstance(status_url, str) else "")
    return _result(value)


def of_event(name: str, data: str) -> Progress | Log | Result:
    """One event of a stream. What is nothing else is log."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = data
    if not isinstance(value, dict):
        value = {name: value} if name in ("result", "output", "error", "log", "step") else {}
    log = value.get("log")
    if isinstance(log, str):
        return Log(text=log, stream="stderr" if value.get("stream") == "stderr" else "stdout")
    return _result(value) or read_line(json.dumps(value)) or Log(text=data)


def step_of(value: JsonValue) -> Progress | None:
    """What an answer that is not the last says about the work. Its usage is counted once, with the last."""
    if not isinstance(value, dict) or not isinstance(value.get("step"), str):
        return None
    told = read_line(json.dumps({word: value[word] for word in ("step", "detail", "phase") if word in value}))
    return told if isinstance(told, Progress) else None


def rejection(status: int, host: str, body: str, retry_after: float | None) -> Unsuccessful:
    """`body` without secrets."""
    said = shown(body)
    detail = f"The agent at {host!r} answered {status}" + (f": {said}" if said else ".")
    if status in _BUSY or status >= 500:
        return Unsuccessful(Failed.UNAVAILABLE, detail, retry_after_seconds=retry_after)
    return Unsuccessful(Failed.REFUSED, detail)


def shown(body: str) -> str:
    """Its beginning, in a line."""
    return " ".join(body.split())[:BODY_SHOWN]


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds, from a number or a date (RFC 9110, 10.2.3)."""
    said = headers.get("retry-after", "").strip()
    try:
        seconds = float(said) if said.isdecimal() else (parsedate_to_datetime(said) - now).total_seconds()
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)


def _result(value: Mapping[str, JsonValue]) -> Result | None:
    given, status, error = _given(value), _status(value), value.get("error")
    failed = bool(error) or status in _FAILED or value.get("outcome") == "failed"
    if given is None and not failed and status not in _COMPLETED:
        return None
    try:
        made = Result.model_validate(
            {
                "outcome": "failed" if failed else "completed",
                "result": _text(given),
                "reason": value.get("reason") or "",
                "detail": value.get("detail") or _message(error),
                "usage": value.get("usage"),
            }
        )
    except ValidationError:
        return None
    return made if is_sane(made.usage) else None


def _given(value: Mapping[str, JsonValue]) -> JsonValue:
    result = value.get("result")
    return value.get("output") if result is None else result


def _status(value: Mapping[str, JsonValue]) -> str:
    status = value.get("status")
    return status.lower().replace("-", "_") if isinstance(status, str) else ""


def _message(error: JsonValue) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    return _text(message) if message and message is not True else ""


def _text(value: JsonValue) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
