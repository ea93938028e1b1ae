"""The log of an execution: what is there, or line by line as it comes."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from lamplighter_cli.commands.execution.interruptions import interruption
from lamplighter_cli.commands.execution.reading import ExecutionId
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import Exit, WrongUse
from lamplighter_cli.following import LiveEvent, follow
from lamplighter_cli.logs import LogWriter
from lamplighter_cli.paths import EXECUTIONS, item


def show_log(
    ctx: typer.Context,
    execution: ExecutionId,
    live: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", help="Show lines as they come, to the end; exit code 0 when it completes."
        ),
    ] = False,
    from_line: Annotated[
        int | None, typer.Option("--from-line", min=1, metavar="N", help="Begin here.")
    ] = None,
    attempt: Annotated[
        int | None, typer.Option("--attempt", min=1, metavar="N", help="Only this attempt.")
    ] = None,
) -> None:
    """Show what an execution wrote: its standard output there, its standard error there.

    \b
    Examples:
      lamp execution logs 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e
      lamp execution logs -f 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e
    """
    lamp = of(ctx)
    if live and (from_line or attempt):
        raise WrongUse("--follow shows the whole log: leave out --from-line and --attempt")
    if live:
        raise typer.Exit(follow_log(lamp, execution))
    pages = _pages(lamp, execution, {"from_line": from_line, "attempt": attempt})
    if lamp.output.is_json:
        lamp.output.json(_joined(pages))
        return
    writer = LogWriter(lamp.output)
    for page in pages:
        writer.write(page["lines"])


def follow_log(lamp: Lamp, execution: str) -> Exit:
    """Write the log as it comes. OK when the execution completed; for any other end says which, and FAILED."""
    writer = LogWriter(lamp.output)
    end: dict[str, Any] = {}
    for event in follow(lamp.client, execution, lamp.sleep):
        (_show_json if lamp.output.is_json else _show)(lamp, writer, event)
        if event.name == "end":
            end = event.data
    if end.get("status") == "completed":
        return Exit.OK
    if not lamp.output.is_json:
        lamp.output.note(_verdict(execution, end))
    return Exit.FAILED


def _show(lamp: Lamp, writer: LogWriter, event: LiveEvent) -> None:
    match event.name:
        case "log":
            writer.write(event.data["lines"], event.data.get("attempt", 1))
        case "gap":
            lamp.output.note(_gap(event.data))
        case _:
            for sentence in interruption(event.name, event.data, lamp.output.clock):
                lamp.output.note(sentence)


def _show_json(lamp: Lamp, writer: LogWriter, event: LiveEvent) -> None:
    data = event.data
    if event.name == "log":
        lines = writer.fresh(data["lines"], data.get("attempt", 1))
        if not lines:
            return
        data = {**data, "lines": lines}
    lamp.output.json_line({"event": event.name, "data": data})


def _gap(data: dict[str, Any]) -> str:
    first, last = data.get("from_line"), data.get("to_line")
    which = f"Lines {first} to {last} are missing" if first and last else "Lines are missing"
    return f"{which}: {data['reason']}" if data.get("reason") else which


def _verdict(execution: str, end: dict[str, Any]) -> str:
    because = end.get("detail") or end.get("reason")
    sentence = f"Execution {execution} {end.get('status', 'ended')}"
    return f"{sentence}: {because}" if because else sentence


def _pages(lamp: Lamp, execution: str, query: dict[str, int | None]) -> Iterator[dict[str, Any]]:
    path = f"{item(EXECUTIONS, execution)}/logs"
    after: int | None = None
    while True:
        page = lamp.client.request("GET", path, query={**query, "after": after}).document
        yield page
        before, after = after, page.get("next")
        if after in (None, before):
            return


def _joined(pages: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """All pages as one, in the shape of a page."""
    first, *others = pages
    lines = [line for page in (first, *others) for line in page["lines"]]
    return {**first, "lines": lines, "next": others[-1].get("next") if others else first.get("next")}
