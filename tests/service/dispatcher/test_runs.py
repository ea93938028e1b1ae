"""How a run goes, and what is told of it."""

import json
from datetime import timedelta

import pytest
from httpx import AsyncClient, ConnectError

from lamplighter_cli.embedded.servers import free_port
from lamplighter_contracts import subjects
from lamplighter_contracts.envelope import GATED_HEADER
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.jobs import TeamExecutor
from lamplighter_contracts.runners import CommandLimits
from lamplighter_contracts.streams import DEAD, FINAL_STATE_TTL, JOBS, LIVE_STATE_TTL
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from tests.service.dispatcher.world import QUEUE, World, now
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("dispatcher")


async def test_a_noop_completes(world: World) -> None:
    execution = await world.fire()
    final = await world.finished(execution)
    assert (final.outcome, final.reason, final.attempt, final.log_lines) == ("completed", "", 1, 0)
    assert world.kinds(execution) == ["started", "finished"]
    await world.all_settled()


async def test_a_command_completes_with_its_last_lines_as_result(world: World) -> None:
    await world.python("talker", "import sys; print('asked:', sys.stdin.read()); print('done')")
    execution = await world.fire("talker", prompt="Say hello")
    final = await world.finished(execution)
    assert (final.outcome, final.exit_code, final.result) == ("completed", 0, "asked: Say hello\ndone")
    assert await world.texts(execution) == ["asked: Say hello", "done"]


async def test_the_claim_says_who_runs_which_revision(world: World) -> None:
    execution = await world.fire()
    await world.finished(execution)
    started = await world.started(execution)
    last = await world.bus.jetstream().get_last_msg("KV_catalog", subjects.catalog("agents", "noop"))
    assert (started.agent_id, started.agent_revision) == ("noop", last.seq)


async def test_a_failure_has_its_exit_code_and_its_output(world: World) -> None:
    await world.python("broken", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    execution = await world.fire("broken")
    final = await world.finished(execution)
    assert (final.outcome, final.reason, final.exit_code, final.result) == ("failed", "exit_code", 3, "out")
    assert final.detail == "It ended with exit code 3."
    assert await world.texts(execution, "stdout") == ["out"]
    assert await world.texts(execution, "stderr") == ["err"]


async def test_a_signal_is_a_failure_that_names_it(world: World) -> None:
    await world.python("crasher", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    final = await world.finished(await world.fire("crasher"))
    assert (final.outcome, final.exit_code) == ("failed", 128 + 11)
    assert "SIGSEGV" in final.detail


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["no-such-program"], "No such file"),
        (["/etc/passwd"], "Permission denied"),
        (["echo", "a\0b"], "null byte"),
    ],
)
async def test_what_cannot_be_started_says_why(world: World, command: list[str], words: str) -> None:
    await world.command("unstartable", *command)
    final = await world.finished(await world.fire("unstartable"))
    assert (final.outcome, final.reason, final.exit_code) == ("failed", "start", None)
    assert words in final.detail


async def test_a_variable_larger_than_the_system_takes(world: World) -> None:
    await world.command("idle", "true")
    final = await world.finished(await world.fire("idle", variables={"X": "x" * 200_000}))
    assert final.detail == "It could not be started: Argument list too long."


async def test_lines_are_numbered_over_both_streams(world: World) -> None:
    await world.python("both", "import sys\nfor n in range(50): print(n); print(n, file=sys.stderr)")
    execution = await world.fire("both")
    final = await world.finished(execution)
    lines = await world.lines(execution)
    assert [line.number for line in lines] == list(range(1, 101))
    assert final.log_lines == 100
    assert [line.text for line in lines if line.stream == "stdout"] == [str(n) for n in range(50)]
    assert [line.text for line in lines if line.stream == "stderr"] == [str(n) for n in range(50)]


async def test_the_end_names_the_last_batch_of_the_log(world: World) -> None:
    await world.python("talker", "for n in range(5000): print(n)")
    execution = await world.fire("talker")
    final = await world.finished(execution)
    last = await world.bus.jetstream().get_last_msg("LOGS", subjects.log(execution))
    assert (final.log_sequence, final.log_lines) == (last.seq, 5_000)


async def test_output_beyond_the_rate_is_left_out_with_a_word_and_the_result_is_still_the_end(
    world: World,
) -> None:
    code = "import sys\nfor n in range(60): sys.stdout.write(('x' * 1023 + '\\n') * 100)\nprint('the answer')"
    await world.python("flood", code)
    execution = await world.fire("flood")
    final = await world.finished(execution)
    kept = sum(len(line.text) + 1 for line in await world.lines(execution) if line.stream == "stdout")
    markers = await world.texts(execution, "system")
    assert final.result.endswith("the answer")
    assert 1 << 20 <= kept <= 3 << 20
    assert any("are left out here: more than 1 MiB a second" in marker for marker in markers)
    left_out = sum(int(marker.split(" lines")[0].replace(",", "")) for marker in markers)
    assert left_out + len(await world.texts(execution)) == 6_001


async def test_output_that_is_no_text(world: World) -> None:
    await world.python("binary", "import os; os.write(1, b'a\\xff\\xfeb\\x00c\\n' + b'\\xc3')")
    execution = await world.fire("binary")
    final = await world.finished(execution)
    assert await world.texts(execution) == ["a\ufffd\ufffdb\u2400c", "\ufffd"]
    assert final.result == "a\ufffd\ufffdb\u2400c\n\ufffd"


async def test_a_long_line_is_cut(world: World) -> None:
    await world.python("liner", "print('a' * 300_000); print('after')")
    execution = await world.fire("liner")
    await world.finished(execution)
    (cut, after) = await world.texts(execution)
    assert cut.endswith("a [283,616 bytes cut]")
    assert after == "after"


TELL = """
import json, os, sys
here = os.getcwd()
payload = json.load(open(os.environ["LAMP_PAYLOAD_FILE"]))
print(json.dumps({"environment": dict(os.environ), "here": here, "entries": os.listdir(), "payload": payload,
                  "stdin": sys.stdin.read()}))
"""


async def test_a_command_is_given_this_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_DISPATCHER", "x")
    await world.environment("default", FROM_ENVIRONMENT="1", SHARED="environment")
    await world.python("teller", TELL)
    execution = await world.fire("teller", payload={"ref": "main"}, variables={"SHARED": "job"}, prompt="p")
    told = json.loads((await world.finished(execution)).result)
    environment = told["environment"]
    assert told["payload"] == {"ref": "main"}
    assert told["stdin"] == environment["LAMP_PROMPT"] == "p"
    assert (environment["FROM_ENVIRONMENT"], environment["SHARED"]) == ("1", "job")
    assert environment["HOME"] == told["here"]
    assert environment["LAMP_EXECUTION_ID"] == execution
    assert told["entries"] == ["payload.json"]
    assert set(environment) - {"LC_CTYPE"} == {
        "PATH", "HOME", "PWD", "TMPDIR", "LANG", "FROM_ENVIRONMENT", "SHARED",
        "LAMP_EXECUTION_ID", "LAMP_JOB_ID", "LAMP_ATTEMPT", "LAMP_PROMPT", "LAMP_PAYLOAD_FILE",
    }  # fmt: skip


async def test_its_folder_is_removed_also_where_it_made_that_hard(world: World) -> None:
    await world.python(
        "messy",
        "import os; os.makedirs('a/b'); open('a/b/c', 'w').close(); os.chmod('a/b', 0o500); print(os.getcwd())",
    )
    final = await world.finished(await world.fire("messy"))
    assert final.outcome is ExecutionStatus.COMPLETED
    assert [entry.name for entry in (world.work / "runs").glob("*/*")] == ["in-use"]


async def test_limits_bind(world: World) -> None:
    limits = CommandLimits(cpu_seconds=1, memory_mb=400, file_size_mb=1, open_files=32)
    code = "import resource as r; print(*(r.getrlimit(x)[0] for x in (0, 1, 7, 9)))\nwhile True: pass"
    await world.python("limited", code, limits=limits)
    execution = await world.fire("limited")
    final = await world.finished(execution)
    assert await world.texts(execution) == [f"1 {1 << 20} 32 {400 << 20}"]
    assert (final.outcome, final.reason, final.exit_code) == ("failed", "exit_code", 128 + 24)
    assert "processor time" in final.detail


LIBC_SIGNALS = 1 << 31 | 1 << 32
"""32 and 33: the C library keeps them for itself, and lets nobody change what is done with them."""


async def test_no_new_privileges_and_no_signal_ignored(world: World) -> None:
    await world.command("status", "grep", "-E", "NoNewPrivs|SigBlk|SigIgn", "/proc/self/status")
    final = await world.finished(await world.fire("status"))
    found = dict(line.split(":\t") for line in final.result.splitlines())
    assert found["NoNewPrivs"] == "1"
    assert int(found["SigBlk"], 16) == 0
    assert int(found["SigIgn"], 16) & ~LIBC_SIGNALS == 0


@pytest.mark.parametrize(("agent", "words"), [("nobody", "does not exist"), ("asleep", "is not active")])
async def test_an_agent_that_is_not_there(world: World, agent: str, words: str) -> None:
    await world.agent("asleep", active=False)
    final = await world.finished(await world.fire(agent))
    assert (final.outcome, final.reason, final.attempt) == ("blocked", "agent", 0)
    assert words in final.detail
    assert world.kinds(final.execution_id) == ["finished"]


async def test_the_newest_revision_of_the_agent_runs(world: World) -> None:
    await world.command("changing", "echo", "old")
    await world.command("changing", "echo", "new")
    assert (await world.finished(await world.fire("changing"))).result == "new"
    await world.bus.jetstream().publish(
        subjects.catalog("agents", "changing"), b"", headers={"KV-Operation": "DEL"}
    )
    assert (await world.finished(await world.fire("changing"))).reason == "agent"


async def test_a_team_works_in_its_order_each_with_the_result_before(world: World) -> None:
    await world.python("reader", "import sys; print('READ', len(sys.stdin.read()))")
    await world.python("writer", "import sys; print(sys.stdin.read())")
    await world.team("crew", "reader", "writer")
    execution = await world.fire(TeamExecutor(team_id="crew"), prompt="Report")
    final = await world.finished(execution)
    assert final.outcome is ExecutionStatus.COMPLETED
    assert final.result.startswith("Report\n\nThe member 'reader'")
    assert "\nREAD 6\n--- end" in final.result
    assert {line.source for line in await world.lines(execution)} == {"reader", "writer"}
    assert [(s.number, s.name, s.phase) for s in await world.steps(execution)] == [
        (1, "reader", "started"),
        (1, "reader", "finished"),
        (2, "writer", "started"),
        (2, "writer", "finished"),
    ]


async def test_a_team_ends_with_the_member_that_fails(world: World) -> None:
    await world.command("breaker", "sh", "-c", "exit 4")
    await world.team("crew", "noop", "breaker", "noop")
    execution = await world.fire(TeamExecutor(team_id="crew"))
    final = await world.finished(execution)
    assert (final.outcome, final.reason, final.exit_code) == ("failed", "exit_code", 4)
    assert final.detail == "The member 'breaker', 2 of 3, did not complete. It ended with exit code 4."
    assert len(await world.steps(execution)) == 4


async def test_only_a_gated_end_is_marked_and_every_state_has_its_lifetime(world: World) -> None:
    gated, free = await world.fire(gated=True), await world.fire()
    await world.all_finished([gated, free])
    marks = []
    for execution in (gated, free):
        (start, _), (end, _) = world.statuses[execution]
        assert _lifetime(world, start) == LIVE_STATE_TTL
        assert _lifetime(world, end) == FINAL_STATE_TTL
        marks.append(world.headers[end].get(GATED_HEADER))
    assert marks == ["1", None]


def _lifetime(world: World, sequence: int) -> timedelta:
    return timedelta(seconds=int(world.headers[sequence]["Nats-TTL"].removesuffix("s")))


@pytest.mark.parametrize("body", [b"{", b'{"execution_id": "../../x"}'])
async def test_poison_is_set_aside_and_holds_up_nobody(world: World, body: bytes) -> None:
    await publish(world.bus, Message(subjects.job_due(QUEUE, "job-1"), body))
    assert (await world.finished(await world.fire())).outcome is ExecutionStatus.COMPLETED

    async def buried() -> bool:
        return bool((await world.bus.jetstream().stream_info(DEAD.name)).state.messages)

    await until(buried, what="the burial")
    await world.all_settled()


async def test_an_id_that_would_leave_its_subject_is_poison(world: World) -> None:
    due = world.due().model_copy(update={"execution_id": "a.b"})
    await publish(world.bus, world.due_message(due))
    last = await until(lambda: _dead(world), what="the burial")
    assert "is not the id of an execution" in last
    await world.all_settled()


async def _dead(world: World) -> str:
    if not (await world.bus.jetstream().stream_info(DEAD.name)).state.messages:
        return ""
    grave = subjects.dead(JOBS.name, f"dispatcher-{QUEUE}")
    message = await world.bus.jetstream().get_last_msg(DEAD.name, grave)
    return str((message.headers or {})["Lamplighter-Reason"])


async def test_it_tells_how_it_is_and_what_it_has_done(world: World) -> None:
    port = free_port()
    child = world.child("told", port=port, slots=4, queues="told,other")
    child.start()
    try:
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def ready() -> bool:
                try:
                    return (await http.get("/readyz")).is_success
                except ConnectError:
                    return False

            await until(ready, what="readiness")
            await publish(world.bus, world.due_message(world.due(), queue="told"))

            async def told() -> str:
                text = (await http.get("/metrics")).text
                return (
                    text if 'lamplighter_executions_total{outcome="completed",reason=""} 1.0' in text else ""
                )

            text = await until(told, what="the count")
        assert "lamplighter_dispatcher_slots 4.0" in text
        assert "lamplighter_dispatcher_slots_in_use 0.0" in text
        assert "lamplighter_execution_start_delay_seconds_count 1.0" in text
        assert child.stop() == 0
    finally:
        if child.alive:
            child.kill()


async def test_a_due_event_that_comes_again_after_the_end_does_nothing(world: World) -> None:
    due = world.due()
    (execution,) = await world.fire_many([due])
    await world.finished(execution)
    await world.fire_many([due])
    await world.all_settled()
    assert world.kinds(execution) == ["started", "finished"]
    assert now() > due.decided_at
