"""`lamp audit`: who did what and who was denied what, and whether the record of it is whole."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from lamplighter_cli import paging
from lamplighter_cli.commands.options import From, To, instant
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import Exit, LampError, WrongUse
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paging import Limit
from lamplighter_cli.paths import AUDIT, item
from lamplighter_cli.times import Clock

NDJSON = {"Accept": "application/x-ndjson"}
SHOWN = 200
"""Characters of a value that has changed."""

Actor = Annotated[
    str | None, typer.Option("--actor", metavar="ID", help="Only by this token, or `oidc:<subject>`.")
]
Action = Annotated[
    str | None,
    typer.Option("--action", metavar="NAME", help="Only this, such as job.change or worker.drain."),
]
Kind = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help="Only of these, such as jobs or tokens.")
]
ObjectId = Annotated[str | None, typer.Option("--id", metavar="ID", help="Only of the object with this id.")]
Outcome = Annotated[str | None, typer.Option("--outcome", help="Only what was done, or what was denied.")]

COLUMNS = (
    Column("NUMBER", lambda one, _: one.get("number")),
    Column("WHEN", lambda one, clock: clock.local(one.get("at"))),
    Column("WHO", lambda one, _: who(one), flexible=True),
    Column("FROM", lambda one, _: one.get("address")),
    Column("WHAT", lambda one, _: one.get("action"), flexible=True),
    Column("ON", lambda one, _: one.get("object_id"), flexible=True),
    Column("OUTCOME", lambda one, _: outcome(one), status=True),
)


def list_audit(
    ctx: typer.Context,
    actor: Actor = None,
    action: Action = None,
    kind: Kind = None,
    object_id: ObjectId = None,
    outcome: Outcome = None,
    since: From = None,
    until: To = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> None:
    """List what was done and denied, newest first.

    \b
    Examples:
      lamp audit list --kind jobs --id daily-report-7f3a
      lamp audit list --outcome denied --from yesterday
    """
    lamp = of(ctx)
    query = {
        "actor": actor,
        "action": action,
        "kind": kind,
        "object_id": object_id,
        "outcome": outcome,
        "from": instant(lamp, since, "--from", None),
        "until": instant(lamp, until, "--to", None),
    }
    lamp.output.records(paging.collect(lamp.client, AUDIT, query, limit), COLUMNS, "Nothing is recorded.")


def show_audit(
    ctx: typer.Context,
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", min=1, help="Of the record.", show_default=False)
    ],
) -> None:
    """Show one record: who, when, from where, what, and what it changed.

    \b
    Example:
      lamp audit show 42
    """
    lamp = of(ctx)
    lamp.output.record(lamp.client.get(item(AUDIT, str(number))), sheet)


def verify_audit(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="FILE", help="Check this export, without any server.", show_default=False
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="HASH", help="Of a file: the hash that its last record has to have."),
    ] = None,
) -> None:
    """Check that no record was changed, removed or added. Ends with 1 where something does not hold.

    \b
    Examples:
      lamp audit verify
      lamp audit verify --file audit.ndjson
    """
    lamp = of(ctx)
    if head is not None and file is None:
        raise WrongUse("--head is for a file: give one with --file")
    verdict = _of_file(file, head) if file is not None else _of_server(lamp)
    if lamp.output.is_json:
        lamp.output.json(verdict)
    else:
        for sentence in sentences(verdict):
            lamp.output.line(sentence)
    if not verdict["holds"]:
        raise typer.Exit(Exit.FAILED)


def export_audit(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="FILE", help="Where to; by default to standard output.", show_default=False
        ),
    ] = None,
) -> None:
    """Write all of it, oldest first, a record a line (NDJSON), as `lamp audit verify --file` takes it.

    \b
    Example:
      lamp audit export --file audit.ndjson
    """
    lamp = of(ctx)
    if file is None:
        for line in _exported(lamp):
            lamp.output.raw(line)
        return
    count = 0
    try:
        with file.open("wb") as target:
            for line in _exported(lamp):
                target.write(line)
                count += 1
    except OSError as broken:
        raise LampError(f"cannot write {str(file)!r}: {broken.strerror}") from broken
    lamp.output.done({"file": str(file), "records": count}, f"Wrote {count:,} records to {file}")


def _exported(lamp: Lamp) -> Iterator[bytes]:
    """Raises `LampError` where it breaks off in the middle."""
    with lamp.client.stream(f"{AUDIT}?{urlencode({'sort': 'number'})}", NDJSON) as lines:
        for line in lines:
            if line.startswith(b'{"problem":'):
                detail = json.loads(line)["problem"].get("detail", "it broke off")
                raise LampError(f"this is not all of it: {detail}")
            yield line


def _of_server(lamp: Lamp) -> dict[str, Any]:
    begin: dict[str, Any] = {}
    checked = 0
    while True:
        verdict: dict[str, Any] = lamp.client.post(f"{AUDIT}/verify", begin)
        checked += verdict["checked"]
        if verdict["next"] is None:
            return {**verdict, "checked": checked}
        begin = verdict["next"]
        lamp.output.note(f"{checked:,} records hold so far")


def _of_file(file: Path, head: str | None) -> dict[str, Any]:
    from lamplighter_cli.audit_files import verify

    try:
        with file.open("rb") as lines:
            return verify(lines, head).document
    except OSError as broken:
        raise WrongUse(f"cannot read {str(file)!r}: {broken.strerror}") from broken


def sentences(verdict: Record) -> Iterator[str]:
    """What was checked, and what could not be."""
    checked = f"{verdict['checked']:,} records"
    if not verdict["holds"]:
        yield f"BROKEN at record {verdict['broken_at']}: {verdict['problem']}."
        yield f"The {checked} before it hold." if verdict["checked"] else "No record before it was checked."
        return
    yield f"{checked} hold, each as it was recorded and in its place."
    if not verdict["checked"]:
        return
    yield f"The last is {verdict['last_number']}, with the hash {verdict['last_hash']}"
    if (begins := verdict.get("begins", 1)) > 1:
        yield f"Not checked: the {begins - 1:,} records before the file begins."
    if "anchor" not in verdict:
        yield "Not checked: whether there were more after it. `--head` compares its hash with one that you know."
    elif verdict["anchor"] is None:
        yield "Not checked: whether there were more after it. The bus has forgotten where the chain ended."
    else:
        yield "The bus names the same end. Whoever can write to MongoDB and to NATS could have changed both."


def sheet(one: Record, clock: Clock) -> Sheet:
    yield "Number", one.get("number")
    yield "When", clock.local(one.get("at"))
    yield "Who", who(one)
    yield "Role", one.get("role")
    yield "From", one.get("address")
    yield "Project", one.get("project")
    yield "What", one.get("action")
    yield "Kind", one.get("kind")
    yield "On", one.get("object_id")
    yield "Outcome", outcome(one)
    yield "First", clock.local(one.get("first_at"))
    yield "Detail", one.get("detail")
    yield "Before", one.get("before_number") and f"record {one['before_number']}"
    yield "Changed", list(changes(one.get("before"), one.get("after")))
    yield "Told by", one.get("source")
    yield "Hash", one.get("hash")


def changes(before: object, after: object) -> Iterator[str]:
    """The fields that differ."""
    old, new = _fields(before), _fields(after)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name}: {_short(old, name)} -> {_short(new, name)}"


def _fields(text: object) -> dict[str, Any]:
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _short(fields: dict[str, Any], name: str) -> str:
    if name not in fields:
        return "(nothing)"
    text = json.dumps(fields[name], ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def who(one: Record) -> str:
    name, actor = one.get("actor_name"), one.get("actor") or "nobody knows"
    return f"{name} ({actor})" if name else str(actor)


def outcome(one: Record) -> str:
    count = one.get("count") or 1
    return f"{one.get('outcome')} {count:,} times" if count > 1 else str(one.get("outcome"))


app = group(
    "Who did what, who was denied what, and whether the record of it is whole.",
    {
        "list|ls|l": list_audit,
        "show|get": show_audit,
        "verify": verify_audit,
        "export": export_audit,
    },
)
