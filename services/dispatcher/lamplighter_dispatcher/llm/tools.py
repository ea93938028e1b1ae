"""What a tool is: a form for its arguments, its own bounds, and what it does."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from lamplighter_contracts.executions import Approval


class Form(BaseModel):
    """The arguments of a call. A field that it does not have is refused, so that a model notices."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Nonsense(Exception):
    """The arguments are not what the tool takes. The message tells the model what would be right."""


class NoTool(Exception):
    """What a tool stands on is not there: a server does not answer. The message says which, and why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: data from outside. `edge`: it was cut before it was masked."""

    text: str
    failed: bool = False
    edge: bool = False


@dataclass(frozen=True, slots=True)
class Pauses:
    """Whoever was asked waits for a person. `state` is what it needs to go on."""

    state: JsonValue
    approvals: tuple[Approval, ...]


A = TypeVar("A", bound=BaseModel)


class Tool(ABC, Generic[A]):
    name: str
    """As policies and people know it: `files.read`."""
    description: str
    """For the model."""
    form: type[A]
    alone: bool = True
    """Whether no other call of the same turn is made while one of these is."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        return self.form.model_json_schema()

    @property
    def purpose(self) -> str:
        """The first sentence of its description."""
        return self.description.split(". ")[0].split("\n")[0].rstrip(".") + "."

    def read(self, given: Mapping[str, Any]) -> A:
        """Raises `Nonsense`."""
        try:
            return self.form.model_validate(given)
        except ValidationError as invalid:
            raise Nonsense(_sentence(invalid)) from None

    def refusal(self, arguments: A) -> str:
        """Why the tool's own bounds do not let this call through; empty where they do."""
        return ""

    def has_effect(self, arguments: A) -> bool:
        """Whether the call may change the world outside."""
        return False

    @abstractmethod
    def summary(self, arguments: A) -> str:
        """The call in a line, for people."""

    @abstractmethod
    async def call(self, arguments: A, state: JsonValue = None) -> Answer | Pauses:
        """Do it. When it returns, or is cancelled, nothing of it is left running. `state` is that of a `Pauses`."""


def _sentence(invalid: ValidationError) -> str:
    wrong = [
        f"{'.'.join(str(step) for step in error['loc']) or 'the arguments'}: {error['msg'].lower()}"
        for error in invalid.errors(include_url=False, include_input=False)[:5]
    ]
    return "; ".join(wrong)
