"""The reference page's commands against the whole stack, in its order, each doing what the page says."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.reference import reference_commands
from tests.support.stack import Api, Stack


class Shell:
    """A shell with `lamp` on its path, pointed at the stack."""

    def __init__(self, stack: Stack, data: Path) -> None:
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LAMP_URL": stack.url,
            "LAMP_TOKEN": stack.token,
            "LAMP_DATA": str(data),
        }

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", command],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, command: str) -> Any:
        return json.loads(self.run(f"{command} -o json"))


async def test_every_command_does_what_the_page_says(stack: Stack, api: Api, tmp_path: Path) -> None:
    shell = Shell(stack, tmp_path)
    await api.noop_agent("reporter")
    await api.post("/teams", {"id": "ops", "name": "ops", "members": ["reporter"]})
    job_id = await api.job("reporter", name="a job", schedule="0 9 * * *")

    for command in reference_commands(job_id=job_id, agent_id="reporter", team_id="ops"):
        shell.run(command)

    jobs = {job["name"]: job for job in shell.json("lamp job list")}
    assert set(jobs) == {"daily-report", "on-demand", "future-job"}, "the one that was deleted is gone"
    assert (jobs["daily-report"]["schedule"], jobs["daily-report"]["agent_id"]) == ("0 9 * * *", "reporter")
    assert (jobs["on-demand"]["webhook_path"], jobs["on-demand"]["team_id"]) == ("/deploy-trigger", "ops")
    assert (jobs["future-job"]["enabled"], jobs["future-job"]["next_run_at"]) == (False, None)


async def test_changing_starting_and_pausing_take_effect(stack: Stack, api: Api, tmp_path: Path) -> None:
    shell = Shell(stack, tmp_path)
    await api.noop_agent("changer")
    job_id = await api.job("changer", name="to change", schedule="0 9 * * *")

    shell.run(f'lamp job update {job_id} --schedule "0 12 * * *"')
    shell.run(f'lamp job update {job_id} --prompt "Regenerate analytics dashboard"')
    shell.run(f'lamp job update {job_id} --name "Midday Analytics Job"')
    execution_id = shell.json(f"lamp job trigger {job_id}")["execution_id"]
    await api.finished(execution_id)
    shell.run(f"lamp job disable {job_id}")

    job = shell.json(f"lamp job get {job_id}")
    assert (job["name"], job["schedule"]) == ("Midday Analytics Job", "0 12 * * *")
    assert job["prompt"] == "Regenerate analytics dashboard"
    assert (job["enabled"], job["next_run_at"]) == (False, None)
    assert [e["id"] for e in shell.json(f"lamp job executions {job_id}")] == [execution_id]
    shell.run(f"lamp job enable {job_id}")
    assert shell.json(f"lamp job get {job_id}")["next_run_at"].endswith("12:00:00Z")


async def test_a_team_works_in_sequence(stack: Stack, api: Api, tmp_path: Path) -> None:
    shell = Shell(stack, tmp_path)
    for name in ("first", "second"):
        shell.run(f"""lamp agent create {name} -- sh -c 'echo "{name} was told:"; cat'""")
    shell.run("lamp team create crew --member first --member second")
    shell.run('lamp job create --name "together" --team crew --prompt "Begin"')

    record = await api.finished(shell.json("lamp job trigger together")["execution_id"])

    assert record["status"] == "completed"
    assert "second was told:" in record["result"]
    assert "first was told:" in record["result"], "the second gets what the first said"
    assert [step["name"] for step in record["steps"]] == ["first", "second"]
    assert all(step["started_at"] <= step["finished_at"] for step in record["steps"])
