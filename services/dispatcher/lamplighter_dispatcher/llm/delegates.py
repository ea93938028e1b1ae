"""The tools `ask.<member>`: a leader gives work to the members of its team."""

from typing import assert_never

from pydantic import Field, JsonValue

from lamplighter_dispatcher.llm.tools import Answer, Form, Pauses, Tool
from lamplighter_dispatcher.outcomes import (
    Broken,
    Completed,
    Ended,
    Exited,
    Killed,
    NotStarted,
    Unsuccessful,
    Waits,
)
from lamplighter_dispatcher.runners.contract import Delegate


class AskForm(Form):
    task: str = Field(
        min_length=1,
        max_length=65_536,
        description="All that the member needs to know: it sees nothing else.",
    )


class Ask(Tool[AskForm]):
    form, alone = AskForm, False

    def __init__(self, delegate: Delegate) -> None:
        self._delegate = delegate
        agent = delegate.agent
        self.name = f"ask.{agent.agent_id}"
        about = f" {agent.description.strip()}" if agent.description.strip() else ""
        self.description = (
            f"Give a task to {agent.name}, a member of your team, and wait for the result.{about}"
        )

    @property
    def purpose(self) -> str:
        return self.description

    def summary(self, arguments: AskForm) -> str:
        return arguments.task

    async def call(self, arguments: AskForm, state: JsonValue = None) -> Answer | Pauses:
        return _answer(await self._delegate.ask(arguments.task, state))


def _answer(ended: Ended) -> Answer | Pauses:
    match ended:
        case Completed(result) | Exited(0, result):
            return Answer(result or "[it is done, and there is nothing to say]")
        case Unsuccessful(reason, detail, result):
            return _failed(f"{reason}: {detail}", result)
        case Exited(code, result):
            return _failed(f"exit code {code}", result)
        case Killed(number, result):
            return _failed(f"ended by the signal {number}", result)
        case NotStarted(detail) | Broken(detail):
            return _failed(detail, "")
        case Waits(state, approvals):
            return Pauses(state, approvals)
        case _:
            assert_never(ended)


def _failed(why: str, result: str) -> Answer:
    until_then = f"\nUntil then:\n{result}" if result else ""
    return Answer(f"The member did not do it. {why}{until_then}", failed=True)
