"""How tools are called to a model, which takes letters, digits, `_` and `-`, and 64 of them at most. Pure."""

import hashlib
import re
from collections.abc import Collection

LONGEST = 64
_MARK = 8


def function_name(tool: str, taken: Collection[str]) -> str:
    """`mcp.tickets.close` -> `mcp_tickets_close`. One that is cut, or is taken, ends with a mark of the whole name."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", tool)
    if len(name) <= LONGEST and name not in taken:
        return name
    mark = hashlib.blake2b(tool.encode(), digest_size=_MARK // 2).hexdigest()
    return f"{name[: LONGEST - _MARK - 1]}_{mark}"
