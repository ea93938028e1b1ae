"""Environments: where work happens, with what it is given, and when it does not."""

from typing import Any

from litestar import Request, delete, get, patch, post, put

from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.jobs.queues import hear_own, move_jobs
from lamplighter_gateway.named.environments import ENVIRONMENTS
from lamplighter_gateway.routes import named
from lamplighter_gateway.routes.secrets import forget_orphans
from lamplighter_gateway.web.responses import Answer


@post("/api/v1/environments")
async def create_environment(request: Request[Any, Any, Any]) -> Answer:
    """Make an environment; its id is chosen in `id`, or made from its name."""
    return await named.create(request, ENVIRONMENTS)


@get("/api/v1/environments")
async def list_environments(request: Request[Any, Any, Any]) -> Answer:
    """All environments, by id. `default` is always among them."""
    return await named.show_all(request, ENVIRONMENTS)


@get("/api/v1/environments/{environment_id:str}")
async def get_environment(request: Request[Any, Any, Any], environment_id: str) -> Answer:
    """One environment."""
    return await named.show(request, ENVIRONMENTS, environment_id)


@patch("/api/v1/environments/{environment_id:str}")
async def change_environment(request: Request[Any, Any, Any], environment_id: str) -> Answer:
    """Change some fields (null removes one); its jobs follow its queue. With If-Match only what was read."""
    answered = await named.change(request, ENVIRONMENTS, environment_id)
    await move_jobs(gateway_of(request), ENVIRONMENTS, environment_id, caller_of(request))
    return answered


@put("/api/v1/environments/{environment_id:str}", status_code=200)
async def replace_environment(request: Request[Any, Any, Any], environment_id: str) -> Answer:
    """Put it in place of what there is, or make it: what is not said has its default. With `If-None-Match: *` it is
    made only, with If-Match it replaces what was read."""
    answered = await named.replace(request, ENVIRONMENTS, environment_id)
    await move_jobs(gateway_of(request), ENVIRONMENTS, environment_id, caller_of(request))
    return answered


@delete("/api/v1/environments/{environment_id:str}")
async def delete_environment(request: Request[Any, Any, Any], environment_id: str) -> None:
    """Delete an environment that no job, agent or team uses, and that has no secrets."""
    gateway, by = gateway_of(request), caller_of(request)
    await named.remove(request, ENVIRONMENTS, environment_id)
    await hear_own(gateway, ENVIRONMENTS.key(environment_id))
    await forget_orphans(gateway, environment_id, by)


HANDLERS = [
    create_environment,
    list_environments,
    get_environment,
    change_environment,
    replace_environment,
    delete_environment,
]
