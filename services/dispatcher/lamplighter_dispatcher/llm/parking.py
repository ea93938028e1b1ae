"""What a conversation that waits for a person needs to go on, in another process: JSON, and nothing else. Pure."""

from collections.abc import Sequence

from pydantic import Field, JsonValue
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter

from lamplighter_contracts.fields import Model


class Held(Model):
    """A call that was not made yet. `inner` is what the member left that it asks; None where it was not allowed yet."""

    call_id: str
    inner: JsonValue = None


class State(Model):
    """`messages` end with the turn whose calls are `held`; `answers` are the results of its other calls."""

    version: int = 1
    messages: JsonValue
    answers: JsonValue
    held: tuple[Held, ...]
    said: str = ""
    last_call: str = ""
    last_call_times: int = 0
    nonsense: int = 0
    files: str = ""
    """A tar archive, compressed, in base64."""
    files_left: tuple[str, ...] = Field(default=())
    """Names of those that could not be taken along."""


def packed(messages: Sequence[ModelMessage]) -> JsonValue:
    found: JsonValue = ModelMessagesTypeAdapter.dump_python(list(messages), mode="json")
    return found


def unpacked(value: JsonValue) -> list[ModelMessage]:
    return ModelMessagesTypeAdapter.validate_python(value)
