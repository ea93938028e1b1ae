"""What a delivery's body says, as JSON: read alike by whoever takes it in and by whoever reads it back."""

import json
import math
from typing import Any, NoReturn
from urllib.parse import parse_qsl

MOST_DEPTH = 64
MOST_FORM_FIELDS = 1_000

_FORM = "application/x-www-form-urlencoded"


class MalformedBody(ValueError):
    """The body is not what its content type says. The message is a sentence for whoever sent it."""


def read_payload(content_type: str | None, body: bytes) -> Any:
    """JSON of what calls itself JSON, the fields of a form, else `{"text": ...}`; None of an empty body.

    A body that does not say what it is may be JSON too. Raises `MalformedBody`.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if not body.strip():
        return None
    if kind == "application/json" or kind.endswith("+json"):
        return parse_json(body)
    if kind == _FORM:
        return _read_form(body)
    return _as_text(body) if kind else _read_unnamed(body)


def parse_json(raw: bytes) -> Any:
    """A JSON value (RFC 8259, UTF-8). Raises `MalformedBody` for anything else, whatever the bytes are."""
    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_read_float)
        if b"\\u" in raw:
            # An escaped half of a surrogate pair is no character, and could not be written on.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"The body is not JSON: {_reason(error)}.") from error
    if raw.count(b"{") + raw.count(b"[") > MOST_DEPTH and _depth_exceeds(value, MOST_DEPTH):
        raise MalformedBody(f"The JSON is nested deeper than {MOST_DEPTH} levels.")
    return value


def _read_form(body: bytes) -> Any:
    """GitHub can send its JSON in the field `payload`; any other form is an object of its fields."""
    try:
        fields = dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FORM_FIELDS, errors="strict")
        )
    except ValueError as error:
        raise MalformedBody("The body is not the form that its content type says.") from error
    return parse_json(fields["payload"].encode()) if set(fields) == {"payload"} else fields


def _read_unnamed(body: bytes) -> Any:
    try:
        return parse_json(body)
    except MalformedBody:
        return _as_text(body)


def _as_text(body: bytes) -> dict[str, str]:
    return {"text": body.decode("utf-8", "replace")}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _read_float(digits: str) -> float:
    """A number too large for a float would become infinite, and null where it is written on."""
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {digits[:20]} is too large")
    return value


def _reason(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"{error.msg} at line {error.lineno}, column {error.colno}"
        case UnicodeError():
            return "it is not UTF-8 text"
        case RecursionError():
            return "it is nested too deep"
        case _:
            return str(error)


def _depth_exceeds(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    match value:
        case dict():
            return [v for v in value.values() if isinstance(v, dict | list)]
        case list():
            return [v for v in value if isinstance(v, dict | list)]
        case _:
            return []
