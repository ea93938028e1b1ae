"""Teams: agents that do the work of a job together."""

from typing import Any

from litestar import Request, delete, get, patch, post, put

from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.jobs.queues import move_jobs
from lamplighter_gateway.named.roster import TEAMS
from lamplighter_gateway.routes import named
from lamplighter_gateway.web.responses import Answer


@post("/api/v1/teams")
async def create_team(request: Request[Any, Any, Any]) -> Answer:
    """Make a team; its id is chosen in `id`, or made from its name."""
    return await named.create(request, TEAMS)


@get("/api/v1/teams")
async def list_teams(request: Request[Any, Any, Any]) -> Answer:
    """All teams, by id."""
    return await named.show_all(request, TEAMS)


@get("/api/v1/teams/{team_id:str}")
async def get_team(request: Request[Any, Any, Any], team_id: str) -> Answer:
    """One team."""
    return await named.show(request, TEAMS, team_id)


@patch("/api/v1/teams/{team_id:str}")
async def change_team(request: Request[Any, Any, Any], team_id: str) -> Answer:
    """Change some fields (null removes one); jobs in its environment follow. With If-Match only what was read."""
    answered = await named.change(request, TEAMS, team_id)
    await move_jobs(gateway_of(request), TEAMS, team_id, caller_of(request))
    return answered


@put("/api/v1/teams/{team_id:str}", status_code=200)
async def replace_team(request: Request[Any, Any, Any], team_id: str) -> Answer:
    """Put it in place of what there is, or make it: what is not said has its default. With `If-None-Match: *` it is
    made only, with If-Match it replaces what was read."""
    answered = await named.replace(request, TEAMS, team_id)
    await move_jobs(gateway_of(request), TEAMS, team_id, caller_of(request))
    return answered


@delete("/api/v1/teams/{team_id:str}")
async def delete_team(request: Request[Any, Any, Any], team_id: str) -> None:
    """Delete a team that no job uses."""
    await named.remove(request, TEAMS, team_id)


HANDLERS = [create_team, list_teams, get_team, change_team, replace_team, delete_team]
