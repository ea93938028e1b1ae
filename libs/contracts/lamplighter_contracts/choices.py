"""Whom a smart job was given to, and why: every candidate, what removed it, and the scores of the rest."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from lamplighter_contracts.fields import Model


class Filter(StrEnum):
    """A hard fact that removes a candidate, in the order in which they are asked."""

    INACTIVE = "inactive"
    CAPABILITY = "capability"
    ENVIRONMENT = "environment"
    """Not the job's, or not there, or not ready."""
    QUEUE = "queue"
    """No worker serves its environment's queue."""
    RUNNER = "runner"
    """No worker has its kind of runner."""
    POLICY = "policy"
    TRUST = "trust"
    """A policy keeps it from what came from outside."""


class Candidate(Model):
    agent_id: str
    revision: int = 0
    removed_by: Filter | None = None
    detail: str = ""
    """Why it was removed."""
    text: float = 0
    """How much the prompt's words are its own: BM25, or with the extra the likeness of meaning."""
    relevance: float = 0
    """The same from 0 to 1, beside the best of the others."""
    load: float = 0
    """From 0, idle, to 1, full."""
    score: float = 0
    matched: tuple[str, ...] = ()
    """Words that the prompt and the agent share, the weightiest first."""


class Choice(Model):
    """`chosen` is empty where there is nobody, or nobody clear and no fallback."""

    chosen: str = ""
    how: Literal["score", "only", "model", "fallback", "nobody"]
    """By score; the only one left; by a configured model; by the fallback; not at all."""
    confident: bool = False
    reason: str
    candidates: tuple[Candidate, ...] = ()
    method: Literal["bm25", "meaning"] = "bm25"
    capabilities: tuple[str, ...] = ()
    """What was asked for."""
    environment: str = Field(default="", description="The environment that the job names, if it names one.")
