"""What the steps of the demonstration are told and checked with."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo.stack import Stack, StepFailed

AGENTS = Path(__file__).parent / "agents"
WAIT_SECONDS = 75


def step(words: str) -> None:
    print(f"\n==> {words}", flush=True)


def wait_for_all(stack: Stack, job_id: str, count: int) -> list[dict[str, Any]]:
    """All executions of the job, once `count` of them have completed."""
    found: list[dict[str, Any]] = []

    def enough(_: dict[str, Any]) -> bool:
        found[:] = stack.lamp_json("job", "executions", job_id)
        completed = [execution for execution in found if execution["status"] == "completed"]
        return len(completed) >= count

    wait_for(stack, job_id, enough)
    return found


def wait_for(stack: Stack, job_id: str, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first execution of the job that is so, asked for until a deadline."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        executions: list[dict[str, Any]] = stack.lamp_json("job", "executions", job_id)
        for execution in executions:
            if is_it(execution):
                return execution
        require(
            time.monotonic() < deadline, f"no such execution of {job_id} in {WAIT_SECONDS} s: {executions}"
        )
        time.sleep(0.2)


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise StepFailed(otherwise)
