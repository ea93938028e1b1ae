"""What runs an agent: one kind of runner a module, found by the `kind` that the agent names."""

from collections.abc import Mapping
from typing import Any

from lamplighter_dispatcher.runners.command import CommandRunner
from lamplighter_dispatcher.runners.contract import Runner
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.runners.noop import NoopRunner

Runners = Mapping[str, Runner[Any]]


def all_runners(folders: Folders, grace_seconds: float) -> Runners:
    """By kind; each reads the specification of its own."""
    return {"command": CommandRunner(folders, grace_seconds), "noop": NoopRunner()}
