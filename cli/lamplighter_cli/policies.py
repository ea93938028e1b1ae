"""Policies in files: YAML or JSON, or a module in Rego."""

from pathlib import Path
from typing import Any, TextIO

from lamplighter_cli import documents, inputs
from lamplighter_cli.exits import WrongUse


def policy(path: str, stdin: TextIO) -> dict[str, Any]:
    """The fields that a file gives. A list `rules` alone stands for the engine that has them."""
    if path.endswith(".rego"):
        return {"engine": {"kind": "rego", "module": inputs.contents(path, "the policy")}}
    found = documents.read(path, "the policy", stdin)
    if "rules" in found:
        if "engine" in found:
            raise WrongUse(f"{path} has both 'rules' and 'engine': keep one")
        found["engine"] = {"kind": "rules", "rules": found.pop("rules")}
    return found


def data(path: str, stdin: TextIO) -> dict[str, Any]:
    return documents.read(path, "--data", stdin)


def named_after(path: str) -> str:
    """What a policy is called that has no other name: `no-shell.rego` is `no-shell`."""
    return Path(path).stem
