"""What the engine sees of a value: fields and elements, and no method or attribute of Python.

A dict would show its methods wherever a key is missing (`payload.items`), and let a template change it. The engine
leaves alone what starts with an underscore, and these classes have nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .errors import PromptError
from .notation import Wrapped, as_json, bare
from .vocabulary import MOST_STEPS

_WIDEST = 2**63
_CHARACTERS = 8
"""What a step is of a text that is made, not only looked at."""
_LOOKED_AT = 256
"""What a step is of a text."""


class Budget:
    """How much one rendering may still look at, and how long a text it may see: longer ones are cut."""

    __slots__ = ("_longest", "_steps")

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._steps = MOST_STEPS

    def take(self, steps: int = 1) -> None:
        """Raises PromptError when nothing is left."""
        self.spend(steps)
        if self._steps < 0:
            raise PromptError(
                f"The prompt looks at more than {MOST_STEPS:,} values: loop over less, or print all of it at once."
            )

    def spend(self, steps: int) -> None:
        """The same where nothing may be raised; whoever takes next will learn of it."""
        self._steps -= steps

    def take_text(self, text: str) -> None:
        self.take(len(text) // _LOOKED_AT)

    def reading(self, value: Any) -> Any:
        """A value of JSON as the engine may have it."""
        match value:
            case str():
                return self._text(value)
            case None | bool() | float():
                return value
            case int():
                # The engine's integers have 64 bits, and it would round what is longer.
                return value if -_WIDEST <= value < _WIDEST else self._text(as_json(value)[0].strip('"'))
            case Mapping():
                return Record(value, self)
            case list() | tuple():
                return Elements(value, self) if len(value) <= MOST_STEPS else Multitude(value, self)
        return self._text(str(value))

    def _text(self, value: str) -> str:
        text = value[: self._longest + 1]
        self.take_text(text)
        # The engine holds UTF-8; a text with half a surrogate pair would reach it as an object that has methods.
        return text if text.isascii() else text.encode(errors="replace").decode()


class Reading(Wrapped):
    """A value with parts."""

    __slots__ = ("_budget",)

    def __init__(self, value: Any, budget: Budget) -> None:
        super().__init__(value)
        self._budget = budget

    def __getitem__(self, key: Any) -> Any:
        self._budget.take()
        return self._budget.reading(self._value[key])

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        for element in self._value:
            self._budget.take()
            yield self._budget.reading(element)

    def __str__(self) -> str:
        text = as_json(self)[0]
        self._budget.spend(len(text) // _CHARACTERS)
        return text


class Record(Reading):
    """An object of JSON. It iterates over its keys."""

    __slots__ = ()


class Elements(Reading):
    """A list of JSON."""

    __slots__ = ()


class Multitude(Reading):
    """A list longer than one may look at. The engine steps through it, and so stops where it may not go on."""

    __slots__ = ()


# The engine takes for a list what Python takes for a sequence.
Sequence.register(Elements)


def pairs(record: Record) -> Elements:
    """Its keys with their values."""
    value, budget = bare(record), record._budget  # noqa: SLF001
    budget.take(len(value))
    return Elements([[key, value[key]] for key in value], budget)
