"""API tokens: made, listed, revoked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from litestar import Request, delete, get, post
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lamplighter_contracts.fields import Name
from lamplighter_contracts.problems import from_validation
from lamplighter_contracts.tokens import Role, Token
from lamplighter_gateway.answers import token_answer
from lamplighter_gateway.authentication import caller_of
from lamplighter_gateway.bodies import read_object
from lamplighter_gateway.catalog import Write, key_of
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.problems import invalid, not_found
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.tokens import mint


class TokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role
    expires_in_days: Annotated[int, Field(ge=1, le=3_650)] | None = None


@post("/api/v1/tokens")
async def create_token(request: Request[Any, Any, Any]) -> Answer:
    """Make a token: `{name, role, expires_in_days?}`. The answer is the only one that shows it."""
    gateway = gateway_of(request)
    asked = _read(await read_object(request, gateway.settings.body_limit_bytes))
    now = gateway.now()
    expires_at = now + timedelta(days=asked.expires_in_days) if asked.expires_in_days else None
    token, text = mint(asked.name, asked.role, now, expires_at, gateway.entropy)
    await gateway.store.write([Write(key_of(Token, token.token_id), token, 0)], caller_of(request).token_id)
    document = {**token_answer(token), "token": text}
    return answer(document, 201, {"Location": f"/api/v1/tokens/{token.token_id}"})


def _read(body: dict[str, Any]) -> TokenRequest:
    try:
        return TokenRequest.model_validate(body)
    except ValidationError as wrong:
        raise invalid(from_validation(wrong)) from wrong


@get("/api/v1/tokens")
async def list_tokens(request: Request[Any, Any, Any]) -> Answer:
    """All tokens, the newest last: their names and roles, never what they are."""
    found = sorted(gateway_of(request).catalog.all(Token), key=lambda token: token.created_at)
    return answer([token_answer(token) for token in found])


@delete("/api/v1/tokens/{token_id:str}")
async def revoke_token(request: Request[Any, Any, Any], token_id: str) -> None:
    """Revoke a token: refused here at once, and by other gateways as soon as they hear of it."""
    gateway, key = gateway_of(request), key_of(Token, token_id)

    def revoke() -> Sequence[Write]:
        if gateway.catalog.find(Token, token_id) is None:
            raise not_found("token", token_id)
        return [gateway.catalog.following(key, None)]

    await gateway.change(key, revoke, caller_of(request).token_id)


HANDLERS = [create_token, list_tokens, revoke_token]
