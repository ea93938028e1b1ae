"""The environment of a command, built from nothing but what is listed here. Pure."""

import json
from collections.abc import Mapping
from pathlib import Path

from lamplighter_dispatcher.runners.contract import Work

PROMPT_LIMIT = 100_000
"""Bytes of the prompt in its variable; the system takes 128 KiB at most. Standard input has all of it."""


def environment(
    work: Work, path: str, home: Path, temporary: Path, payload_file: Path | None
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
    basis = {"PATH": path, "HOME": str(home), "TMPDIR": str(temporary), "LANG": "C.UTF-8"}
    return {**basis, **work.variables, **who}


def shortened(prompt: str) -> str:
    """A variable cannot hold a NUL character either."""
    return prompt.replace("\0", "").encode(errors="replace")[:PROMPT_LIMIT].decode(errors="ignore")


def payload_json(work: Work) -> str:
    return json.dumps(work.payload, ensure_ascii=False)


def marks(work_variables: Mapping[str, str]) -> tuple[bytes, ...]:
    """By which a process of this attempt is known from the outside."""
    return tuple(f"{name}={work_variables[name]}".encode() for name in ("LAMP_EXECUTION_ID", "LAMP_ATTEMPT"))
