"""The document as Rego and servers of it read it."""

import json
from typing import Any

from lamplighter_contracts.policies import PolicyInput


def as_json(document: PolicyInput) -> str:
    """What is not there is left out: to Rego a null is there, and `not input.usage.max_cost` would never hold."""
    fields = document.model_dump(mode="json", exclude={"tool"})
    if document.tool is not None:
        # Its arguments are somebody else's: a null is theirs.
        fields["tool"] = document.tool.model_dump(mode="json")
    return json.dumps({name: _there(value) if name != "tool" else value for name, value in fields.items()})


def _there(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _there(one) for name, one in value.items() if one is not None}
