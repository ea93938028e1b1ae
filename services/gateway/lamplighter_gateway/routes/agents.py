"""Agents: who does the work of a job alone."""

from typing import Any

from litestar import Request, delete, get, patch, post

from lamplighter_gateway.authentication import caller_of
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.queues import move_jobs
from lamplighter_gateway.responses import Answer
from lamplighter_gateway.roster import AGENTS
from lamplighter_gateway.routes import named


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
    await move_jobs(gateway_of(request), AGENTS, agent_id, caller_of(request).token_id)
    return answered


@delete("/api/v1/agents/{agent_id:str}")
async def delete_agent(request: Request[Any, Any, Any], agent_id: str) -> None:
    """Delete an agent that no job and no team uses, also not as its fallback, leader or merger."""
    await named.remove(request, AGENTS, agent_id)


HANDLERS = [create_agent, list_agents, get_agent, change_agent, delete_agent]
