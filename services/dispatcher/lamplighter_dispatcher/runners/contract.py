"""What a runner is: it does a piece of work, tells its output as it comes, stops when told, and says how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from lamplighter_contracts.events import LogStream
from lamplighter_dispatcher.outcomes import Ended
from lamplighter_dispatcher.stops import Stop

Specification = TypeVar("Specification", contravariant=True)


@dataclass(frozen=True, slots=True)
class Work:
    """`payload` is data from outside, as JSON, or None; `variables` are what the run is given by name."""

    execution_id: str
    job_id: str
    attempt: int
    prompt: str
    payload: Any
    variables: Mapping[str, str]


class Output(Protocol):
    async def write(self, stream: LogStream, chunk: bytes) -> None:
        """A piece of the output as it came, not cut at any boundary."""

    @property
    def result(self) -> str:
        """The last lines of standard output so far."""


class Runner(Protocol[Specification]):
    async def run(self, specification: Specification, work: Work, output: Output, stop: Stop) -> Ended:
        """Do the work. When it returns nothing of it is left running, whatever happened.

        `stop` is told when the run has to end early: with a grace time, or at once.
        """
