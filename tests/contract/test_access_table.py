"""The table of routes and roles in the documentation is the one in the code.

`python -m tests.contract.test_access_table` writes it anew.
"""

import re
from pathlib import Path

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.table import ACCESS

DOCUMENT = Path(__file__).parents[2] / "docs/access.md"
_TABLE = re.compile(r"(<!-- roles and routes:.*?-->\n).*?(<!-- end -->)", re.DOTALL)


def table() -> str:
    """A row a path, with who may use which of its methods."""
    paths = dict.fromkeys(route.partition(" ")[2] for route in ACCESS)
    rows = "".join(f"| `{path}` | {_methods(path)} |\n" for path in paths)
    return f"| path | methods, and the role that each needs |\n|---|---|\n{rows}"


def _methods(path: str) -> str:
    by_role: dict[str, list[str]] = {}
    for route, access in ACCESS.items():
        method, _, template = route.partition(" ")
        if template == path:
            by_role.setdefault(access.value if isinstance(access, Role) else _WORDS[access], []).append(
                method
            )
    return "; ".join(f"{', '.join(methods)}: {role}" for role, methods in by_role.items())


_WORDS = {"public": "everybody", "own": "who proves it in the body"}


def written(document: str) -> str:
    return _TABLE.sub(lambda match: match[1] + table() + match[2], document)


def test_the_table_of_the_documentation_is_the_one_in_the_code() -> None:
    document = DOCUMENT.read_text()
    assert _TABLE.search(document)
    assert written(document) == document


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
