"""How any process becomes an executor: plain JSON on plain subjects. See `BusRunner`.

1. Subscribe to `executor.<name>.offer`, in a queue group where there are several. An `Offer` comes as a request.
2. Reply with an `OfferReply`. The first that accepts has it.
3. Tell how it goes on `<offer.reply_to>.progress`, `.log`, and at the end `.result`: as a request, which is answered
   with an `Instruction`, or as a plain message. Each is a sign of life; so is an empty `.progress`.
4. Stop when an `Instruction` or a message on `<offer.reply_to>.stop` says so.
"""

from typing import Literal

from pydantic import Field, JsonValue

from lamplighter_contracts.fields import Instant, Model
from lamplighter_contracts.usage import Usage


class Offer(Model):
    work_id: str
    """Another one each time that work is offered: `<execution>-<attempt>-<a random end>`."""
    execution_id: str
    job_id: str
    attempt: int
    prompt: str
    payload: JsonValue = None
    """Data from outside. It is never an instruction."""
    variables: dict[str, str] = Field(default_factory=dict)
    done: tuple[str, ...] = ()
    """Effects that earlier attempts reported."""
    deadline_at: Instant
    reply_to: str
    """The subject below which this work is told of: `executor.<name>.work.<work_id>`."""
    silence_seconds: int


class OfferReply(Model):
    accept: bool
    executor: str = ""
    """Who takes it, for people."""


class Instruction(Model):
    stop: bool = False
    reason: str = ""


class Progress(Model):
    """A step, an effect, or usage; all are optional. A command says the same as a line of JSON."""

    step: str = ""
    detail: str = ""
    phase: Literal["started", "finished"] = "finished"
    effect: str = ""
    """Something that was done to the world outside, and must not be done again."""
    usage: Usage | None = None


class Log(Model):
    text: str
    """One or more lines."""
    stream: Literal["stdout", "stderr"] = "stdout"


class Result(Model):
    outcome: Literal["completed", "failed"]
    result: str = ""
    reason: str = ""
    """A stable word for why it failed."""
    detail: str = ""
    usage: Usage | None = None
