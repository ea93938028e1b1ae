"""`lamp policy test`: what policies would say."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lamplighter_cli import documents, inputs, policies
from lamplighter_cli.commands.options import Zone, instant
from lamplighter_cli.commands.policy_views import WORDS, verdict_sheet
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import LampError, WrongUse
from lamplighter_cli.lookup import job_id
from lamplighter_cli.paths import POLICIES
from lamplighter_cli.settings import Setting, options, taking
from lamplighter_cli.values import moment, word

ACTIONS = {"save": "job.save", "start": "execution.start", "tool": "tool.call", "call": "tool.call"}


def _action(text: str) -> str:
    return ACTIONS.get(text.strip().lower(), text.strip())


QUESTION = (
    Setting(
        "--action", "action", "ACTION", "save, start or tool; by default what the other options say.", _action
    ),
    Setting("--project", "project", "PROJECT", "A project, where none of these says which."),
    Setting("--job", "job_id", "JOB", "A job, by id or name; who does its work, and where, is its own."),
    Setting("--agent", "agent_id", "AGENT", "An agent, in place of the job's."),
    Setting("--team", "team_id", "TEAM", "A team, in place of the job's."),
    Setting("--environment", "environment", "ENVIRONMENT", "An environment, in place of the job's."),
    Setting("--prompt", "prompt", "TEXT", "What is asked, in place of the job's."),
    Setting("--trigger", "trigger", "KIND", "schedule, webhook, manual or backfill.", word),
    Setting("--trust", "trust", "TRUST", "internal or external; a webhook is external.", word),
    Setting("--actor", "triggered_by", "TOKEN", "Who starts it."),
    Setting("--tool", "tool", "TOOL", "The tool that is called."),
    Setting(
        "--argument", "arguments", "NAME=VALUE", "Of the call. May be given several times.", several=True
    ),
    Setting("--at", "at", "TIME", "When; now by default.", moment),
)


@taking(options(QUESTION, "What is asked"))
def try_policy(
    ctx: typer.Context,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="A policy as create takes it; by default all active ones.",
            show_default=False,
        ),
    ] = None,
    policy: Annotated[
        str | None, typer.Option("--policy", metavar="ID", help="One policy that is there, active or not.")
    ] = None,
    document: Annotated[
        str | None,
        typer.Option(
            "--input", metavar="FILE", help="The document to judge, or a part of it; - reads a pipe."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="FILE", help="Beside a .rego: what it finds under 'data'.")
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(
            "--expect", metavar="EFFECT", help="Fail unless it is: allow, require_approval or deny."
        ),
    ] = None,
    timezone: Zone = None,
) -> None:
    """See what a policy, or all that are active, would say. Nothing is kept, and nothing runs.

    \b
    Examples:
      lamp policy test freeze.yaml --job nightly-report --trigger schedule --at "2026-11-28 10:00"
      lamp policy test no-shell.rego --agent writer --tool shell --argument program=rm --expect deny
      lamp policy test --job triage --trigger webhook
      lamp policy test --input document.json
    """
    lamp = of(ctx)
    wanted = word(expect) if expect else None
    if wanted not in (None, *WORDS):
        raise WrongUse(f"--expect {expect!r} is no effect: use {', '.join(WORDS)}")
    body = {**_tested(lamp, file, policy, data), "input": _input(lamp, document, ctx.params, timezone)}
    told = lamp.client.post(f"{POLICIES}/test", body)
    lamp.output.record(told, verdict_sheet)
    found = (told.get("verdict") or {}).get("effect")
    if wanted is not None and found != wanted:
        raise LampError(f"it is {found}, and not {wanted}")


def _tested(lamp: Lamp, file: str | None, policy: str | None, data: str | None) -> dict[str, Any]:
    if file and policy:
        raise WrongUse("a file and --policy exclude each other: choose one")
    if data and not (file or "").endswith(".rego"):
        raise WrongUse("--data belongs to a module in Rego: give it beside NAME.rego")
    if not file:
        return {"policy_id": policy} if policy else {}
    found = policies.policy(file, lamp.stdin)
    if data:
        found["engine"]["data"] = policies.data(data, lamp.stdin)
    return {"policy": found}


def _input(lamp: Lamp, document: str | None, given: Mapping[str, Any], zone: str | None) -> dict[str, Any]:
    fields = {
        one.field: one.value(given[one.name]) for one in QUESTION if given.get(one.name) not in (None, ())
    }
    if document and fields:
        raise WrongUse("--input is the whole question: leave the other options out, or write them into it")
    if document:
        return documents.read(document, "--input", lamp.stdin)
    if fields.get("job_id"):
        fields["job_id"] = job_id(lamp.client, fields["job_id"])
    if "arguments" in fields:
        fields["arguments"] = inputs.pairs(fields["arguments"], "--argument")
    if "at" in fields:
        fields["at"] = instant(lamp, fields["at"], "--at", zone)
    return {name: value for name, value in fields.items() if value is not None}
