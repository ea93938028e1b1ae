"""`make demo`: starts a stack of its own, shows each thing Lamplighter does, stops, and exits with 0.

Any step that fails ends it with the reason and exit code 1.
"""

import hashlib
import hmac
import json
import sys
import tempfile
import time
from pathlib import Path

from demo.stack import Stack, StepFailed
from demo.steps import AGENTS, require, step, wait_for, wait_for_all
from demo.who import show_who

GITHUB_PUSH = {
    "ref": "refs/heads/main",
    "after": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    "repository": {"full_name": "octo-org/octo-repo", "default_branch": "main"},
    "pusher": {"name": "octocat"},
    "head_commit": {"message": "Mend the lamp", "timestamp": "2026-03-01T12:00:00Z"},
}


def main() -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lamplighter-demo-") as folder:
        stack = Stack(Path(folder))
        try:
            show(stack)
        except StepFailed as failed:
            print(f"\nThe demonstration failed: {failed}", file=sys.stderr)
            stack.kill()
            return 1
        except BaseException:
            stack.kill()
            raise
    print(f"\nDone in {time.monotonic() - began:.0f} s. Nothing is left running.")
    return 0


def show(stack: Stack) -> None:
    step("Start NATS, MongoDB and the four services, with fresh data on free ports")
    stack.start()
    print(f"    ready at {stack.url}")
    scheduled = schedule_a_job(stack)
    start_by_hand(stack, scheduled)
    post_a_delivery_twice(stack)
    follow_a_log(stack)
    cancel_a_long_one(stack)
    see_the_schedule_fire(stack, scheduled)
    ask_why(stack, scheduled)
    run_the_past_again(stack)
    show_who(stack)
    look_around(stack, scheduled)
    step("Stop everything that was started")
    stack.stop()


def schedule_a_job(stack: Stack) -> str:
    step(
        "Make an agent whose command takes a real reading of this machine, and a job that runs it every ten seconds"
    )
    reader = (sys.executable, str(AGENTS / "machine_reading.py"))
    stack.lamp(
        "agent", "create", "machine-reader", "--description", "Reads disk, memory and load", "--", *reader
    )
    prompt = "Report how much disk and memory are free, and the load, at {{ scheduled_at }}"
    stack.lamp(
        "job",
        "create",
        "--name",
        "machine-report",
        "--agent",
        "machine-reader",
        "--every",
        "10s",
        "--prompt",
        prompt,
    )
    return str(stack.lamp_json("job", "get", "machine-report")["id"])


def start_by_hand(stack: Stack, job_id: str) -> None:
    step("Start the same job by hand, and read its result")
    stack.lamp("job", "trigger", job_id)
    execution = wait_for(
        stack, job_id, lambda e: e["trigger"]["kind"] == "manual" and e["status"] == "completed"
    )
    stack.lamp("execution", "get", execution["id"])
    require("disk:" in execution["result"], f"the result has no reading: {execution['result']!r}")


def post_a_delivery_twice(stack: Stack) -> None:
    step("Make a job with a webhook, and post it a signed GitHub push, twice with one delivery id")
    stack.lamp(
        "job", "create", "--name", "on-push", "--agent", "machine-reader", "--webhook", "/on-push",
        "--prompt", "Check the machine after this push", show=False,
    )  # fmt: skip
    job_id = str(stack.lamp_json("job", "get", "on-push")["id"])
    secret = stack.lamp_json("job", "rotate-secret", job_id)["webhook_secret"]
    body = json.dumps(GITHUB_PUSH).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    answers = []
    for _ in range(2):
        status, answer = stack.post("/api/v1/jobs/webhook/on-push", body, headers)
        print(f"    POST /api/v1/jobs/webhook/on-push -> {status} {json.dumps(answer)}")
        require(status == 202, "a signed delivery was not accepted")
        answers.append(answer["execution_id"])
    require(answers[0] == answers[1], "one delivery became two executions")
    wait_for(stack, job_id, lambda e: e["status"] == "completed")
    status, _ = stack.post(
        "/api/v1/jobs/webhook/on-push", body, {**headers, "X-Hub-Signature-256": "sha256=" + "0" * 64}
    )
    print(f"    the same with a wrong signature -> {status}")
    require(status == 401, "a wrong signature was not refused")
    executions = stack.lamp_json("job", "executions", job_id)
    require(len(executions) == 1, f"expected one execution, found {len(executions)}")
    print("    two deliveries, one execution")


def follow_a_log(stack: Stack) -> None:
    step("Follow the log of an execution while it runs")
    slow = (sys.executable, str(AGENTS / "slow_steps.py"), "6")
    stack.lamp("agent", "create", "stepper", "--", *slow, show=False)
    stack.lamp(
        "job", "create", "--name", "six-steps", "--agent", "stepper", "--prompt", "Take six steps", show=False
    )
    execution_id = stack.lamp_json("job", "trigger", "six-steps")["execution_id"]
    lines = stack.stream("execution", "logs", "-f", execution_id)
    require(
        [line for line in lines if line.startswith("step ")] == [f"step {n} of 6" for n in range(1, 7)],
        "lines are missing",
    )


def cancel_a_long_one(stack: Stack) -> None:
    step("Start one that would take minutes, and cancel it")
    slow = (sys.executable, str(AGENTS / "slow_steps.py"), "1000")
    stack.lamp("agent", "create", "patient", "--", *slow, show=False)
    stack.lamp(
        "job", "create", "--name", "long-walk", "--agent", "patient", "--prompt", "Walk far", show=False
    )
    job_id = str(stack.lamp_json("job", "get", "long-walk")["id"])
    execution_id = stack.lamp_json("job", "trigger", job_id)["execution_id"]
    wait_for(stack, job_id, lambda e: e["status"] == "running")
    stack.lamp("execution", "cancel", execution_id)
    wait_for(stack, job_id, lambda e: e["status"] == "cancelled")
    stack.lamp("job", "executions", job_id)


def see_the_schedule_fire(stack: Stack, job_id: str) -> None:
    step("The schedule fires by itself")
    execution = wait_for(
        stack, job_id, lambda e: e["trigger"]["kind"] == "schedule" and e["status"] == "completed"
    )
    print(
        f"    due {execution['trigger']['nominal_at']}, started {execution['started_at']}: {execution['status']}"
    )


def ask_why(stack: Stack, job_id: str) -> None:
    step(
        "Pause it with a note, and ask why it does not run; and when the clocks change, what a schedule does"
    )
    stack.lamp("job", "pause", job_id, "--until", "2031-01-01 00:00", "--note", "quiet until the new year")
    sentence = stack.lamp("job", "why", job_id)
    require("quiet until the new year" in sentence, f"the reason is not told: {sentence}")
    stack.lamp("job", "next", "--schedule", "30 2 * * *", "--timezone", "America/New_York",
               "--starts-at", "2031-03-08 00:00", "-n", "3")  # fmt: skip


def run_the_past_again(stack: Stack) -> None:
    step("Run the occurrences of a past day again, two at a time")
    stack.lamp("job", "create", "--name", "six-hourly", "--agent", "machine-reader", "--schedule", "0 */6 * * *",
               "--prompt", "Read the machine for {{ scheduled_at }}", show=False)  # fmt: skip
    job_id = str(stack.lamp_json("job", "get", "six-hourly")["id"])
    stack.lamp("job", "backfill", job_id, "--from", "2026-03-01T00:00Z", "--to", "2026-03-01T23:00Z",
               "--max-parallel", "2")  # fmt: skip
    executions = wait_for_all(stack, job_id, 4)
    nominal = sorted(execution["trigger"]["nominal_at"] for execution in executions)
    require(nominal[0] == "2026-03-01T00:00:00Z", f"the first is another one: {nominal}")
    stack.lamp("backfill", "list")


def look_around(stack: Stack, job_id: str) -> None:
    step("All jobs with their next and last run, and the history of one")
    stack.lamp("job", "list")
    stack.lamp("job", "executions", job_id)


if __name__ == "__main__":
    sys.exit(main())
