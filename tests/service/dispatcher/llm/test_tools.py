"""The tools and their bounds, as a model meets them."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lamplighter_contracts.environments import NetworkRules
from lamplighter_dispatcher.llm.data import LARGEST, RAW_LIMIT
from lamplighter_dispatcher.outcomes import Completed, Unsuccessful
from lamplighter_dispatcher.runners.contract import Refused
from lamplighter_runtime.messages import BusUnavailable
from tests.service.dispatcher.llm.bench import Bench, bench
from tests.support.scripted.models import Turn, in_turn
from tests.support.sessions import Call

Calls = tuple[tuple[str, dict[str, Any]], ...]
LOOPBACK = NetworkRules(hosts=("127.0.0.1",))
PYTHON = {"shell": {"programs": ["python3", "env", "no-such-program", "sleep"], "timeout_seconds": 1}}


async def result(b: Bench, tools: dict[str, Any], **given: Any) -> str:
    """What the model read of its one call."""
    assert await b.run(b.work(tools=tools, **given)) == Completed("Done.")
    return b.model.requests[1].results[0]


def calling(name: str, arguments: dict[str, Any]) -> Any:
    return in_turn(Turn(calls=((name, arguments),)), Turn("Done."))


@pytest.mark.parametrize(
    ("command", "expected", "is_failed"),
    [
        (["python3", "-c", "print(6*7)"], "exit code 0\n42", False),
        (
            ["python3", "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"],
            "exit code 3\nout\nstderr:\nerr",
            True,
        ),
        (["python3", "-c", "import sys; print(sys.stdin.read())"], "exit code 0\ngiven", False),
        (["python3", "-c", "import os; os.kill(os.getpid(), 9)"], "ended by the signal 9", True),
        (["sleep", "60"], "stopped: it ran longer than 1 seconds", True),
        (["no-such-program"], "No such file", True),
    ],
)
async def test_shell(command: list[str], expected: str, is_failed: bool, tmp_path: Path) -> None:
    with bench(calling("shell", {"command": command, "input": "given"}), tmp_path) as b:
        assert expected in await result(b, PYTHON)
    step = b.session.steps[1]
    assert (step.name, step.failed, step.ended) == ("shell", is_failed, True)
    assert [effect.done for effect in b.session.effects] == [False, True]


async def test_shell_has_an_environment_built_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_DISPATCHER", "canary-1")
    variables = {"TOKEN": "canary-2-hidden", "PLAIN": "seen"}
    with bench(calling("shell", {"command": ["env"]}), tmp_path, secrets={"TOKEN": "canary-2-hidden"}) as b:
        said = await result(b, PYTHON, variables=variables)
    assert "PLAIN=seen" in said
    assert "TOKEN=[secret TOKEN]" in said
    assert "OF_THE_DISPATCHER" not in said


async def test_a_program_that_is_not_listed_is_not_run(tmp_path: Path) -> None:
    with bench(calling("shell", {"command": ["touch", "x"]}), tmp_path) as b:
        assert "Refused: 'touch' is not one of the programs" in await result(b, PYTHON)
    assert b.session.effects == []
    assert b.session.steps[1].failed


@pytest.mark.parametrize("edge", [0, RAW_LIMIT, LARGEST - LARGEST // 4])
@pytest.mark.parametrize("at", range(3, 24, 5))
async def test_output_is_cut_and_no_part_of_a_secret_is_left_at_the_edge(
    edge: int, at: int, tmp_path: Path
) -> None:
    secret = "s3cr3t-canary-0123456789"
    program = f"import sys; sys.stdout.write('x' * max({at}, {edge} - {at}) + '{secret}' * 9000)"
    with bench(
        calling("shell", {"command": ["python3", "-c", program]}), tmp_path, secrets={"T": secret}
    ) as b:
        said = await result(b, PYTHON)
    assert len(said) < 70_000
    assert "[cut here: " in said
    assert secret[:3] not in said


async def test_a_program_in_the_agent_s_folder_is_not_found_by_its_name(tmp_path: Path) -> None:
    make = "import os; open('env', 'w').write('#!/bin/sh\\necho mine'); os.chmod('env', 0o755)"
    calls = (("shell", {"command": ["python3", "-c", make]}), ("shell", {"command": ["env"]}))
    with bench(in_turn(Turn(calls=calls), Turn("Done.")), tmp_path) as b:
        await b.run(b.work(tools=PYTHON, variables={"PATH": f".::{os.environ['PATH']}"}))
    assert "LAMP_JOB_ID=job-1" in b.model.requests[1].results[1]


FILES = {"files": {"write": True}, "shell": {"programs": ["python3", "ln", "mkfifo"]}}


async def test_files_are_written_read_and_listed(tmp_path: Path) -> None:
    calls: Calls = (
        ("files_write", {"path": "a/b.txt", "text": "first"}),
        ("files_write", {"path": "a/b.txt", "text": "new"}),
        ("files_read", {"path": "./a//b.txt"}),
        ("files_list", {}),
        ("files_list", {"path": "a"}),
        ("files_read", {"path": "a/b.txt", "offset": 1}),
    )
    with bench(in_turn(Turn(calls=calls), Turn("Done.")), tmp_path) as b:
        await b.run(b.work(tools=FILES))
    said = [text.removesuffix("\n</data>").partition(">\n")[2] for text in b.model.requests[1].results]
    assert said == ["5 bytes are written.", "3 bytes are written.", "new", "a/", "b.txt (3 bytes)", "ew"]
    assert b.session.effects == []


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../secret",
        "a/../../../secret",
        "link",
        "way/secret",
        "/proc/self/environ",
        "",
        "pipe",
        "\0x",
    ],
)
async def test_no_path_leads_out_of_the_folder(path: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary")
    make = f"import os; os.symlink({str(secret)!r}, 'link'); os.symlink({str(tmp_path)!r}, 'way'); os.mkfifo('pipe')"
    calls: Calls = (
        ("shell", {"command": ["python3", "-c", make]}),
        ("files_read", {"path": path}),
        ("files_write", {"path": path, "text": "changed"}),
        ("files_list", {"path": f"{path}/"}),
    )
    with bench(in_turn(Turn(calls=calls), Turn("Done.")), tmp_path) as b:
        assert await b.run(b.work(tools=FILES)) == Completed("Done.")
    assert [step.failed for step in b.session.steps[2:4]] == [True, True]
    assert "canary" not in str(b.model.requests[1].results)
    assert "secret" not in b.model.requests[1].results[3].replace("way/secret", "").replace("../secret", "")
    assert secret.read_text() == "canary"


class _Site(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(f"{self.command} {self.path} {self.headers.get('x-test', '')}")
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size) + b"y" * (200_000 if self.path == "/large" else 0)
        self.send_response(302 if self.path == "/away" else 200)
        if self.path == "/away":
            self.send_header("location", "http://169.254.169.254/latest/")
        self.send_header("content-type", "text/plain")
        self.end_headers()
        self.wfile.write(b"hello " + body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Site", (_Site,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


HTTP = {"http": {"hosts": ["127.0.0.1"], "methods": ["GET", "HEAD", "POST"]}}


async def test_http(site: tuple[str, list[str]], tmp_path: Path) -> None:
    url, asked = site
    calls: Calls = (
        ("http", {"url": f"{url}/", "headers": {"x-test": "1"}}),
        ("http", {"url": f"{url}/new", "method": "POST", "body": "body"}),
        ("http", {"url": f"{url}/away"}),
        ("http", {"url": f"{url}/large"}),
        ("http", {"url": f"{url}/", "method": "DELETE"}),
        ("http", {"url": f"{url}/", "headers": {"Host": "other"}}),
    )
    with bench(in_turn(Turn(calls=calls), Turn("Done.")), tmp_path) as b:
        assert await b.run(b.work(tools=HTTP, network=LOOPBACK)) == Completed("Done.")
    get, post, away, large, delete, host = b.model.requests[1].results
    assert get == '<data name="http">\nstatus 200\ncontent-type: text/plain\n\nhello \n</data>'
    assert "hello body" in post
    assert "status 302" in away
    assert "location: http://169.254.169.254/latest/" in away
    assert 64_000 < len(large) < 66_000
    assert "Refused: the method DELETE" in delete
    assert "Refused: the header 'host'" in host
    assert sorted(asked) == ["GET / 1", "GET /away ", "GET /large ", "POST /new "]
    assert [(effect.detail, effect.done) for effect in b.session.effects] == [
        (f"POST {url}/new", False),
        (f"POST {url}/new", True),
    ]


@pytest.mark.parametrize(
    ("hosts", "network"),
    [
        (["example.org"], LOOPBACK),
        (["127.0.0.1"], NetworkRules()),
        (["127.0.0.1"], NetworkRules(hosts=("example.org",))),
    ],
)
async def test_both_lists_have_to_allow_a_host(
    hosts: list[str], network: NetworkRules, site: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, asked = site
    with bench(calling("http", {"url": url}), tmp_path) as b:
        said = await result(b, {"http": {"hosts": hosts}}, network=network)
    assert "is not allowed" in said
    assert asked == []


async def test_what_policies_refuse_is_told_and_not_done(tmp_path: Path) -> None:
    def permit(call: Call) -> Any:
        return Refused("no programs on fridays")

    with bench(calling("shell", {"command": ["env"]}), tmp_path, permit=permit) as b:
        assert await result(b, PYTHON) == "Refused: no programs on fridays"
    assert b.session.effects == []
    assert (b.session.steps[1].failed, b.session.steps[1].detail) == (True, "refused: no programs on fridays")


async def test_a_tool_that_is_withheld_is_not_offered(tmp_path: Path) -> None:
    with bench(calling("shell", {"command": ["env"]}), tmp_path, withheld=["shell"]) as b:
        assert "there is no tool 'shell'" in await result(b, FILES)
    assert b.model.requests[0].tools == ["files_read", "files_list", "files_write"]


async def test_an_effect_that_cannot_be_recorded_is_not_begun(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with bench(
        calling("shell", {"command": ["python3", "-c", f"open({str(mark)!r}, 'w')"]}),
        tmp_path,
        effect_fails=BusUnavailable("no answer"),
    ) as b:
        ended = await b.run(b.work(tools=PYTHON))
    assert isinstance(ended, Unsuccessful)
    assert ended.reason == "unavailable"
    assert b.session.steps[-1].ended is False
    assert not mark.exists()


async def test_steps_are_recorded_before_and_after(tmp_path: Path) -> None:
    with bench(calling("shell", {"command": ["env"]}), tmp_path) as b:
        await result(b, PYTHON)
    told = [what for what in b.session.happened if what not in ("write", "spend")]
    assert told[2:7] == ["begin shell", "may shell", "effect shell", "effect shell", "end shell"]
    assert json.loads(b.session.steps[1].arguments) == {"command": ["env"], "input": ""}
    assert b.session.steps[1].result.startswith("exit code 0\n")
    assert str(Path.cwd()) not in b.session.steps[1].result


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("http", {"url": "http://[::1"}),
        ("files_read", {"path": "there", "offset": 10**30}),
    ],
)
async def test_arguments_that_nothing_can_be_made_of_are_told(
    tool: str, arguments: dict[str, Any], tmp_path: Path
) -> None:
    turns = (Turn(calls=(("files_write", {"path": "there", "text": "x"}),)), Turn(calls=((tool, arguments),)))
    with bench(in_turn(*turns, Turn("Done.")), tmp_path) as b:
        tools = {"http": {"hosts": ["*"]}, "files": {"write": True}}
        assert await b.run(b.work(tools=tools)) == Completed("Done.")
    assert "makes no sense" in b.model.requests[2].results[-1]
