"""`lamp job preview`: what a start would come to, without one."""

from collections.abc import Iterator
from typing import Annotated

import typer

from lamplighter_cli import inputs
from lamplighter_cli.commands import firings
from lamplighter_cli.commands.job.options import JobId
from lamplighter_cli.commands.views import who
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.lookup import on_job
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.times import Clock

SHOWN = 5
EFFECTS = {"allow": "allowed", "require_approval": "waits for a person's approval", "deny": "denied"}

CANDIDATES = (
    Column("AGENT", lambda one, _: one.get("agent_id")),
    Column("SCORE", lambda one, _: None if one.get("removed_by") else one.get("score")),
    Column("LOAD", lambda one, _: None if one.get("removed_by") else one.get("load")),
    Column("WHY", lambda one, _: one.get("detail") or ", ".join(one.get("matched") or ()), flexible=True),
)


def preview_job(
    ctx: typer.Context,
    job: JobId,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter", metavar="NAME=VALUE", help="What the run would get to know. May be repeated."
        ),
    ] = None,
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, max=100, metavar="N", help="How many firings.")
    ] = SHOWN,
) -> None:
    """Show what a start by hand would come to: its prompt, who would do it, what policies say. Nothing runs.

    \b
    Examples:
      lamp job preview daily-report-7f3a
      lamp job preview daily-report-7f3a --parameter day=monday -o json
    """
    lamp = of(ctx)
    body = {"n": number} | ({"parameters": inputs.pairs(parameter, "--parameter")} if parameter else {})
    answer = on_job(lamp.client, job, lambda path: lamp.client.post(f"{path}/preview", body))
    if lamp.output.is_json:
        lamp.output.json(answer)
    else:
        _show(lamp, answer)


def _show(lamp: Lamp, answer: Record) -> None:
    lamp.output.sheet(_sheet(answer, lamp.output.clock))
    choice = answer.get("choice") or {}
    if candidates := choice.get("candidates"):
        lamp.output.line()
        lamp.output.title("Who may take it")
        lamp.output.table(candidates, CANDIDATES)
    if found := answer.get("firings"):
        lamp.output.line()
        lamp.output.title("Due next")
        lamp.output.table(found, firings.columns(found))


def _sheet(answer: Record, clock: Clock) -> Sheet:
    choice = answer.get("choice") or {}
    yield "Executor", who(answer) or ("nobody" if choice else None)
    yield "Why", choice.get("reason")
    yield "Environment", answer.get("environment")
    yield "Queue", answer.get("queue")
    yield "Policy", " ".join(_policy(answer.get("policy") or {}))
    yield "Prompt", answer.get("prompt")
    yield "No prompt", answer.get("prompt_problem")
    yield "Paused", answer.get("paused")
    yield "Warnings", [clock.retold(warning) for warning in answer.get("warnings") or ()]


def _policy(verdict: Record) -> Iterator[str]:
    effect = str(verdict.get("effect"))
    reason = verdict.get("reason")
    yield EFFECTS.get(effect, effect) + (":" if reason and effect != "allow" else "")
    if reason and effect != "allow":
        yield str(reason)
