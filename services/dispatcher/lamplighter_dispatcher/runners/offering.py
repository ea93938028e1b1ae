"""Offers a piece of work to the executors of a name, until one of them takes it or the time for that is over."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError, NoRespondersError
from pydantic import ValidationError

from lamplighter_contracts import runners, subjects
from lamplighter_contracts.executors import Offer, OfferReply
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import NotStarted, Unsuccessful
from lamplighter_dispatcher.runners.contract import Work
from lamplighter_dispatcher.runners.line import Line

ANSWER_SECONDS = 5
"""How long one offer waits for its answer. After that it is over, and another is made."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0


@dataclass(frozen=True, slots=True)
class Turned:
    """Nobody took this one, and why: the rest of a sentence."""

    why: str


async def offer(
    client: Client, specification: runners.BusRunner, work: Work, stopping: asyncio.Task[None]
) -> Line | Unsuccessful | NotStarted:
    """The line to whoever took it. `stopping` is done when nobody is to take it any more."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + specification.claim_seconds, FIRST_PAUSE_SECONDS
    while True:
        line = await Line.open(client, specification.executor, work.execution_id, work.attempt)
        answer = await _one(
            client, specification, work, line, min(ANSWER_SECONDS, deadline - loop.time()), stopping
        )
        if answer is None:
            return line
        await line.close()
        if isinstance(answer, NotStarted):
            return answer
        left = deadline - loop.time()
        await asyncio.wait([stopping], timeout=max(0, min(pause, left)))
        if stopping.done():
            return NotStarted("it was to be stopped before an executor took it")
        if left <= pause:
            return _untaken(specification, answer)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _one(
    client: Client,
    specification: runners.BusRunner,
    work: Work,
    line: Line,
    seconds: float,
    stopping: asyncio.Task[None],
) -> Turned | NotStarted | None:
    """None where it is taken. Of any other somebody may still believe that he took it, and is told."""
    body = _body(specification, work, line)
    asking = asyncio.create_task(
        client.request(subjects.offer(specification.executor), body, timeout=max(0.1, seconds))
    )
    await asyncio.wait([asking, stopping], return_when=asyncio.FIRST_COMPLETED)
    if not asking.done():
        asking.cancel()
        await line.tell_to_stop("the offer is withdrawn")
        return Turned("it was withdrawn")
    try:
        reply = OfferReply.model_validate_json(asking.result().data)
    except MaxPayloadError:
        return NotStarted(
            f"{len(body):,} bytes of prompt, payload and variables are more than a message may have"
        )
    except NoRespondersError:
        return Turned("nobody takes offers of that name")
    except TimeoutError:
        await line.tell_to_stop("the offer was not answered in time")
        return Turned("the last offer was not answered in time")
    except ValidationError:
        await line.tell_to_stop("the offer was answered with what is no OfferReply")
        return Turned("the last offer was answered with what is no OfferReply")
    except NatsError as error:
        return Turned(f"NATS is out of reach ({error})")
    return None if reply.accept else Turned(f"{reply.executor or 'whoever was asked'} refused the last offer")


def _body(specification: runners.BusRunner, work: Work, line: Line) -> bytes:
    made = Offer(
        work_id=line.work_id,
        execution_id=work.execution_id,
        job_id=work.job_id,
        attempt=work.attempt,
        prompt=work.prompt,
        payload=work.payload,
        variables=dict(work.variables),
        done=work.done,
        deadline_at=datetime.now(UTC) + timedelta(seconds=work.seconds),
        reply_to=line.subject,
        silence_seconds=specification.silence_seconds,
    )
    return made.model_dump_json().encode()


def _untaken(specification: runners.BusRunner, last: Turned) -> Unsuccessful:
    name, seconds = specification.executor, specification.claim_seconds
    return Unsuccessful(
        Failed.UNAVAILABLE, f"No executor {name!r} took the work within {seconds} seconds: {last.why}."
    )
