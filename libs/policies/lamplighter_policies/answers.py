"""What the document of a module in Rego, or of a server of Open Policy Agent, says. Strict: whatever is not of the
shape that we know is no decision."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError

from lamplighter_contracts.policies import Constraints, Effect
from lamplighter_contracts.problems import from_validation, one_line
from lamplighter_policies.opinions import NONE, Opinion, PolicyFailed, Said

DECIDING = ("deny", "require_approval", "allow")
"""One of these has to be there, or nothing was decided."""

MOST_SENTENCES, MOST_CHARACTERS = 100, 500
"""Of each set, and of a sentence, that are told on. All of them count."""

_SETS = {"deny": Effect.DENY, "require_approval": Effect.APPROVAL}


def read(document: Any, rules: Collection[str] = ()) -> Opinion:
    """`rules` are the names that the module has rules for, where that is known: an `allow` that is not true is a
    denial, also where Rego leaves it undefined. Raises PolicyFailed."""
    if document is None:
        raise PolicyFailed("Its document is undefined: nothing was decided.")
    if not isinstance(document, dict):
        raise PolicyFailed(f"Its document is {_kind(document)}, where it has to be an object.")
    if "allow" in rules:
        document = {"allow": False, **document}
    if not any(name in document for name in DECIDING):
        raise PolicyFailed("It defines none of 'deny', 'require_approval' and 'allow': nothing was decided.")
    said = [one for name, effect in _SETS.items() for one in _said(name, effect, document.get(name, False))]
    said += _allow(document.get("allow", True), said)
    constraints = _constraints(document.get("constraints"))
    if constraints != NONE:
        said.append(Said(Effect.ALLOW, "constraints"))
    return Opinion(tuple(said), constraints)


def _said(name: str, effect: Effect, value: Any) -> Iterator[Said]:
    if isinstance(value, bool):
        if value:
            yield Said(effect, name)
        return
    if not isinstance(value, list):
        raise PolicyFailed(f"Its {name!r} is {_kind(value)}, where it has to be a set of sentences.")
    for sentence in value:
        if not isinstance(sentence, str):
            raise PolicyFailed(f"Its {name!r} holds {_kind(sentence)}, where each has to be a sentence.")
    yield from (Said(effect, name, sentence[:MOST_CHARACTERS]) for sentence in value[:MOST_SENTENCES])


def _allow(value: Any, said: list[Said]) -> Iterator[Said]:
    if not isinstance(value, bool):
        raise PolicyFailed(f"Its 'allow' is {_kind(value)}, where it has to be true or false.")
    # Where sentences say why, one that says nothing adds nothing.
    if not value and not any(one.effect is Effect.DENY for one in said):
        yield Said(Effect.DENY, "allow", "The policy does not allow it.")


def _constraints(value: Any) -> Constraints:
    if value is None:
        return NONE
    try:
        return Constraints.model_validate_json(json.dumps(value), strict=True, extra="forbid")
    except ValidationError as invalid:
        raise PolicyFailed(
            f"Its 'constraints' cannot be read: {one_line(from_validation(invalid))}."
        ) from invalid


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"
