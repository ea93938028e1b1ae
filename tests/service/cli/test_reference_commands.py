"""The reference page's commands, word for word, through a shell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.reference import reference_commands
from tests.support.scripted.gateway import TOKEN, ScriptedGateway

IDS = {"job_id": "daily-report-7f3a", "agent_id": "reporter", "team_id": "ops"}
COMMANDS = reference_commands(**IDS)


def test_the_list_is_complete() -> None:
    assert len(COMMANDS) == 16
    assert not any("<" in command for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs_word_for_word(gateway: ScriptedGateway, tmp_path: Path, command: str) -> None:
    gateway.add_job("daily-report-7f3a", schedule="0 9 * * *")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LAMP_URL": gateway.url,
        "LAMP_TOKEN": TOKEN,
        "LAMP_DATA": str(tmp_path),
    }
    done = subprocess.run(
        ["bash", "-euc", command], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) in [
        (0, ""),
        (0, "No executions. Start one: lamp job trigger JOB\n"),
    ]
    if command.endswith("-o json"):
        json.loads(done.stdout)
    assert {asked.headers["authorization"] for asked in gateway.asked} == {f"Bearer {TOKEN}"}


def test_what_the_page_creates(gateway: ScriptedGateway, tmp_path: Path) -> None:
    for command in (c for c in COMMANDS if "job create" in c):
        test_a_command_runs_word_for_word(gateway, tmp_path, command)
    bodies = [asked.body for asked in gateway.asked if asked.method == "POST"]
    assert bodies == [
        {
            "name": "daily-report",
            "agent_id": "reporter",
            "schedule": "0 9 * * *",
            "prompt": "Generate daily report",
        },
        {
            "name": "on-demand",
            "team_id": "ops",
            "webhook_path": "/deploy-trigger",
            "prompt": "Process incoming deployment event",
        },
        {
            "name": "future-job",
            "agent_id": "reporter",
            "schedule": "0 0 * * 0",
            "prompt": "Weekly maintenance",
            "enabled": False,
        },
    ]
