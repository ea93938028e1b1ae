"""The tree of commands, and the one place where whatever ends a command becomes a line and an exit code."""

import os
import sys
from collections.abc import Sequence

import typer
from typer._click.exceptions import ClickException, UsageError

from lamplighter_cli.context import Lamp
from lamplighter_cli.exits import Exit, LampError, ReaderGone
from lamplighter_cli.grammar import LampRoot, Part, plain_range
from lamplighter_cli.terminal import RED, clean, styled

LampRoot.parts = {
    "up": Part("lamplighter_cli.commands.up:up", "Start everything on this machine."),
    "job|jobs|j": Part("lamplighter_cli.commands.job:app", "Create, change, start and watch jobs."),
    "execution|executions|exec": Part(
        "lamplighter_cli.commands.execution:app", "See what ran: status, logs, cancel."
    ),
    "delivery|deliveries": Part(
        "lamplighter_cli.commands.delivery:app", "See what came to webhooks, and deliver it once more."
    ),
    "events|event": Part("lamplighter_cli.commands.events:show_events", "See what happens, as it happens."),
    "approval|approvals": Part(
        "lamplighter_cli.commands.approval:app", "Say yes or no to what waits for a person's word."
    ),
    "backfill|backfills": Part(
        "lamplighter_cli.commands.backfill:app", "See and stop what runs again, or late."
    ),
    "simulate|sim": Part("lamplighter_cli.commands.simulate:simulate", "See what a time to come would hold."),
    "agent|agents": Part("lamplighter_cli.commands.agent:app", "Who does the work."),
    "team|teams": Part("lamplighter_cli.commands.team:app", "Several agents for one job."),
    "calendar|calendars|cal": Part(
        "lamplighter_cli.commands.calendar:app", "Days and hours that jobs leave out."
    ),
    "environment|environments|env|envs": Part(
        "lamplighter_cli.commands.environment:app", "Where work happens, with what, and when not."
    ),
    "secret|secrets": Part("lamplighter_cli.commands.secret:app", "What runs are given and nobody may see."),
    "policy|policies|pol": Part(
        "lamplighter_cli.commands.policy:app", "Who may run what, where, and with which tools."
    ),
    "smart": Part("lamplighter_cli.commands.smart:app", "Whom smart jobs are given to, and why."),
    "worker|workers": Part("lamplighter_cli.commands.worker:app", "The dispatchers that do the work."),
    "queue|queues": Part("lamplighter_cli.commands.queue:app", "Where what is due waits for a worker."),
    "project|projects": Part("lamplighter_cli.commands.project:app", "What belongs together."),
    "token|tokens": Part("lamplighter_cli.commands.token:app", "Who may use the API."),
    "audit": Part("lamplighter_cli.commands.audit:app", "Who did what, and who was denied what."),
    "version": Part(
        "lamplighter_cli.commands.version:show_version", "The versions of lamp and of the gateway."
    ),
}

app = typer.Typer(
    cls=LampRoot,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="LAMP_URL and LAMP_TOKEN say where the gateway is; without them, the one that `lamp up` started. "
    "LAMP_PROJECT says which project is spoken of. "
    "Exit codes: 0 done, 1 failed, 2 wrong use or input, 3 not found, 4 not allowed, 5 gateway not available.",
)


@app.callback()
def lamp_root() -> None:
    """Send agents on background jobs: on a schedule, on a webhook, or by hand."""


def run(arguments: Sequence[str], lamp: Lamp) -> int:
    """Run one command. Returns the exit code; nothing but it and the two streams tells how it went."""
    try:
        command = typer.main.get_command(app)
        code = command.main(args=list(arguments), prog_name="lamp", standalone_mode=False, obj=lamp)
        lamp.stdout.flush()
        return code if isinstance(code, int) else Exit.OK
    except (ReaderGone, BrokenPipeError):
        _close_quietly()
        return Exit.OK
    except LampError as ended:
        return _say(lamp, ended.lines(), ended.exit)
    except UsageError as wrong:
        command_path = wrong.ctx.command_path if wrong.ctx else "lamp"
        sentence = f"{plain_range(wrong.format_message()).rstrip('.?')} (see `{command_path} --help`)"
        return _say(lamp, [sentence], Exit.USAGE)
    except ClickException as wrong:
        return _say(lamp, [wrong.format_message()], Exit.USAGE)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as fault:  # a person at a prompt gets a sentence, never a traceback
        if lamp.environment.get("LAMP_DEBUG"):
            raise
        sentence = f"lamp itself failed: {type(fault).__name__}: {fault} (LAMP_DEBUG=1 shows where)"
        return _say(lamp, [sentence], Exit.FAILED)


def _say(lamp: Lamp, lines: Sequence[str], code: Exit) -> Exit:
    """One `error:` line each, after all that was answered before."""
    try:
        lamp.stdout.flush()
        colour = lamp.stderr.isatty() and not lamp.environment.get("NO_COLOR")
        for line in lines:
            lamp.stderr.write(f"{styled('error:', RED, colour)} {clean(line)}\n")
        lamp.stderr.flush()
    except BrokenPipeError:
        _close_quietly()
    return code


def _close_quietly() -> None:
    """Nobody reads any more: what is still buffered must not raise when Python closes the stream."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
