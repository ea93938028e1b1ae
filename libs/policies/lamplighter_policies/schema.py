"""The shape of the document that every policy judges, for those who write policies."""

from typing import Any

from lamplighter_contracts.policies import PolicyInput


def input_schema() -> dict[str, Any]:
    """As JSON Schema."""
    return PolicyInput.model_json_schema(mode="serialization")
