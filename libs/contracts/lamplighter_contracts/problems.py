"""What is wrong with an input, field by field, in words for people."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from lamplighter_contracts.fields import ENV_NAME, SLUG, Model
from lamplighter_contracts.jobs import WEBHOOK_PATH
from lamplighter_contracts.timing import PAYLOAD_PATH


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
    WEBHOOK_PATH: "must be a path such as '/deploy-trigger': letters, digits and . _ ~ - between slashes",
    ENV_NAME: "must be a variable's name: letters, digits and _, not a digit first",
    PAYLOAD_PATH: "must be a path into the payload, such as 'payload.pull_request.number'",
    r"\S": "must not be empty",
}


def from_validation(invalid: ValidationError, names: Mapping[str, str] | None = None) -> list[FieldError]:
    """pydantic's findings as field errors. `names` maps a path inside the model to what the caller called it."""
    return [
        FieldError(
            field=_name(error["loc"], names or {}), problem=_problem(error["type"], error["msg"], error)
        )
        for error in invalid.errors(include_url=False)
    ]


def _name(location: tuple[int | str, ...], names: Mapping[str, str]) -> str:
    path = ".".join(str(part) for part in location if part not in _TAGS) or "body"
    if path.startswith("triggers.") and path.endswith(".path"):
        return "webhook_path"
    if path.startswith("triggers."):
        return "schedule"
    if path.startswith("executor."):
        return path.removeprefix("executor.")
    # What is wrong with one of a list is wrong with the list.
    of_a_list = path.rpartition(".")
    return names.get(path) or (names.get(of_a_list[0]) if of_a_list[2].isdigit() else None) or path


_TAGS = frozenset({"agent", "team", "smart", "webhook", "command", "noop", "days", "span", "[key]"})
"""Tags of the discriminated unions, and of a mapping's key, which pydantic puts into a location."""


def _problem(kind: str, message: str, error: Mapping[str, object]) -> str:
    context = error.get("ctx") or {}
    assert isinstance(context, Mapping)
    match kind:
        case "missing":
            return "is missing"
        case "string_too_short":
            return "must not be empty"
        case "string_pattern_mismatch":
            return _PATTERNS.get(str(context.get("pattern")), f"must match {context.get('pattern')}")
        case "extra_forbidden":
            return "is not known"
        case "tuple_type" | "list_type":
            return "must be a list"
        case "value_error":
            return message.removeprefix("Value error, ")
        case "timezone_aware":
            return (
                "must say its offset from UTC, such as '2026-12-01T09:00:00Z' or '2026-12-01T09:00:00+01:00'"
            )
        case _:
            return message.replace("Input should ", "must ", 1)


def one_line(errors: Sequence[FieldError]) -> str:
    return "; ".join(f"{error.field}: {error.problem}" for error in errors)
