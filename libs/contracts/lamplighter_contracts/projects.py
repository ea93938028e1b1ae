"""Projects: what belongs together, and who may see it. Every object belongs to one."""

from typing import Annotated

from pydantic import StringConstraints

from lamplighter_contracts.fields import SLUG

DEFAULT_PROJECT = "default"
EVERY_PROJECT = "*"
"""In a token: all projects, also those that are made later."""

ProjectReach = Annotated[str, StringConstraints(pattern=rf"{SLUG}|^\*$")]
"""A project, or all of them."""


def reaches(projects: tuple[str, ...], project: str) -> bool:
    """Whether somebody who reaches `projects` may know of what belongs to `project`."""
    return EVERY_PROJECT in projects or project in projects
