"""A job by what a person calls it: its id, or its name where only one job has it."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from lamplighter_cli.exits import NotFound, Problem, WrongUse
from lamplighter_cli.paging import collect
from lamplighter_cli.paths import JOBS, item

if TYPE_CHECKING:
    from lamplighter_cli.client import Client

T = TypeVar("T")

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


def on_job(client: "Client", named: str, act: Callable[[str], T]) -> T:
    """What `act` makes of the job's path. An id costs one request; a name is looked up when no id is like it.

    Raises `NotFound` with the names that come near, `WrongUse` where several jobs have the name.
    """
    refused = None
    if _ID.fullmatch(named):
        try:
            return act(item(JOBS, named))
        except Problem as problem:
            if problem.status != 404:
                raise
            refused = problem
    return act(item(JOBS, _id_of(collect(client, JOBS, {}), named, refused)))


def job_id(client: "Client", named: str) -> str:
    """The id of the job that a person calls `named`. Raises as `on_job` does."""
    return str(on_job(client, named, client.get)["id"])


def _id_of(jobs: list[dict[str, Any]], name: str, refused: Problem | None) -> str:
    ids = [str(job["id"]) for job in jobs if job.get("name") == name]
    match ids:
        case [one]:
            return one
        case []:
            raise NotFound(_nothing(jobs, name, refused))
        case _:
            raise WrongUse(f"{len(ids)} jobs are called {name!r}: use an id, {' or '.join(ids)}")


def _nothing(jobs: list[dict[str, Any]], name: str, refused: Problem | None) -> str:
    """The gateway knows more than that a job is not there, such as how to bring a deleted one back."""
    sentence = refused.detail.rstrip(".") if refused else f"no job is called {name!r}"
    known = dict.fromkeys(str(job[key]) for job in jobs for key in ("id", "name") if job.get(key))
    near = ", ".join(repr(word) for word in get_close_matches(name, known, n=3))
    return f"{sentence}; did you mean {near}?" if near else f"{sentence}; `lamp job list` shows all jobs"
