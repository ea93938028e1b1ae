"""Runs an agent on a language model: in a folder of its own, with its tools, until it answers or is stopped."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lamplighter_contracts import runners
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.llm import luggage
from lamplighter_dispatcher.llm.asking import Asker
from lamplighter_dispatcher.llm.calls import Caller
from lamplighter_dispatcher.llm.conversation import Conversation
from lamplighter_dispatcher.llm.data import as_data
from lamplighter_dispatcher.llm.instructions import instructions
from lamplighter_dispatcher.llm.loops import Watchfulness
from lamplighter_dispatcher.llm.models import Clients, model, place
from lamplighter_dispatcher.llm.parking import State
from lamplighter_dispatcher.llm.toolbox import opened
from lamplighter_dispatcher.llm.tools import NoTool
from lamplighter_dispatcher.outcomes import Broken, Ended, NotStarted, Unsuccessful
from lamplighter_dispatcher.runners.contract import Outfit, Session, Work
from lamplighter_dispatcher.runners.folders import Folder
from lamplighter_dispatcher.stops import Stop
from lamplighter_runtime.logs import get_logger

log = get_logger()


class LlmRunner:
    def __init__(self, outfit: Outfit) -> None:
        self._folders = outfit.folders
        self._clients = Clients()

    async def run(self, specification: runners.LlmRunner, work: Work, session: Session, stop: Stop) -> Ended:
        key = specification.api_key
        if key is not None and not work.secrets.get(key):
            return Unsuccessful(
                Failed.REFUSED, f"Its key is the secret {key!r}, and there is none of that name."
            )
        try:
            folder = self._folders.make()
        except OSError as error:
            return NotStarted(f"no folder to work in: {error.strerror}")
        try:
            return await _Run(specification, work, session, folder).go(
                self._clients, self._folders.root, stop
            )
        finally:
            await asyncio.to_thread(folder.remove)


@dataclass
class _Run:
    specification: runners.LlmRunner
    work: Work
    session: Session
    folder: Folder
    said: list[str] = field(default_factory=list)
    """By the model, so far."""

    async def go(self, clients: Clients, runs: Path, stop: Stop) -> Ended:
        """When it returns nothing of it is left: no program, no task, no open request."""
        try:
            ended = await _unless(stop, self._talk(clients, runs))
        except NoTool as missing:
            return Unsuccessful(Failed.UNAVAILABLE, self.session.mask(str(missing)), self._so_far)
        except OSError as error:
            return NotStarted(
                self.session.mask(error.strerror or str(error.args[0] if error.args else error))
            )
        except Exception as fault:  # noqa: BLE001 - an outcome, whatever it is
            # Without its traceback: a library's may show a key.
            broken = self.session.mask(repr(fault))
            log.error("llm.broken", execution_id=self.work.execution_id, fault=broken)  # noqa: TRY400
            return Broken(broken)
        return ended or Unsuccessful("stopped", "It was stopped.", self._so_far)

    @property
    def _so_far(self) -> str:
        return self.session.mask("".join(self.said).strip())

    async def _talk(self, clients: Clients, runs: Path) -> Ended:
        settings, work, session = self.specification, self.work, self.session
        state = None if work.state is None else State.model_validate(work.state)
        if state is not None:
            await asyncio.to_thread(luggage.unpack, state.files, self.folder.home)
        async with (
            clients.use(place(settings), work.network) as client,
            opened(work, session, self.folder, runs) as tools,
        ):
            key = work.secrets[settings.api_key] if settings.api_key else None
            told = instructions(settings.instructions, work, tools.purposes, _notes(state))
            asker = Asker(settings, await model(settings, key, client), session, told, tools, self.said)
            caller = Caller(tools, session, Watchfulness())
            conversation = Conversation(asker, caller, self.folder.home, session.mask)
            return await conversation.go(work.prompt, state)


async def _unless(stop: Stop, doing: Coroutine[Any, Any, Ended]) -> Ended | None:
    """None where it was stopped. It is over in any case when this returns."""
    task, asked = asyncio.create_task(doing), asyncio.create_task(stop.requested())
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
        task.cancel()
        await asyncio.wait([task])
    return None if task.cancelled() else task.result()


def _notes(state: State | None) -> tuple[str, ...]:
    if state is None or not state.files_left:
        return ()
    names = as_data("files", "\n".join(state.files_left))
    return (
        f"The job was paused until a person answered. These files of your folder are gone since:\n{names}",
    )
