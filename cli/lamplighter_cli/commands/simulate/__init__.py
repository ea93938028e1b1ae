"""`lamp simulate`: what the jobs of the catalog would do in a time to come, without doing it."""

from typing import Annotated, Any

import typer

from lamplighter_cli import moments
from lamplighter_cli.commands.options import Zone, instant
from lamplighter_cli.commands.simulate.report import show
from lamplighter_cli.context import of
from lamplighter_cli.lookup import job_id
from lamplighter_cli.paths import SIMULATIONS
from lamplighter_cli.values import moment


def simulate(
    ctx: typer.Context,
    end: Annotated[Any, typer.Option("--to", metavar="TIME", help="Up to then.", parser=moment)],
    start: Annotated[
        Any, typer.Option("--from", metavar="TIME", help="From then on; by default from now.", parser=moment)
    ] = None,
    job: Annotated[
        list[str] | None,
        typer.Option("--job", metavar="JOB", help="Only this job: its id, or its name. May be repeated."),
    ] = None,
    timezone: Zone = None,
) -> None:
    """Show what jobs would do between two times: how many start when, which collide, overlap or do not run.

    Nothing is started. A TIME is 2026-12-01 09:00 or has an offset, as in 2026-12-01T09:00:00+01:00.

    \b
    Examples:
      lamp simulate --to 2026-12-08
      lamp simulate --from 2026-12-01 --to 2026-12-08 --job daily-report-7f3a -o json
    """
    lamp = of(ctx)
    body: dict[str, Any] = {
        "from": instant(lamp, start, "--from", timezone) or moments.rfc3339(lamp.now(), None),
        "to": instant(lamp, end, "--to", timezone),
    }
    if job:
        body["job_ids"] = [job_id(lamp.client, one) for one in job]
    report = lamp.client.post(SIMULATIONS, body)
    if lamp.output.is_json:
        lamp.output.json(report)
    else:
        show(lamp.output, report)
