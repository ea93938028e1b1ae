"""`lamp job` against a gateway."""

import hashlib
import hmac
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import EXECUTION, Reply, ScriptedGateway, problem

JOB = "daily-report-7f3a"


@pytest.fixture(autouse=True)
def job(gateway: ScriptedGateway) -> None:
    gateway.add_job(JOB, name="Daily report", schedule="0 9 * * *", timezone="Europe/Berlin")


def test_a_list_is_a_table_with_next_and_last_run(lamp: CommandLine) -> None:
    ran = lamp("job", "list")
    assert (ran.code, ran.err) == (0, "")
    titles, row = ran.out.splitlines()
    assert titles.split("   ")[0].strip() == "ID"
    for title in ("ID", "NAME", "ENTITY", "SCHEDULE", "ENABLED", "NEXT RUN", "LAST RUN"):
        assert title in titles
    assert row.split("   ")[0] == JOB
    for cell in ("Daily report", "agent/worker", "0 9 * * *", "yes", "2026-03-02 09:00:00 UTC"):
        assert cell in row


def test_list_is_coloured_and_hinted_on_a_terminal_only(lamp: CommandLine) -> None:
    shown, piped = lamp("job", "list", terminal=True).out, lamp("job", "list").out
    assert "\x1b[1m" in shown
    assert "(in 30 min)" in lamp("job", "get", JOB, terminal=True).out
    assert "\x1b" not in piped
    assert "in 30 min" not in piped
    lamp.environment["NO_COLOR"] = "1"
    assert "\x1b" not in lamp("job", "list", terminal=True).out


def test_json_is_what_the_gateway_says(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    for arguments in (
        ["job", "list", "-o", "json"],
        ["-o", "json", "j", "ls"],
        ["jobs", "l", "--output=json"],
    ):
        listed = json.loads(lamp(*arguments).out)
        assert [job["id"] for job in listed] == [JOB]
        assert listed[0]["cron_schedule"] == "0 9 * * *"
    gateway.jobs.clear()
    assert lamp("job", "list", "-o", "json").out == "[]\n"


def test_a_list_is_filtered_by_the_gateway(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp("job", "list", "--enabled=false", "--agent", "worker", "--team", "ops")
    lamp("job", "list", "--enabled")
    assert [asked.query for asked in gateway.asked] == [
        {"enabled": "false", "agent_id": "worker", "team_id": "ops", "limit": "500"},
        {"enabled": "true", "limit": "500"},
    ]


def test_a_silent_history_is_told(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["GET", "/api/v1/jobs"] = Reply(200, [], {"Lamplighter-History": "unavailable"})
    assert "history service does not answer" in lamp("job", "list").err


def test_a_job_is_shown_as_a_sheet(lamp: CommandLine) -> None:
    sheet = lamp("job", "get", JOB).out
    for text in (
        "In words    At 09:00",
        "2026-03-02 09:00:00 UTC",
        "agent/worker",
        "Europe/Berlin",
        "never",
    ):
        assert text in sheet


@pytest.mark.parametrize("flags", [["--enabled=false"], ["--enabled", "false"]])
def test_create_disabled(lamp: CommandLine, gateway: ScriptedGateway, flags: list[str]) -> None:
    ran = lamp("job", "create", "--name", "x", "--prompt", "p", "--agent", "a", *flags)
    assert ran.code == 0
    assert gateway.asked[-1].body["enabled"] is False


@pytest.mark.parametrize("flags", [["--enabled"], ["--enabled=true"], ["--enabled", "true"]])
def test_create_enabled(lamp: CommandLine, gateway: ScriptedGateway, flags: list[str]) -> None:
    assert lamp("job", "create", *flags, "--name", "x", "--prompt", "p", "--agent", "a").code == 0
    assert gateway.asked[-1].body["enabled"] is True


def test_create_with_everything(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        *("job", "create", "--name", "all", "--prompt", "-", "--agent", "a", "--description", "words"),
        *(
            "--schedule",
            "0 9 * * *",
            "--schedule",
            "0 18 * * *",
            "--timezone",
            "Asia/Tokyo",
            "--webhook",
            "/all",
        ),
        *("--overlap", "allow", "--timeout", "60", "--variable", "A=1", "--variable", "B=x=y"),
        stdin="line one\nline two\n",
    )
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "name": "all",
        "prompt": "line one\nline two",
        "agent_id": "a",
        "description": "words",
        "schedules": ["0 9 * * *", "0 18 * * *"],
        "timezone": "Asia/Tokyo",
        "webhook_path": "/all",
        "overlap": "allow",
        "timeout_seconds": 60,
        "variables": {"A": "1", "B": "x=y"},
    }


def test_create_from_a_file_with_options_before_it(
    lamp: CommandLine, gateway: ScriptedGateway, tmp_path: Path
) -> None:
    file = tmp_path / "job.json"
    file.write_text(
        json.dumps({"name": "from file", "prompt_template": "p", "agent_id": "a", "enabled": True})
    )
    assert lamp("job", "create", "--file", str(file), "--name", "from options").code == 0
    assert gateway.asked[-1].body["name"] == "from options"
    assert gateway.asked[-1].body["prompt_template"] == "p"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--name", "x", "--prompt", "p"], "a job needs --agent, --team or --smart"),
        (["--agent", "a"], "a job needs --name, --prompt"),
        (["--name", "x", "--prompt", "p", "--agent", "a", "--schedule", ""], "--schedule is empty"),
        (
            ["--name", "x", "--prompt", "p", "--agent", "a", "--team", "t"],
            "--agent and --team exclude each other",
        ),
        (["--name", "x", "--prompt", "@/none", "--agent", "a"], "/none cannot be read: No such file"),
    ],
)
def test_create_refuses_before_it_asks(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str], sentence: str
) -> None:
    ran = lamp("job", "create", *arguments)
    assert (ran.code, gateway.asked) == (2, [])
    assert sentence in ran.err


def test_several_wrong_fields_are_a_line_each(lamp: CommandLine) -> None:
    ran = lamp(
        "job",
        "create",
        "--name",
        "x",
        "--prompt",
        "p",
        "--agent",
        "a",
        "--overlap",
        "maybe",
        "--timeout",
        "0",
    )
    assert ran.code == 2
    assert [line.split()[:2] for line in ran.err.splitlines()] == [
        ["error:", "overlap:"],
        ["error:", "timeout_seconds:"],
    ]


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_the_example_of_a_webhook_is_signed_as_it_has_to_be(
    lamp: CommandLine, gateway: ScriptedGateway
) -> None:
    gateway.answers["POST", "/api/v1/jobs/webhook/deploy"] = Reply(202, {"execution_id": EXECUTION})
    ran = lamp("job", "create", "--name", "x", "--prompt", "p", "--team", "t", "--webhook", "/deploy")
    assert ran.out.count("whsec_shown_once") == 2
    example = "\n".join(line for line in ran.out.splitlines() if line.startswith("  "))
    script = example[example.index("  BODY=") :]
    subprocess.run(["bash", "-euc", script], check=True, capture_output=True, timeout=30)
    delivered = gateway.asked[-1]
    assert delivered.body == {"hello": "world"}
    signature = hmac.new(b"whsec_shown_once", b'{"hello": "world"}', hashlib.sha256).hexdigest()
    assert delivered.headers["x-hub-signature-256"] == f"sha256={signature}"


def test_rotate_secret(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.add_job("hooked", webhook_path="/deploy")
    assert "whsec_rotated" in lamp("job", "rotate-secret", "hooked").out
    assert (
        json.loads(lamp("job", "rotate-secret", "hooked", "-o", "json").out)["webhook_secret"]
        == "whsec_rotated"
    )


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (["--schedule", "0 12 * * *"], {"schedule": "0 12 * * *"}),
        (["--schedule", ""], {"schedule": None}),
        (["--schedule", "0 1 * * *", "--schedule", "0 2 * * *"], {"schedules": ["0 1 * * *", "0 2 * * *"]}),
        (["--webhook", ""], {"webhook_path": None}),
        (["--description", ""], {"description": ""}),
        (["--team", "ops"], {"team_id": "ops"}),
        (["--enabled"], {"enabled": True}),
    ],
)
def test_an_update_sends_what_is_named_and_no_more(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str], body: dict[str, object]
) -> None:
    ran = lamp("job", "update", JOB, *arguments)
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == body


def test_update_needs_something_to_change(lamp: CommandLine) -> None:
    assert lamp("job", "update", JOB).code == 2


def test_a_trigger_carries_its_parameters_and_key(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("job", "run", JOB)
    assert (ran.code, EXECUTION in ran.out) == (0, True)
    lamp("job", "trigger", JOB, "--parameter", "day=monday", "--idempotency-key", "k1")
    assert [asked.body for asked in gateway.asked] == [None, {"parameters": {"day": "monday"}}]
    assert gateway.asked[-1].headers["idempotency-key"] == "k1"


def test_disable_and_enable(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    def enabled() -> bool:
        return gateway.jobs[JOB].enabled

    assert lamp("job", "disable", JOB).out.startswith(f"Disabled job {JOB}")
    assert not enabled()
    assert lamp("job", "enable", JOB).out == f"Enabled job {JOB}, next run 2026-03-02 09:00:00 UTC\n"
    assert enabled()


def test_delete_asks_on_a_terminal_only(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    no = lamp("job", "delete", JOB, stdin="n\n", terminal=True)
    assert (no.code, gateway.asked) == (1, [])
    assert f"Delete job {JOB}? [y/N]" in no.err
    assert lamp("job", "delete", JOB, stdin="y\n", terminal=True).code == 0
    assert lamp("job", "restore", JOB).code == 0
    assert lamp("job", "rm", JOB, "--yes", terminal=True).code == 0
    assert "brings it back" in lamp("job", "get", JOB).err
    assert lamp("job", "restore", JOB).code == 0
    assert lamp("job", "del", JOB, "--purge").code == 0
    assert gateway.asked[-1].query == {"purge": "true"}


def test_a_job_goes_by_its_name(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert lamp("job", "get", "Daily report").code == 0
    gateway.add_job("second", name="Daily report")
    ran = lamp("job", "get", "Daily report")
    assert (ran.code, f"use an id, {JOB} or second" in ran.err) == (2, True)


def test_an_id_comes_before_a_name(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.add_job("other", name=JOB)
    assert json.loads(lamp("job", "get", JOB, "-o", "json").out)["name"] == "Daily report"


def test_what_is_not_there_is_suggested(lamp: CommandLine) -> None:
    ran = lamp("job", "get", "daily-report-7f3b")
    assert ran.code == 3
    assert ran.err == f"error: There is no job 'daily-report-7f3b'; did you mean '{JOB}', 'Daily report'?\n"


def test_executions_are_collected_over_pages(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.executions += [
        {"id": f"run-{n}", "status": "completed", "created_at": "2026-03-02T09:00:00Z", "completed_at": None}
        for n in range(450)
    ]
    assert len(json.loads(lamp("job", "runs", JOB, "--limit", "420", "-o", "json").out)) == 420
    assert [asked.query["limit"] for asked in gateway.asked] == ["200", "200", "20"]
    titles, first, *_ = lamp("job", "executions", JOB).out.splitlines()
    assert [title.strip() for title in titles.split("   ") if title] == [
        "EXECUTION ID",
        "STATUS",
        "CREATED",
        "COMPLETED",
    ]
    assert first.endswith("completed   2026-03-02 09:00:00 UTC   -")


def test_occurrences_show_what_became_of_each(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.occurrences.append(
        {
            "trigger": {"kind": "schedule", "nominal_at": "2026-03-02T09:00:00Z"},
            "outcome": "skipped",
            "reason": "missed",
            "detail": "",
            "count": 3,
            "execution_id": EXECUTION,
        }
    )
    (row,) = lamp("job", "occurrences", JOB).out.splitlines()[1:]
    assert row == "2026-03-02 09:00:00 UTC   schedule   skipped   missed: 3 times   -"


def test_refusals_have_their_exit_codes(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    for status, code in ((409, 1), (412, 1), (422, 2), (404, 3), (403, 4), (503, 5)):
        gateway.answers["GET", "/api/v1/tokens"] = problem(status, "It is refused.")
        ran = lamp("token", "list")
        assert (ran.code, ran.out) == (code, "")
        assert ran.err.startswith("error: It is refused")
        assert ran.err.count("\n") == 1


def test_what_the_gateway_says_cannot_steer_the_terminal(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.add_job("evil", name="\x1b]0;owned\x07\x1b[2Jname", prompt="a\x9b31m\x08b")
    gateway.answers["GET", "/api/v1/tokens"] = problem(409, "\x1b[2Jno\x07")
    texts = [
        lamp("job", "list", "-o", "json", terminal=True).out,
        lamp("job", "get", "evil").out,
        lamp("token", "list").err,
    ]
    for text in texts:
        assert not any(character in text for character in "\x1b\x07\x08\x9b")


def test_who_does_it_and_what_becomes_of_a_failure(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        *("job", "create", "--name", "triage", "--prompt", "Answer", "--smart", "--capability", "mail"),
        *("--capability", "german", "--fallback", "clerk", "--secret", "A", "--secret", "B"),
        *("--retry-attempts", "5", "--retry-on", "exit-code", "--retry-on", "timeout", "--retry-first", "1m"),
        *("--retry-factor", "2", "--retry-most", "1h", "--retry-after-effects"),
        *("--max-tokens", "1000", "--max-cost", "0.5", "--max-tool-calls", "0", "--approval-wait", "2h"),
    )
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "name": "triage",
        "prompt": "Answer",
        "smart": True,
        "capabilities": ["mail", "german"],
        "fallback_agent_id": "clerk",
        "secrets": ["A", "B"],
        "retry_attempts": 5,
        "retry_on": ["exit_code", "timeout"],
        "retry_first_seconds": 60,
        "retry_factor": 2,
        "retry_most_seconds": 3600,
        "retry_after_effects": True,
        "max_tokens": 1000,
        "max_cost": 0.5,
        "max_tool_calls": 0,
        "approval_wait_seconds": 7200,
    }
    for text in (
        *("needs mail, german; else clerk", "A, B", "1,000 tokens, $0.5, 0 tool calls", "denied after 2 h"),
        "5 attempts, after exit_code, timeout, 1 min to 1 h later, also after effects",
    ):
        assert text in ran.out


def test_what_was_said_of_it_is_taken_back(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp("job", "update", JOB, "--max-cost", "", "--secret", "", "--environment", "", "--retry-attempts", "")
    assert gateway.asked[-1].body == {
        "max_cost": None,
        "secrets": None,
        "environment": None,
        "retry_attempts": None,
    }
    assert "never" in lamp("job", "update", JOB, "--retry-attempts", "1").out


@pytest.mark.parametrize(
    "pair", [("--agent", "a", "--team", "t"), ("--agent", "a", "--smart"), ("--team", "t", "--smart")]
)
def test_one_executor_is_enough(lamp: CommandLine, gateway: ScriptedGateway, pair: tuple[str, ...]) -> None:
    ran = lamp("job", "create", "--name", "x", "--prompt", "y", *pair)
    assert (ran.code, "exclude each other" in ran.err, gateway.asked) == (2, True, [])


def test_a_rehearsal_shows_what_a_start_would_come_to(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.rehearsal = {
        "prompt": "Report on monday",
        "prompt_problem": None,
        "agent_id": "writer",
        "team_id": None,
        "environment": "lab",
        "queue": "inside",
        "choice": {
            "chosen": "writer",
            "reason": "writer shares the words report, monday",
            "candidates": [
                {"agent_id": "writer", "score": 0.9, "load": 0.1, "matched": ["report"], "removed_by": None},
                {
                    "agent_id": "sleeper",
                    "score": 0,
                    "load": 0,
                    "detail": "is not active",
                    "removed_by": "inactive",
                },
            ],
        },
        "policy": {"effect": "require_approval", "reason": "payday"},
        "warnings": ["The environment 'lab' is not ready: no disk."],
        "paused": None,
        "firings": [],
    }
    ran = lamp("job", "preview", "Daily report", "--parameter", "day=monday", "-n", "3")
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].path == f"/api/v1/jobs/{JOB}/preview"
    assert gateway.asked[-1].body == {"n": 3, "parameters": {"day": "monday"}}
    for text in (
        *("agent/writer", "Report on monday", "waits for a person's approval: payday", "not ready: no disk"),
        *("writer shares the words", "is not active", "Who may take it"),
    ):
        assert text in ran.out
    assert json.loads(lamp("job", "preview", JOB, "-o", "json").out)["agent_id"] == "writer"
    gateway.rehearsal |= {"prompt": None, "prompt_problem": "'payload.x' is not there.", "agent_id": None}
    nobody = lamp("job", "rehearse", JOB).out
    assert "'payload.x' is not there." in nobody
    assert "nobody" in nobody
