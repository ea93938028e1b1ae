"""One request to the model: streamed as it comes, tried again where that helps, counted in any case."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import ModelAPIError, UnexpectedModelBehavior
from pydantic_ai.messages import (
    InstructionPart,
    ModelMessage,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse

from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.reasons import Failed
from lamplighter_contracts.runners import LlmRunner
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.llm.faults import NoAnswer, no_answer
from lamplighter_dispatcher.llm.prices import guessed, priced
from lamplighter_dispatcher.llm.toolbox import Toolbox
from lamplighter_dispatcher.runners.contract import Session
from lamplighter_outbound import NotAllowed

TRIES = 3
PAUSES = (0.5, 2.0)
LONGEST_PAUSE = 10.0
"""Asked to wait longer, the run gives up its slot instead."""
_MOMENT = 0.3
"""What a request that is cancelled may take to be counted."""


@dataclass
class Asker:
    """`said` is all text that came, of every turn."""

    settings: LlmRunner
    model: Model[Any]
    session: Session
    instructions: str
    tools: Toolbox
    said: list[str] = field(default_factory=list)

    async def ask(self, messages: Sequence[ModelMessage]) -> ModelResponse:
        """Raises `NoAnswer` and `LimitReached`."""
        for number in range(TRIES):
            try:
                return await self._once(messages)
            except NoAnswer as fault:
                pause = (
                    fault.retry_after
                    if fault.retry_after is not None
                    else PAUSES[min(number, len(PAUSES) - 1)]
                )
                if not fault.again or number + 1 == TRIES or pause > LONGEST_PAUSE:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _once(self, messages: Sequence[ModelMessage]) -> ModelResponse:
        step = await self.session.begin("model", self.settings.model)
        request = _Request(self, messages)
        try:
            response = await request.make()
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with asyncio.timeout(_MOMENT):
                    await self._count(step, request, "stopped")
            raise
        except NoAnswer as fault:
            await self._count(step, request, fault.detail)
            raise
        await self._count(step, request)
        return response

    async def _count(self, step: int, request: "_Request", trouble: str = "") -> None:
        used = request.used
        await self.session.end(step, detail=trouble or request.remark, failed=bool(trouble), usage=used)
        await self.session.spend(used)


class _Request:
    """One, and what is known of it while it is under way."""

    def __init__(self, asker: Asker, messages: Sequence[ModelMessage]) -> None:
        self._asker = asker
        self._messages = messages
        self._stream: StreamedResponse | None = None
        self._begun = False

    async def make(self) -> ModelResponse:
        """Raises `NoAnswer`."""
        model = self._asker.settings.model
        try:
            response = await self._streamed()
        except NotAllowed as error:
            raise NoAnswer(Failed.REFUSED, str(error)) from error
        except (ModelAPIError, httpx2.HTTPError, httpx2.StreamError, UnexpectedModelBehavior) as error:
            if isinstance(refusal := _root(error), NotAllowed):
                raise NoAnswer(Failed.REFUSED, str(refusal)) from error
            raise no_answer(model, error, begun=self._begun) from error
        if response.finish_reason is None:
            detail = f"The model {model!r} broke off its answer."
            raise NoAnswer(Failed.UNAVAILABLE, detail, again=not self._begun)
        return response

    async def _streamed(self) -> ModelResponse:
        asker = self._asker
        parameters = ModelRequestParameters(
            function_tools=asker.tools.definitions,
            instruction_parts=[InstructionPart(content=asker.instructions)],
        )
        async with model_request_stream(
            asker.model, self._messages, model_request_parameters=parameters
        ) as self._stream:
            async for event in self._stream:
                self._begun = True
                match event:
                    case (
                        PartStartEvent(part=TextPart(content=text))
                        | PartDeltaEvent(delta=TextPartDelta(content_delta=text))
                    ):
                        await self._say(text)
            response = self._stream.get()
        if response.text and not response.text.endswith("\n"):
            await self._say("\n")
        return response

    async def _say(self, text: str) -> None:
        if text:
            self._asker.said.append(text)
            await self._asker.session.write(LogStream.STDOUT, text.encode(errors="replace"))

    @property
    def used(self) -> Usage:
        settings = self._asker.settings
        if self._stream is None:
            return priced(settings, 0, 0)
        usage, received = self._stream.usage, guessed(self._characters_received())
        # Each by itself: of an answer that breaks off some servers have told what was sent, and little more.
        broke_off = self._stream.finish_reason is None
        output = max(usage.output_tokens, received) if broke_off else usage.output_tokens or received
        return priced(settings, usage.input_tokens or guessed(self._characters_sent()), output)

    @property
    def remark(self) -> str:
        """What is worth knowing of an answer that is there."""
        stream = self._stream
        if stream is not None and stream.finish_reason == "length":
            return "cut: it is as long as an answer may be"
        return (
            ""
            if stream is None or stream.usage.total_tokens
            else "the server does not tell tokens: they are estimated"
        )

    def _characters_sent(self) -> int:
        parts = (part for message in self._messages for part in message.parts)
        return len(self._asker.instructions) + sum(len(str(getattr(part, "content", ""))) for part in parts)

    def _characters_received(self) -> int:
        assert self._stream is not None
        parts = self._stream.get().parts
        return sum(
            len(str(getattr(part, "content", "") or getattr(part, "args", "") or "")) for part in parts
        )


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
