"""Tools of servers of the Model Context Protocol: those that the agent's list names, and no others."""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import httpx2
from mcp import types
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ConfigDict, JsonValue

from lamplighter_contracts.environments import NetworkRules
from lamplighter_contracts.tools import McpServer
from lamplighter_dispatcher.admission.tool_names import matches
from lamplighter_dispatcher.llm.data import shortened
from lamplighter_dispatcher.llm.mcp_program import Streams, running
from lamplighter_dispatcher.llm.programs import Programs
from lamplighter_dispatcher.llm.tools import Answer, NoTool, Tool
from lamplighter_outbound import Guard, guarded_client

START_SECONDS = 30
CALL_SECONDS = 300
MOST_TOOLS = 128
MOST_BYTES = 16 << 20
"""Of one answer of a server with an address."""
_PAGES = 10
_DESCRIPTION = 2_000
_SCHEMA = 64 * 1024
_NAME = re.compile(r"[A-Za-z0-9_./-]{1,128}")
"""What the protocol recommends. Of any other name people could be shown anything."""


class AnyForm(BaseModel):
    """What a tool takes is for its server to say."""

    model_config = ConfigDict(frozen=True, extra="allow")


class _Session(ClientSession):
    async def validate_tool_result(self, name: str, result: types.CallToolResult) -> None:
        """Whether a server holds to its own schema is its own affair. That schema may have patterns which take for
        ever to apply, and all other runs of this process would wait meanwhile."""


class McpTool(Tool[AnyForm]):
    form = AnyForm

    def __init__(self, server: McpServer, tool: types.Tool, session: ClientSession) -> None:
        self._session = session
        self._called = tool.name
        self._schema = dict(tool.input_schema)
        self.name = f"mcp.{server.name}.{tool.name}"
        self.description = shortened(tool.description or tool.name, _DESCRIPTION)
        self.alone = self._changes = not matches(tool.name, server.read_only)

    @property
    def parameters(self) -> dict[str, Any]:
        return self._schema

    def has_effect(self, arguments: AnyForm) -> bool:
        return self._changes

    def summary(self, arguments: AnyForm) -> str:
        return arguments.model_dump_json()

    async def call(self, arguments: AnyForm, state: JsonValue = None) -> Answer:
        try:
            result = await self._session.call_tool(
                self._called, arguments.model_dump(mode="json"), read_timeout_seconds=CALL_SECONDS
            )
        except (MCPError, RuntimeError, anyio.ClosedResourceError, anyio.BrokenResourceError) as error:
            return Answer(f"the server did not do it: {error or type(error).__name__}", failed=True)
        return Answer("\n".join(_text(part) for part in result.content), failed=result.is_error)


@asynccontextmanager
async def connected(
    server: McpServer,
    programs: Programs | None,
    network: NetworkRules,
    secrets: Mapping[str, str],
    mask: Callable[[str], str],
) -> AsyncIterator[list[McpTool]]:
    """Its tools, as long as the connection is open. What they say of themselves is masked: a model reads that too.
    Raises `NoTool`."""
    opened = False
    try:
        async with (
            _transport(server, programs, network, secrets) as (heard, said),
            _Session(heard, said) as session,
        ):
            with anyio.fail_after(START_SECONDS):
                await session.initialize()
                tools = await _listed(server, session, mask)
            opened = True
            yield tools
    except (OSError, ValueError, RuntimeError, MCPError, httpx2.HTTPError, ExceptionGroup) as error:
        if opened and not isinstance(error, ExceptionGroup):
            raise
        how = "broke off" if opened else "does not answer"
        raise NoTool(f"The MCP server {server.name!r} {how}: {_first(error)}.") from error


def _transport(
    server: McpServer, programs: Programs | None, network: NetworkRules, secrets: Mapping[str, str]
) -> AbstractAsyncContextManager[Streams]:
    if server.url is not None:
        headers = {**server.headers, **_values(server.secret_headers, secrets)}
        return _addressed(server.url, Guard(network), headers)
    if programs is None:
        raise PermissionError("no program may be started here")
    return running(
        programs, server.command, {**server.variables, **_values(server.secret_variables, secrets)}
    )


@asynccontextmanager
async def _addressed(url: str, guard: Guard, headers: Mapping[str, str]) -> AsyncIterator[Streams]:
    timeout = httpx2.Timeout(START_SECONDS, read=CALL_SECONDS)
    async with (
        guarded_client(guard, timeout=timeout, headers=headers, most_bytes=MOST_BYTES) as client,
        # Told of the end, a server that hangs would hold up whoever stops the run.
        streamable_http_client(url, http_client=client, terminate_on_close=False) as streams,
    ):
        yield streams


async def _listed(server: McpServer, session: ClientSession, mask: Callable[[str], str]) -> list[McpTool]:
    found: list[types.Tool] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
        found += [tool for tool in page.tools if matches(tool.name, server.tools) and _is_fit(tool)]
        cursor = page.next_cursor
        if cursor is None:
            break
    return [McpTool(server, _masked(tool, mask), session) for tool in found[:MOST_TOOLS]]


def _is_fit(tool: types.Tool) -> bool:
    return _NAME.fullmatch(tool.name) is not None and len(json.dumps(tool.input_schema)) <= _SCHEMA


def _masked(tool: types.Tool, mask: Callable[[str], str]) -> types.Tool:
    schema = mask(json.dumps(tool.input_schema))
    update: dict[str, Any] = {"description": mask(tool.description or tool.title or tool.name)}
    # What only looks like a secret stays, for a schema is to be followed to the letter.
    if "[secret " in schema:
        update["input_schema"] = json.loads(schema)
    return tool.model_copy(update=update)


def _values(wanted: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    return {name: secrets[secret] for name, secret in wanted.items() if secret in secrets}


def _text(part: types.ContentBlock) -> str:
    match part:
        case types.TextContent(text=text):
            return text
        case types.EmbeddedResource(resource=types.TextResourceContents(text=text)):
            return text
        case types.ResourceLink(uri=uri):
            return f"[a link: {uri}]"
        case _:
            return f"[{part.type}: not shown]"


def _first(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
