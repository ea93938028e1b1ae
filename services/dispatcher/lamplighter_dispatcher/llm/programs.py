"""Programs that a run starts: in its folder and its sandbox, with its variables, and nothing of them escapes.

The launcher that commands run under holds them too: also a descendant that called setsid ends with its program.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lamplighter_contracts.runners import CommandLimits
from lamplighter_dispatcher.runners import sandbox
from lamplighter_dispatcher.runners.contract import Work
from lamplighter_dispatcher.runners.folders import Folder
from lamplighter_dispatcher.runners.launched import Launch, Launched
from lamplighter_dispatcher.runners.sandbox import Sandbox
from lamplighter_dispatcher.runners.strays import kill_strays
from lamplighter_dispatcher.runners.variables import environment, marks

DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Programs:
    home: Path
    variables: Mapping[str, str]
    sandbox: Sandbox | None

    @classmethod
    def of(cls, work: Work, folder: Folder, runs: Path) -> "Programs":
        """`runs` is where the folders of all runs are. Raises `OSError` where no program may be started here."""
        wrapper = sandbox.program()
        if wrapper is None and not work.network.internet:
            raise PermissionError(
                "its environment leaves it no network, which takes a sandbox, and none works here"
            )
        variables = environment(
            work, os.environ.get("PATH", DEFAULT_PATH), folder.home, folder.temporary, None
        )
        # A relative entry would be looked up in the folder, where the agent itself writes.
        path = ":".join(entry for entry in variables["PATH"].split(":") if entry.startswith("/"))
        named = [argument for server in work.agent.tools.mcp for argument in server.command]
        around = Sandbox(wrapper, folder, runs, work.network.internet, named) if wrapper else None
        return cls(folder.home, {**variables, "PATH": path}, around)

    def start(
        self,
        command: tuple[str, ...],
        text: str = "",
        *,
        more: Mapping[str, str] | None = None,
        stdin: int | None = None,
    ) -> Launched:
        """`text` is its standard input, or else what comes from the descriptor `stdin`; `more` are more variables.
        Raises `OSError` and `ValueError`."""
        variables = {**(more or {}), **self.variables}
        launch = Launch(command, CommandLimits(), text, variables, self.home, 0, self.sandbox)
        return Launched.start(launch, stdin)

    async def kill(self, launched: Launched, ended: asyncio.Task[str]) -> None:
        """With all its descendants, where it has not ended by itself. Waited for also by who is being cancelled."""
        if not ended.done():
            launched.kill()
        await asyncio.wait([ended])
        try:
            if not ended.result():
                await asyncio.to_thread(kill_strays, marks(self.variables))
        finally:
            launched.forget()
