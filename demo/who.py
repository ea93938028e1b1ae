"""Who does the work: a team, a choice, a policy that denies a tool, and a person's word."""

import json
import secrets
import sys
import time
from pathlib import Path

from demo.model import scripted_model
from demo.stack import Stack
from demo.steps import AGENTS, WAIT_SECONDS, require, step, wait_for

CARDS = {
    "backup-keeper": "Makes backups of PostgreSQL and MySQL databases, and restores them",
    "certificate-watch": "Looks after TLS certificates and DNS records, and says which expire soon",
    "ticket-sorter": "Reads new support tickets, labels them and answers simple ones",
}
NO_REMOVAL = {
    "name": "Nothing is removed",
    "attach": [{"kind": "agent", "id": "housekeeper"}],
    "rules": [
        {
            "name": "no rm",
            "when": {"actions": ["tool.call"], "tools": ["shell"], "arguments": {"command": "rm"}},
            "then": "deny",
            "message": "agents remove nothing at night",
        },
        {
            "name": "publishing is asked for",
            "when": {"actions": ["tool.call"], "tools": ["shell"], "arguments": {"command": "published"}},
            "then": "require_approval",
            "message": "what is published cannot be taken back",
        },
    ],
}
TURNS = (
    ("shell", {"command": ["rm", "-r", "old-reports"]}),
    ("shell", {"command": ["echo", "report", "published"]}),
    "I was not allowed to remove the old reports. The new one is published.",
)


def show_who(stack: Stack) -> None:
    work_in_a_team(stack)
    choose_by_itself(stack)
    govern_a_model(stack)


def work_in_a_team(stack: Stack) -> None:
    step("A team of two commands: the second gets what the first has found")
    headline = (sys.executable, str(AGENTS / "headline.py"))
    stack.lamp("agent", "create", "headline-writer", "--description", "Sums up in a line", "--", *headline)
    stack.lamp("team", "create", "read-and-tell", "--member", "machine-reader", "--member", "headline-writer")
    stack.lamp(
        "job", "create", "--name", "morning-line", "--team", "read-and-tell",
        "--prompt", "How is this machine?", show=False,
    )  # fmt: skip
    stack.lamp("job", "trigger", "morning-line")
    job_id = str(stack.lamp_json("job", "get", "morning-line")["id"])
    execution = wait_for(stack, job_id, lambda e: e["status"] == "completed")
    print(f"    {execution['result']}")
    require(execution["result"].startswith("In short: "), f"another result: {execution['result']!r}")


def choose_by_itself(stack: Stack) -> None:
    step("A job that says what is to be done, and leaves it open who does it")
    for name, description in CARDS.items():
        stack.lamp("agent", "create", name, "--description", description, "--", "echo", f"{name} at work",
                   show=False)  # fmt: skip
    prompt = "Which of our TLS certificates expire within 30 days?"
    stack.lamp("smart", "explain", prompt)
    stack.lamp("job", "create", "--name", "expiring", "--smart", "--prompt", prompt, show=False)
    stack.lamp("job", "trigger", "expiring", show=False)
    job_id = str(stack.lamp_json("job", "get", "expiring")["id"])
    execution = wait_for(stack, job_id, lambda e: e["status"] == "completed")
    whole = stack.lamp_json("execution", "get", execution["id"])
    print(f"    {whole['choice']['reason']}")
    require(whole["agent_id"] == "certificate-watch", f"another agent did it: {whole['agent_id']}")


def govern_a_model(stack: Stack) -> None:
    step("An agent on a language model (a scripted one): a policy denies one call, a person approves another")
    file = Path(stack.folder) / "nothing-is-removed.json"
    file.write_text(json.dumps(NO_REMOVAL))
    with scripted_model(TURNS) as url:
        stack.lamp("secret", "set", "default", "MODEL_KEY", given=secrets.token_hex(16))
        stack.lamp(
            "agent", "create", "housekeeper", "--runner", "llm", "--model", "scripted", "--base-url", url,
            "--api-key-secret", "MODEL_KEY", "--tool-shell", "rm,echo",
        )  # fmt: skip
        stack.lamp("policy", "create", "--file", str(file))
        stack.lamp(
            "job", "create", "--name", "tidy-up", "--agent", "housekeeper",
            "--prompt", "Remove the old reports and publish the new one", show=False,
        )  # fmt: skip
        stack.lamp("job", "trigger", "tidy-up")
        job_id = str(stack.lamp_json("job", "get", "tidy-up")["id"])
        execution_id = str(wait_for(stack, job_id, lambda e: e["status"] == "waiting_for_input")["id"])
        stack.lamp("approval", "approve", pending(stack, execution_id), "--note", "the report is fine")
        wait_for(stack, job_id, lambda e: e["status"] == "completed")
    stack.lamp("execution", "get", execution_id)
    whole = stack.lamp_json("execution", "get", execution_id)
    effects = {decision["verdict"]["effect"] for decision in whole["decisions"]}
    require({"deny", "require_approval"} <= effects, f"the policy's decisions are not there: {effects}")


def pending(stack: Stack, execution_id: str) -> str:
    """The approval that it waits for."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := stack.lamp_json("approval", "list", "--execution", execution_id)):
        require(time.monotonic() < deadline, f"{execution_id} asks for nothing")
        time.sleep(0.2)
    stack.lamp("approval", "list")
    return str(found[0]["id"])
