"""Workers and their queues: who is there, how busy, and whether they take work."""

from dataclasses import asdict
from typing import Any

from litestar import Request, get, post

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.environments import DEFAULT_QUEUE, Environment
from lamplighter_contracts.projects import EVERY_PROJECT
from lamplighter_contracts.workers import WorkerState
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.dispatch.draining import drain
from lamplighter_gateway.dispatch.worker_queues import queues_of, read_due
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.web.pages import answer_all
from lamplighter_gateway.web.problems import Problem
from lamplighter_gateway.web.responses import Answer, answer


@get("/api/v1/workers")
async def list_workers(request: Request[Any, Any, Any]) -> Answer:
    """All workers that were heard of in the last seconds, by name. They work for every project; of the agents that they
    run those of yours are told."""
    gateway = gateway_of(request)
    return await answer_all(request, [_worker(state, gateway.catalog) for state in gateway.presences.workers])


@post("/api/v1/workers/{worker:str}/drain", status_code=200)
async def drain_worker(request: Request[Any, Any, Any], worker: str) -> Answer:
    """Have a worker take nothing more. It ends what it has. It works for every project: so does who may say this."""
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
    return await answer_all(request, [_shown(asdict(queue)) for queue in queues_of(workers, names, due)])


async def _turn(request: Request[Any, Any, Any], worker: str, *, drained: bool) -> Answer:
    caller = caller_of(request)
    if not caller.reaches(EVERY_PROJECT):
        raise Problem("forbidden", "Workers work for every project, and your token does not reach them all.")
    gateway = gateway_of(request)
    reply = await drain(gateway.client, worker, caller.actor, drained=drained)
    await gateway.audit.done(caller, "worker.drain" if drained else "worker.undrain", "workers", worker)
    return answer(reply.model_dump(mode="json"))


def _worker(state: WorkerState, catalog: Catalog) -> dict[str, Any]:
    document = state.model_dump(mode="json")
    if catalog is not catalog.whole:
        own = {name: count for name, count in state.agents.items() if catalog.find(Agent, name)}
        document["agents"] = own
    return document


def _shown(queue: dict[str, Any]) -> dict[str, Any]:
    return {"queue": queue.pop("name"), **queue}


HANDLERS = [list_workers, drain_worker, undrain_worker, list_queues]
