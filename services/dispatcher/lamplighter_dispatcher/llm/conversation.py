"""Turn after turn: the model is asked, its calls are made, until it answers, or a person has to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, ToolReturnPart

from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.llm import luggage
from lamplighter_dispatcher.llm.asking import Asker
from lamplighter_dispatcher.llm.calls import Caller, Turn, held
from lamplighter_dispatcher.llm.faults import NoAnswer
from lamplighter_dispatcher.llm.loops import GaveUp
from lamplighter_dispatcher.llm.parking import State, packed, unpacked
from lamplighter_dispatcher.outcomes import Completed, Unsuccessful, Waits
from lamplighter_dispatcher.runners.contract import LimitReached
from lamplighter_runtime.messages import BusUnavailable

_ANSWERS = TypeAdapter(dict[str, ToolReturnPart])


@dataclass
class Conversation:
    asker: Asker
    caller: Caller
    home: Path
    mask: Callable[[str], str]

    async def go(self, prompt: str, state: State | None) -> Completed | Unsuccessful | Waits:
        """Never raises for what goes wrong between the model, its tools and their limits."""
        try:
            return await self._go(prompt, state)
        except LimitReached as reached:
            return reached.unsuccessful(self.so_far)
        except GaveUp as end:
            return Unsuccessful(end.reason, self.mask(end.detail), self.so_far)
        except NoAnswer as fault:
            return Unsuccessful(fault.reason, self.mask(fault.detail), self.so_far, fault.retry_after)
        except BusUnavailable:
            detail = (
                "NATS does not answer. What was about to be done could not be recorded, and was not begun."
            )
            return Unsuccessful(Failed.UNAVAILABLE, detail, self.so_far)

    @property
    def so_far(self) -> str:
        """All that the model said, where it did not come to its end."""
        return self.mask("".join(self.asker.said).strip())

    async def _go(self, prompt: str, state: State | None) -> Completed | Unsuccessful | Waits:
        messages: list[ModelMessage] = [ModelRequest.user_text_prompt(prompt)]
        turn = Turn()
        if state is not None:
            messages, turn = self._restored(state)
        while True:
            last = messages[-1]
            if isinstance(last, ModelResponse):
                if not last.tool_calls:
                    return self._final(last)
                await self.caller.make(last.tool_calls, turn)
                if turn.held:
                    return await self._waits(messages, turn)
                messages.append(_answered(last.tool_calls, turn))
                turn = Turn()
            messages.append(await self.asker.ask(messages))

    def _final(self, response: ModelResponse) -> Completed | Unsuccessful:
        text = self.mask((response.text or "").strip())
        if text:
            return Completed(text)
        why = " for the provider withheld it" if response.finish_reason == "content_filter" else ""
        return Unsuccessful(Failed.AGENT_ERROR, f"Its last answer is empty{why}.", self.so_far)

    async def _waits(self, messages: list[ModelMessage], turn: Turn) -> Waits:
        files, left = await asyncio.to_thread(partial(luggage.packed, self.home, self.mask))
        watch = self.caller.watch
        state = State(
            messages=packed(messages),
            answers=_ANSWERS.dump_python(turn.answers, mode="json"),
            held=held(turn),
            said=self.so_far,
            last_call=watch.last,
            last_call_times=watch.times,
            nonsense=watch.nonsense,
            files=files,
            files_left=left,
        )
        return Waits(state.model_dump(mode="json"), tuple(turn.approvals.values()))

    def _restored(self, state: State) -> tuple[list[ModelMessage], Turn]:
        watch = self.caller.watch
        watch.last, watch.times, watch.nonsense = state.last_call, state.last_call_times, state.nonsense
        self.asker.said[:] = [f"{state.said}\n"] if state.said else []
        answers = _ANSWERS.validate_python(state.answers)
        return unpacked(state.messages), Turn(answers, {one.call_id: one.inner for one in state.held})


def _answered(calls: list[ToolCallPart], turn: Turn) -> ModelRequest:
    """In the order of the calls."""
    return ModelRequest(parts=[replace(turn.answers[call.tool_call_id]) for call in calls])
