"""The tools of one run: those that the agent has, and that its environment and policies leave it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic_ai.tools import ToolDefinition

from lamplighter_contracts.tools import McpServer
from lamplighter_dispatcher.llm.delegates import Ask
from lamplighter_dispatcher.llm.files import ListFiles, ReadFile, WriteFile
from lamplighter_dispatcher.llm.naming import function_name
from lamplighter_dispatcher.llm.programs import Programs
from lamplighter_dispatcher.llm.tools import Tool
from lamplighter_dispatcher.runners.contract import Session, Work
from lamplighter_dispatcher.runners.folders import Folder

AnyTool = Tool[Any]


class Toolbox:
    """Tools by the names that models call them by."""

    def __init__(self, tools: Iterable[AnyTool]) -> None:
        self._tools: dict[str, AnyTool] = {}
        for tool in tools:
            self._tools[function_name(tool.name, self._tools)] = tool

    def find(self, function: str) -> AnyTool | None:
        return self._tools.get(function)

    @property
    def functions(self) -> tuple[str, ...]:
        return tuple(self._tools)

    @property
    def purposes(self) -> list[tuple[str, str]]:
        return [(function, tool.purpose) for function, tool in self._tools.items()]

    @property
    def definitions(self) -> list[ToolDefinition]:
        return [
            ToolDefinition(
                name=function,
                description=tool.description,
                parameters_json_schema=tool.parameters,
                strict=False,
            )
            for function, tool in self._tools.items()
        ]


@asynccontextmanager
async def opened(work: Work, session: Session, folder: Folder, runs: Path) -> AsyncIterator[Toolbox]:
    """`runs` is where the folders of all runs are. Raises `NoTool`, and `OSError` where no program may be started."""
    async with AsyncExitStack() as stack:
        tools = [*_own(work, session, folder, runs), *(Ask(delegate) for delegate in work.delegates.values())]
        for server in work.agent.tools.mcp:
            tools += await _of_server(server, work, session, folder, runs, stack)
        yield Toolbox(tool for tool in tools if session.offers(tool.name))


def _own(work: Work, session: Session, folder: Folder, runs: Path) -> list[AnyTool]:
    given, tools = work.agent.tools, list[AnyTool]()
    if given.shell is not None:
        from lamplighter_dispatcher.llm.shell import Shell

        tools.append(Shell(given.shell, Programs.of(work, folder, runs), session.mask))
    if given.http is not None:
        from lamplighter_dispatcher.llm.http_tool import Http

        tools.append(Http(given.http, work.network))
    if given.files is not None:
        tools += [ReadFile(folder.home), ListFiles(folder.home)]
        tools += [WriteFile(folder.home)] if given.files.write else []
    return tools


async def _of_server(
    server: McpServer, work: Work, session: Session, folder: Folder, runs: Path, stack: AsyncExitStack
) -> list[AnyTool]:
    # Imported here: it takes 25 MB, and most agents use none.
    from lamplighter_dispatcher.llm.mcp import connected

    programs = Programs.of(work, folder, runs) if server.command else None
    connection = connected(server, programs, work.network, work.secrets, session.mask)
    return [*await stack.enter_async_context(connection)]
