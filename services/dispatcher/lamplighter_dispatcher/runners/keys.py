"""By what an agent elsewhere knows a piece of work again. Pure."""

import hashlib

from lamplighter_dispatcher.runners.contract import Work


def work_key(work: Work) -> str:
    """The same whenever the same is asked; another for each attempt, and for each member of a team."""
    what = hashlib.sha256(f"{work.agent.agent_id}\0{work.prompt}".encode(errors="replace")).hexdigest()
    return f"{work.execution_id}-{work.attempt}-{what[:12]}"
