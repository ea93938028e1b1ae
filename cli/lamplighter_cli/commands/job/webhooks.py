"""A job's webhook: the options that say what it takes, how it reads, and the commands about its secrets."""

from collections.abc import Iterator
from shlex import quote
from typing import Annotated, Any

import typer

from lamplighter_cli import hidden, spans
from lamplighter_cli.commands.job.options import JobId
from lamplighter_cli.commands.options import Yes
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.lookup import on_job
from lamplighter_cli.output import Record, Sheet
from lamplighter_cli.settings import Setting
from lamplighter_cli.times import Clock
from lamplighter_cli.values import number, reading, span, word

WEBHOOK = (
    Setting(
        "--webhook",
        "webhook_path",
        "PATH",
        "Where deliveries come to, such as /deploy-trigger; `generate` makes a path that nobody can guess.",
    ),
    Setting(
        "--producer",
        "webhook_producer",
        "WORD",
        "Who signs: github, gitlab, stripe, slack, standard, bearer; auto (the default) takes any of these.",
        word,
    ),
    Setting(
        "--event",
        "webhook_events",
        "NAME",
        "Only this event, such as push or 'issues.*'. May be given several times.",
        several=True,
    ),
    Setting(
        "--filter",
        "webhook_filter",
        "CEL",
        "Only where this is true, such as \"payload.ref == 'refs/heads/main'\".",
    ),
    Setting("--gather", "webhook_gather_seconds", "SPAN", "Start once for all that come within it.", span),
    Setting(
        "--gather-by",
        "webhook_gather_by",
        "CEL",
        "With --gather: once for all that have this in common, such as payload.number.",
    ),
    Setting("--rate", "webhook_rate_per_minute", "N", "Deliveries that it takes in a minute.", number),
)

KeepOld = Annotated[
    int | None,
    typer.Option(
        "--keep-old",
        metavar="SPAN",
        parser=reading(spans.seconds),
        help="So long the secret before is good too, such as 1d; by default it stops at once.",
    ),
]


def rotate_secret(ctx: typer.Context, job: JobId, keep_old: KeepOld = None) -> None:
    """Make a new secret for a job's webhook. The one before stops working, at once or after --keep-old.

    \b
    Examples:
      lamp job rotate-secret on-demand-19ab
      lamp job rotate-secret on-demand-19ab --keep-old 1d
    """
    lamp = of(ctx)
    answer = on_job(
        lamp.client, job, lambda path: lamp.client.post(f"{path}/webhook/rotate", _kept(keep_old))
    )
    if lamp.output.is_json:
        lamp.output.json(answer)
    else:
        show_secret(lamp, answer)


def give_secret(
    ctx: typer.Context,
    job: JobId,
    value: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    keep_old: KeepOld = None,
) -> None:
    """Give a job's webhook the secret that its producer made, as Stripe and Slack do. It is asked for on a terminal,
    and read from a pipe otherwise; never given as an argument.

    \b
    Examples:
      lamp job give-secret on-payment-19ab
      lamp job give-secret on-payment-19ab --keep-old 1d < secret.txt
    """
    lamp = of(ctx)
    if value:
        raise hidden.refuse_argument()
    body = {"value": hidden.value(lamp, f"the secret of {job}'s webhook"), **_kept(keep_old)}
    answer = on_job(lamp.client, job, lambda path: lamp.client.put(f"{path}/webhook/secret", body))
    lamp.output.done(answer, f"The webhook of {answer.get('job_id')} takes what is signed with it")


def take_secret(ctx: typer.Context, job: JobId, yes: Yes = False) -> None:
    """Take away the secrets that a webhook was given. The job's own one stays.

    \b
    Example:
      lamp job take-secret on-payment-19ab
    """
    lamp = of(ctx)
    lamp.confirm(f"Take away the secrets that the webhook of {job} was given?", yes)

    def delete(path: str) -> str:
        lamp.client.delete(f"{path}/webhook/secret")
        return path.rpartition("/")[2]

    job_id = on_job(lamp.client, job, delete)
    lamp.output.done({"job_id": job_id, "taken": True}, f"The webhook of {job_id} has no secret but its own")


def _kept(keep_old: int | None) -> dict[str, int]:
    return {"keep_old_seconds": keep_old} if keep_old else {}


def sheet(job: Record, clock: Clock) -> Sheet:
    yield "Webhook URL", job.get("webhook_url")
    if not job.get("webhook_url"):
        return
    yield "Signed by", None if job.get("webhook_producer") == "auto" else job.get("webhook_producer")
    yield "Events", list(job.get("webhook_events") or ())
    yield "Filter", job.get("webhook_filter")
    yield "Gathers", _gathering(job)
    rate = job.get("webhook_rate_per_minute")
    yield "Takes", f"{rate} a minute" if rate else None
    yield "Given secrets", list(_given(job, clock))
    until = clock.local(job.get("webhook_previous_until"))
    yield "Old secret", f"good until {until}" if until else None


def _gathering(job: Record) -> str | None:
    length = spans.words(job.get("webhook_gather_seconds"))
    by = job.get("webhook_gather_by")
    return f"for {length}{f' by {by}' if by else ''}" if length else None


def _given(job: Record, clock: Clock) -> Iterator[str]:
    for one in job.get("webhook_given") or ():
        until = clock.local(one.get("until"))
        yield f"{clock.local(one.get('given_at'))}{f', good until {until}' if until else ''}"


def show_secret(lamp: Lamp, answer: dict[str, Any]) -> None:
    """The one time that the gateway tells it."""
    if answer.get("webhook_secret") and not lamp.output.is_json:
        for line in _shown(answer):
            lamp.output.line(line)


def _shown(answer: Record) -> list[str]:
    """The address and the secret, with a request to try it."""
    address = answer.get("webhook_url")
    lines = [
        "",
        f"Webhook URL      {address}",
        f"Webhook secret   {answer.get('webhook_secret')}",
    ]
    if answer.get("webhook_producer") in ("auto", "github", None):
        return [*lines, *_how_to_sign(str(address), str(answer.get("webhook_secret")))]
    return [*lines, "The secret is shown this once: keep it now, where the producer signs with it."]


def _how_to_sign(address: str, secret: str) -> list[str]:
    return [
        "The secret is shown this once: keep it now. Sign each delivery with it:",
        "",
        """  BODY='{"hello": "world"}'""",
        f"  SECRET={quote(secret)}",
        """  SIGNATURE=$(printf '%s' "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d ' ' -f 1)""",
        """  curl -sS -X POST -H 'Content-Type: application/json' -H "X-Hub-Signature-256: sha256=$SIGNATURE" \\""",
        f"""    -d "$BODY" {quote(address)}""",
    ]
