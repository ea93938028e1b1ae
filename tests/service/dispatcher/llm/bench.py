"""A runner of agents on a model that a script plays: what each test here works at."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from nats.aio.client import Client

from lamplighter_contracts.runners import LlmRunner as Settings
from lamplighter_contracts.tools import Tools
from lamplighter_dispatcher.outcomes import Ended
from lamplighter_dispatcher.runners.contract import Outfit, Work
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.runners.llm import LlmRunner
from lamplighter_dispatcher.stops import Stop
from tests.support import sessions
from tests.support.scripted.models import Script, ScriptedModel, scripted_model
from tests.support.sessions import RecordingSession

KEY = "sk-canary-9f2c4b7a1e8d"
DEADLINE_SECONDS = 30

Provider = Literal["openai", "anthropic"]


@dataclass
class Bench:
    model: ScriptedModel
    runner: LlmRunner
    folders: Path
    provider: Provider = "openai"
    session: RecordingSession = field(default_factory=RecordingSession)
    stop: Stop = field(default_factory=Stop)

    def settings(self, **given: Any) -> Settings:
        url = self.model.openai_url if self.provider == "openai" else self.model.url
        return Settings.model_validate(
            {"provider": self.provider, "base_url": url, "model": "scripted", "api_key": "MODEL_KEY", **given}
        )

    def work(self, prompt: str = "Do it", *, tools: Mapping[str, Any] | None = None, **given: Any) -> Work:
        settings = self.settings(**given.pop("settings", {}))
        agent = sessions.agent(settings, tools=Tools.model_validate(tools or {}))
        return sessions.work(settings, prompt, **{"agent": agent, "secrets": {"MODEL_KEY": KEY}, **given})

    async def run(self, work: Work) -> Ended:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self.runner.run(cast("Settings", work.agent.runner), work, self.session, self.stop)

    def left(self) -> list[Path]:
        """What runs left in their folders."""
        return [
            path for path in self.folders.rglob("*") if path.name != "in-use" and path.parent != self.folders
        ]


@contextmanager
def bench(script: Script, place: Path, provider: Provider = "openai", **session: Any) -> Iterator[Bench]:
    folders = Folders(place / "runs", "worker-1")
    folders.open()
    outfit = Outfit(cast("Client", None), folders, grace_seconds=10)
    session = {"secrets": {"MODEL_KEY": KEY}, **session}
    with scripted_model(script) as model:
        yield Bench(model, LlmRunner(outfit), place / "runs", provider, RecordingSession(**session))
    folders.close()
