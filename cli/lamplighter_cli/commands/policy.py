"""`lamp policy`: who may run what, where, and with which tools."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lamplighter_cli import policies
from lamplighter_cli.commands.nouns import Noun, reading
from lamplighter_cli.commands.options import ChosenId, Project
from lamplighter_cli.commands.policy_trial import try_policy
from lamplighter_cli.commands.policy_views import COLUMNS, sheet
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.grammar import boolean, group
from lamplighter_cli.lookup import job_id
from lamplighter_cli.paths import POLICIES, item
from lamplighter_cli.settings import Setting, options, taking
from lamplighter_cli.values import reading as as_reading

PolicyId = Annotated[str, typer.Argument(metavar="POLICY", help="The policy's id.", show_default=False)]


def _attachment(text: str) -> dict[str, str]:
    kind, _, name = text.strip().partition(":")
    return {"kind": kind, **({"id": name} if name else {})}


SETTINGS = (
    Setting(
        "--file", "file", "FILE", "YAML or JSON with a list 'rules', or with all fields; or Rego (*.rego)."
    ),
    Setting("--data", "data", "FILE", "Beside a .rego: what the module finds under 'data'."),
    Setting("--query", "query", "PATH", "Beside a .rego: its document; data.lamplighter."),
    Setting("--opa", "opa", "URL", "The document of a server of Open Policy Agent, in place of a file."),
    Setting(
        "--token",
        "token",
        "NAME",
        "Beside --opa: the secret that is sent to it, of the environment of the project's own name.",
    ),
    Setting("--description", "description", "TEXT", "What it is for."),
    Setting(
        "--attach",
        "attach",
        "KIND:ID",
        "What it governs: project (its own), environment:ID, team:ID, agent:ID, job:ID; * for any part of an id; "
        "or everything, in all projects. May be given several times; the project by default.",
        read=_attachment,
        several=True,
    ),
    Setting(
        "--dry-run-mode",
        "dry_run",
        "BOOL",
        "Only record what it would deny.",
        read=as_reading(boolean),
    ),
    Setting("--active", "active", "BOOL", "Whether it is asked at all.", read=as_reading(boolean)),
)


@taking(options(SETTINGS))
def create_policy(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="By default the file's own.", show_default=False)
    ] = None,
    chosen_id: ChosenId = None,
    project: Project = None,
) -> None:
    """Create a policy of rules, of a module in Rego, or of a server of Open Policy Agent. It binds from now on.

    \b
    Examples:
      lamp policy create "Change freeze" --file freeze.yaml --attach environment:production
      lamp policy create --file no-shell.rego --dry-run-mode
      lamp policy create Central --opa https://opa.internal:8181/v1/data/lamplighter --token OPA_TOKEN
    """
    lamp = of(ctx)
    body = _body(ctx.params, lamp)
    if "engine" not in body:
        raise WrongUse("say what it decides: --file FILE, or --opa URL")
    if name is not None:
        body["name"] = name
    elif "name" not in body and ctx.params["file"]:
        body["name"] = policies.named_after(ctx.params["file"])
    if chosen_id is not None:
        body["id"] = chosen_id
    if home := lamp.project(project, body.get("project")):
        body["project"] = home
    made = lamp.client.post(POLICIES, body)
    lamp.output.record(made, sheet, f"Created policy {made.get('id')}")


@taking(
    options((Setting("--name", "name", "TEXT", "A new name; the id stays.", keeps_empty=True), *SETTINGS))
)
def update_policy(ctx: typer.Context, policy: PolicyId) -> None:
    """Change a policy; what is not named stays. A file or a server replaces what it decides by.

    \b
    Examples:
      lamp policy update change-freeze --file freeze.yaml
      lamp policy update no-shell --dry-run-mode=false
      lamp policy update no-shell --attach agent:writer --attach team:press
    """
    lamp = of(ctx)
    body = _body(ctx.params, lamp)
    if ctx.params["name"] is not None:
        body["name"] = ctx.params["name"]
    if not body:
        raise WrongUse("nothing to change: name at least one option (see `lamp policy update --help`)")
    changed = lamp.client.patch(item(POLICIES, policy), body)
    lamp.output.record(changed, sheet, f"Updated policy {changed.get('id')}")


def show_schema(ctx: typer.Context) -> None:
    """Show the JSON Schema of the document that policies judge.

    \b
    Example:
      lamp policy schema > input.schema.json
    """
    lamp = of(ctx)
    lamp.output.json(lamp.client.get(f"{POLICIES}/schema"))


def _body(given: Mapping[str, Any], lamp: Lamp) -> dict[str, Any]:
    """The fields of the file, and over them those that the options name."""
    fields = {
        one.field: one.value(given[one.name]) for one in SETTINGS if given.get(one.name) not in (None, ())
    }
    file, url = fields.pop("file", None), fields.pop("opa", None)
    module = {name: fields.pop(name) for name in ("data", "query") if name in fields}
    token = fields.pop("token", None)
    if file and url:
        raise WrongUse("--file and --opa exclude each other: choose one")
    if token and not url:
        raise WrongUse("--token is the token of a server: give it beside --opa")
    if module and not (file or "").endswith(".rego"):
        raise WrongUse("--data and --query belong to a module in Rego: give them beside --file NAME.rego")
    body = policies.policy(file, lamp.stdin) if file else {}
    if url:
        body["engine"] = {"kind": "opa", "url": url, **({"token": token} if token else {})}
    if module.get("data"):
        module["data"] = policies.data(module["data"], lamp.stdin)
    if module:
        body["engine"] |= module
    if fields.get("attach"):
        fields["attach"] = [_found(one, lamp) for one in fields["attach"]]
    return {**body, **fields}


def _found(attachment: dict[str, str], lamp: Lamp) -> dict[str, str]:
    """A job may be called by its name."""
    named = attachment.get("id", "*")
    if attachment["kind"] != "job" or "*" in named:
        return attachment
    return {**attachment, "id": job_id(lamp.client, named)}


NOUN = Noun(
    "policy",
    POLICIES,
    COLUMNS,
    sheet,
    "change-freeze",
    shows="; -o json shows all of it, in the form that create takes",
    unused=". It governs nothing from then on",
    empty="No policies: everything is allowed. Create one: lamp policy create --help",
    loss=" What it denies is allowed from then on.",
)

app = group(
    "Who may run what, where, and with which tools.",
    {
        "create": create_policy,
        **reading(NOUN),
        "update": update_policy,
        "test|try": try_policy,
        "schema": show_schema,
    },
)
