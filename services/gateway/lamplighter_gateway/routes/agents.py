"""Agents: who does the work of a job alone."""

from typing import Any

from litestar import Request, delete, get, patch, post, put

from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.jobs.queues import move_jobs
from lamplighter_gateway.named.roster import AGENTS
from lamplighter_gateway.routes import named
from lamplighter_gateway.web.responses import Answer


@post("/api/v1/agents")
async def create_agent(request: Request[Any, Any, Any]) -> Answer:
    """Make an agent; its id is chosen in `id`, or made from its name."""
    return await named.create(request, AGENTS)


@get("/api/v1/agents")
async def list_agents(request: Request[Any, Any, Any]) -> Answer:
    """All agents, by id."""
    return await named.show_all(request, AGENTS)


@get("/api/v1/agents/{agent_id:str}")
async def get_agent(request: Request[Any, Any, Any], agent_id: str) -> Answer:
    """One agent."""
    return await named.show(request, AGENTS, agent_id)


@patch("/api/v1/agents/{agent_id:str}")
async def change_agent(request: Request[Any, Any, Any], agent_id: str) -> Answer:
    """Change some fields (null removes one); jobs in its environment follow. With If-Match only what was read."""
    answered = await named.change(request, AGENTS, agent_id)
    await move_jobs(gateway_of(request), AGENTS, agent_id, caller_of(request))
    return answered


@put("/api/v1/agents/{agent_id:str}", status_code=200)
async def replace_agent(request: Request[Any, Any, Any], agent_id: str) -> Answer:
    """Put it in place of what there is, or make it: what is not said has its default. With `If-None-Match: *` it is
    made only, with If-Match it replaces what was read."""
    answered = await named.replace(request, AGENTS, agent_id)
    await move_jobs(gateway_of(request), AGENTS, agent_id, caller_of(request))
    return answered


@delete("/api/v1/agents/{agent_id:str}")
async def delete_agent(request: Request[Any, Any, Any], agent_id: str) -> None:
    """Delete an agent that no job and no team uses, also not as its fallback, leader or merger."""
    await named.remove(request, AGENTS, agent_id)


HANDLERS = [create_agent, list_agents, get_agent, change_agent, replace_agent, delete_agent]
