"""The environment of a command, built from nothing but what is listed here. Pure."""

import json
from collections.abc import Mapping
from pathlib import Path

from lamplighter_dispatcher.runners.contract import Work

PROMPT_LIMIT = 100_000
"""Bytes of the prompt in its variable; the system takes 128 KiB at most. Standard input has all of it."""


MARKS = ("LAMP_EXECUTION_ID", "LAMP_ATTEMPT")
"""By these a process of an attempt is known from the outside."""


def environment(
    work: Work,
    path: str,
    home: Path,
    temporary: Path,
    payload_file: Path | None,
    done_file: Path | None = None,
) -> dict[str, str]:
    """The few that programs expect, then the given ones, then who this is, which nothing given can change."""
    who = {
        "LAMP_EXECUTION_ID": work.execution_id,
        "LAMP_JOB_ID": work.job_id,
        "LAMP_ATTEMPT": str(work.attempt),
        "LAMP_PROMPT": shortened(work.prompt),
    }
    if payload_file is not None:
        who["LAMP_PAYLOAD_FILE"] = str(payload_file)
    if done_file is not None:
        who["LAMP_DONE_FILE"] = str(done_file)
    basis = {"PATH": path, "HOME": str(home), "PWD": str(home), "TMPDIR": str(temporary), "LANG": "C.UTF-8"}
    return {**basis, **work.variables, **who}


def shortened(prompt: str) -> str:
    """A variable cannot hold a NUL character either."""
    return prompt.replace("\0", "").encode(errors="replace")[:PROMPT_LIMIT].decode(errors="ignore")


def payload_json(work: Work) -> str:
    return json.dumps(work.payload, ensure_ascii=False)


def done_lines(work: Work) -> str:
    """What earlier attempts did, in the words in which a command reports it."""
    return "".join(json.dumps({"effect": effect}, ensure_ascii=False) + "\n" for effect in work.done)


def marks(work_variables: Mapping[str, str]) -> tuple[bytes, ...]:
    return tuple(f"{name}={work_variables[name]}".encode() for name in MARKS)
