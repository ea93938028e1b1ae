"""What is wrong with an input, field by field, in words for people."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lamplighter_contracts.environments import NETWORK
from lamplighter_contracts.fields import ENV_NAME, SLUG, WRONG_FIELD, Model
from lamplighter_contracts.flat_shape import WEBHOOK
from lamplighter_contracts.jobs import WEBHOOK_PATH
from lamplighter_contracts.runners import HEADER_NAME, HEADER_VALUE, HTTP_URL
from lamplighter_contracts.timing import PAYLOAD_PATH
from lamplighter_contracts.tools import HOST, PROGRAM, TOOL_PATTERN


class FieldError(Model):
    """One wrong field: which, and what is wrong with it ("is missing", "must be ...")."""

    field: str
    problem: str


class InvalidInput(ValueError):
    """The input was refused; `errors` holds every wrong field."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(one_line(self.errors))


_PATTERNS = {
    SLUG: "must be small letters, digits and inner hyphens, at most 64, such as 'nightly-report'",
    WEBHOOK_PATH: "must be a path such as '/deploy-trigger' (letters, digits, . _ ~ - between slashes), or 'generate'",
    ENV_NAME: "must be a variable's name: letters, digits and _, not a digit first",
    PAYLOAD_PATH: "must be a path into the payload, such as 'payload.pull_request.number'",
    HTTP_URL: "must be an address such as 'https://agents.example.org/run'",
    HEADER_NAME: "must be a header's name, such as 'X-Api-Key'",
    HEADER_VALUE: "must be one line of text",
    PROGRAM: "must be a program's name without blanks, such as 'git'",
    HOST: "must be a host's name, such as 'api.example.org' or '*.example.org'",
    TOOL_PATTERN: "must be a tool's name, such as 'shell' or 'mcp.github.*'",
    NETWORK: "must be an address or a range, such as '10.0.0.0/8'",
    r"\S": "must not be empty",
}


Location = tuple[int | str, ...]


def from_validation(invalid: ValidationError, names: Mapping[str, str] | None = None) -> list[FieldError]:
    """pydantic's findings as field errors. `names` maps a path inside the model to what the caller called it."""
    return [error for _, error in located(invalid, names)]


def located(
    invalid: ValidationError, names: Mapping[str, str] | None = None
) -> list[tuple[Location, FieldError]]:
    """The same, each with its place as pydantic has it."""
    found = invalid.errors(include_url=False)
    return [
        (
            error["loc"],
            FieldError(field=_name(error, names or {}), problem=_problem(error["type"], error["msg"], error)),
        )
        for error in found
        if not (error["type"] == "too_short" and _has_wrong_entries(error, found))
    ]


def _has_wrong_entries(error: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """A list is too short for pydantic when an entry is wrong: what is wrong with that one says enough."""
    place = error["loc"]
    return any(other["loc"][: len(place)] == place and len(other["loc"]) > len(place) for other in found)


def _name(error: ErrorDetails, names: Mapping[str, str]) -> str:
    path = ".".join([*_path(error["loc"]), *_within(error)]) or "body"
    if path.startswith("triggers."):
        name = path.split(".")[2] if path.count(".") > 1 else ""
        return _WEBHOOK_FIELDS.get(name, "schedule")
    # What is wrong with one of a list is wrong with the list.
    of_a_list = path.rpartition(".")
    named = names.get(path) or (names.get(of_a_list[0]) if of_a_list[2].isdigit() else None)
    return named or path.removeprefix("executor.")


_WEBHOOK_FIELDS = {name: field for field, name in WEBHOOK.items()}
_UNIONS = frozenset({"runner", "executor", "engine", "check"})
_LISTS_OF_UNIONS = frozenset({"triggers", "entries"})


def _path(location: tuple[int | str, ...]) -> list[str]:
    return [
        str(part) for place, part in enumerate(location) if part != "[key]" and not _is_tag(location, place)
    ]


def _is_tag(location: tuple[int | str, ...], place: int) -> bool:
    """pydantic puts the tag of a discriminated union after its field, or after the number in a list of them."""
    before = location[place - 1] if place else None
    if isinstance(before, int):
        return place > 1 and location[place - 2] in _LISTS_OF_UNIONS
    return before in _UNIONS


def _within(error: ErrorDetails) -> list[str]:
    """The field that a finding about a whole is about."""
    if error["type"] == WRONG_FIELD:
        return [str(error["ctx"]["field"])]
    return ["kind"] if error["type"] in ("union_tag_invalid", "union_tag_not_found") else []


_PLAIN = {
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "extra_forbidden": "is not known",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "union_tag_not_found": "is missing: it says which kind this is",
    "timezone_aware": "must say its offset from UTC, such as '2026-12-01T09:00:00Z' or '2026-12-01T09:00:00+01:00'",
}


def _problem(kind: str, message: str, error: ErrorDetails) -> str:
    context = error.get("ctx") or {}
    match kind:
        case "string_pattern_mismatch":
            return _PATTERNS.get(str(context.get("pattern")), f"must match {context.get('pattern')}")
        case "union_tag_invalid":
            return f"is '{context['tag']}'; allowed are {context['expected_tags']}"
        case "too_short" | "too_long":
            return _length(kind, context)
        case "value_error":
            return message.removeprefix("Value error, ")
        case _:
            return _PLAIN.get(kind) or message.replace("Input should ", "must ", 1)


def _length(kind: str, context: Mapping[str, object]) -> str:
    """Of a list or of a mapping."""
    if kind == "too_long":
        return f"must have {context['max_length']} entries at most"
    least = context["min_length"]
    return "must not be empty" if least == 1 else f"must have {least} entries at least"


def one_line(errors: Sequence[FieldError]) -> str:
    return "; ".join(f"{error.field}: {error.problem}" for error in errors)
