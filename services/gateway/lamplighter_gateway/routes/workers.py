"""Workers and their queues: who is there, how busy, and whether they take work."""

from dataclasses import asdict
from typing import Any

from litestar import Request, get, post

from lamplighter_contracts.environments import DEFAULT_QUEUE, Environment
from lamplighter_gateway.authentication import caller_of
from lamplighter_gateway.draining import drain
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.worker_queues import queues_of, read_due


@get("/api/v1/workers")
async def list_workers(request: Request[Any, Any, Any]) -> Answer:
    """All workers that were heard of in the last seconds, by name."""
    workers = gateway_of(request).presences.workers
    return answer([state.model_dump(mode="json") for state in workers])


@post("/api/v1/workers/{worker:str}/drain", status_code=200)
async def drain_worker(request: Request[Any, Any, Any], worker: str) -> Answer:
    """Have a worker take nothing more. It ends what it has."""
    return await _turn(request, worker, drained=True)


@post("/api/v1/workers/{worker:str}/undrain", status_code=200)
async def undrain_worker(request: Request[Any, Any, Any], worker: str) -> Answer:
    """Have a worker take work again."""
    return await _turn(request, worker, drained=False)


@get("/api/v1/queues")
async def list_queues(request: Request[Any, Any, Any]) -> Answer:
    """The queues that workers serve or environments name: how much room there is, and how much waits for it."""
    gateway = gateway_of(request)
    workers = gateway.presences.workers
    named = [DEFAULT_QUEUE, *(environment.queue for environment in gateway.catalog.all(Environment))]
    names = sorted({name for worker in workers for name in worker.queues} | set(named))
    due = await read_due(gateway.client, names)
    return answer([_shown(asdict(queue)) for queue in queues_of(workers, names, due)])


async def _turn(request: Request[Any, Any, Any], worker: str, *, drained: bool) -> Answer:
    reply = await drain(gateway_of(request).client, worker, caller_of(request).token_id, drained=drained)
    return answer(reply.model_dump(mode="json"))


def _shown(queue: dict[str, Any]) -> dict[str, Any]:
    return {"queue": queue.pop("name"), **queue}


HANDLERS = [list_workers, drain_worker, undrain_worker, list_queues]
