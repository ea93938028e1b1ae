"""Documents in files: one object, as YAML or JSON."""

import json
from typing import Any, TextIO

from lamplighter_cli import inputs
from lamplighter_cli.exits import WrongUse


def read(path: str, what: str, stdin: TextIO) -> dict[str, Any]:
    """The object in a file, `-` for standard input. `what` names the file in what is wrong with it."""
    content = inputs.contents(path, what, stdin)
    found = _json(path, content) if path.endswith(".json") else _yaml(path, content)
    if not isinstance(found, dict):
        raise WrongUse(f"{path} has to hold one object, with its fields by name")
    return found


def _json(path: str, content: str) -> Any:
    try:
        return json.loads(content)
    except ValueError as wrong:
        raise WrongUse(f"{path} is not JSON: {wrong}") from wrong


def _yaml(path: str, content: str) -> Any:
    # Loaded only here: other commands do not pay for it.
    import yaml

    class Loader(yaml.SafeLoader):
        """Times stay the text that they are, as in JSON."""

        yaml_implicit_resolvers = {  # noqa: RUF012 - as its base has it
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    try:
        return yaml.load(content, Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as wrong:
        where = getattr(wrong, "problem_mark", None)
        line = f"line {where.line + 1}: " if where else ""
        raise WrongUse(f"{path} is not YAML: {line}{getattr(wrong, 'problem', None) or wrong}") from wrong
