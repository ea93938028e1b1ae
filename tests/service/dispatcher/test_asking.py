"""The one question that a dispatcher asks a model itself: whom to choose."""

from pathlib import Path

import pytest

from lamplighter_contracts.runners import LlmRunner
from lamplighter_dispatcher.admission.asking import Asking
from lamplighter_dispatcher.runners import Runners
from lamplighter_dispatcher.runners.contract import Outfit
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_vault import KeyRing
from tests.service.dispatcher.test_secrets import secret
from tests.service.dispatcher.world import World
from tests.support import sessions
from tests.support.scripted.models import Turn, in_turn, scripted_model

KEY = "a-key-of-some-provider-5e7f93ab"


async def test_a_provider_that_repeats_the_key_does_not_get_it_into_the_log(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await secret(world, "MODEL_KEY", KEY)
    folders = Folders(tmp_path / "runs", "worker-1")
    folders.open()
    asking = Asking(world.bus, Runners(Outfit(world.bus, folders, 1)), KeyRing.parse(world.vault_keys))
    refusal = Turn(status=401, error=f"Incorrect API key provided: {KEY}")
    with scripted_model(in_turn(refusal)) as model:
        settings = LlmRunner(base_url=model.openai_url, model="m", api_key="MODEL_KEY")
        assert await asking(sessions.agent(settings), "whom?") is None
    folders.close()
    logged = capsys.readouterr()
    assert "Incorrect API key provided" in logged.out + logged.err
    assert KEY not in logged.out + logged.err
