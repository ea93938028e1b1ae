"""What programs of an agent may try to get out of their folder, from one call to the next."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from nats.aio.client import Client

from lamplighter_contracts import runners
from lamplighter_dispatcher.outcomes import Completed, Exited
from lamplighter_dispatcher.runners import sandbox
from lamplighter_dispatcher.runners.command import CommandRunner
from lamplighter_dispatcher.runners.contract import Outfit
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.stops import Stop
from tests.service.dispatcher.llm.bench import bench
from tests.support.scripted.models import Turn, in_turn
from tests.support.sessions import RecordingSession, work

PROGRAMS = {"shell": {"programs": ["python3"], "timeout_seconds": 20}, "files": {"write": True}}
SWAP = """
import os, sys
place, target = sys.argv[1:]
path = os.path.join(os.path.dirname(os.environ["HOME"]), place)
os.rename(path, path + "-before")
os.symlink(target, path)
"""


def _python(code: str, *arguments: str) -> tuple[str, dict[str, Any]]:
    return "shell", {"command": ["python3", "-c", code, *arguments]}


@pytest.mark.skipif(not sandbox.works(), reason="no sandbox works here")
@pytest.mark.parametrize("place", ["home", "tmp"])
async def test_no_link_in_the_place_of_its_folders_opens_the_machine(place: str, tmp_path: Path) -> None:
    """Made by one call, it would be followed by whoever prepares the next."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs").write_text("canary")
    writing = "open('/tmp/from-tmp', 'w').write('x'); open('from-home', 'w').write('x')"
    script = in_turn(
        Turn(calls=(_python(SWAP, place, str(outside)),)),
        Turn(calls=(_python(writing), ("files_read", {"path": "theirs"}))),
        Turn(calls=(("files_write", {"path": "written", "text": "x"}),)),
        Turn("Done."),
    )
    with bench(script, tmp_path) as b:
        assert await b.run(b.work(tools=PROGRAMS)) == Completed("Done.")
    assert [path.name for path in outside.iterdir()] == ["theirs"]
    assert "canary" not in json.dumps([request.results for request in b.model.requests])


@pytest.mark.skipif(not sandbox.works(), reason="no sandbox works here")
async def test_what_is_hidden_is_not_there(tmp_path: Path) -> None:
    """Such as the keys of those who run everything on one machine; also around the folders of the runs."""
    (tmp_path / "vault.keys").write_text("canary")
    folders = Folders(tmp_path / "work", "worker-1", hidden=(tmp_path, tmp_path / "not-there"))
    folders.open()
    runner = CommandRunner(Outfit(cast("Client", None), folders, 1))
    code = f"import os; open('mine', 'w').write('x'); print(os.listdir({str(tmp_path)!r}), os.listdir('.'))"
    settings = runners.CommandRunner(command=("python3", "-c", code))
    session = RecordingSession()
    ended = await runner.run(settings, work(settings), session, Stop())
    folders.close()
    assert isinstance(ended, Exited)
    assert (ended.code, session.lines()) == (0, ["['work'] ['mine']"])
