"""The request that the options of an agent make."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from lamplighter_cli import documents, inputs
from lamplighter_cli.commands.agent import options
from lamplighter_cli.context import Lamp
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.nested import Body, body_of, given_of
from lamplighter_cli.settings import Setting

ADDRESSES = ("http://", "https://")


def named(params: Mapping[str, Any]) -> dict[Setting, Any]:
    """The options that were given and become fields."""
    return {one: value for one, value in given_of(options.ALL, params).items() if one.field}


def agent_body(lamp: Lamp, params: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> Body:
    """What these say of an agent, laid over the document of --from-file, else over the parts of `before`."""
    path = params["from_file"]
    document = documents.read(path, "--from-file", lamp.stdin) if path else {}
    known = document or before or {}
    given = named(params)
    kind = _kind(params, known)
    _check_fit(given, kind)
    runner = known.get("runner") or {}
    if kind != runner.get("kind"):
        known = {**known, "runner": {}}
    body = {**document, **body_of(_read(lamp, given), known)}
    if kind and (params["command"] or kind != runner.get("kind") or "runner" in body):
        command = {"command": list(params["command"])} if params["command"] else {}
        body["runner"] = {**(body.get("runner") or known.get("runner") or {}), "kind": kind, **command}
    if tools := _tools(given, params, known):
        body["tools"] = tools
    return body


def _kind(params: Mapping[str, Any], known: Mapping[str, Any]) -> str | None:
    """Of the runner: as it is said, as it is known, or a command where one is there."""
    said, command = params["runner"], params["command"]
    if params["noop"]:
        said = "noop" if said in (None, "noop") else said
    if said and said not in options.KINDS:
        raise WrongUse(
            f"--runner {said!r} is not one of {', '.join(options.KINDS)}: for others use --from-file"
        )
    if command and said not in (None, "command"):
        raise WrongUse(f"a command after two hyphens is for --runner command, not for {said}")
    kind = said or ("command" if command else None) or (known.get("runner") or {}).get("kind")
    return None if kind is None else str(kind)


def _check_fit(given: Mapping[Setting, Any], kind: str | None) -> None:
    fitting = options.OF_KIND.get(kind or "", ())
    for one in given:
        if one.field.startswith("runner.") and one not in fitting:
            kinds = " or ".join(name for name, settings in options.OF_KIND.items() if one in settings)
            raise WrongUse(
                f"{one.option} is for --runner {kinds}" + (f", and this is {kind}" if kind else "")
            )


def _read(lamp: Lamp, given: Mapping[Setting, Any]) -> dict[Setting, Any]:
    """Values as the wire has them."""
    read: dict[Setting, Any] = {}
    for one, value in given.items():
        match one.option:
            case "--variable" | "--header" | "--secret-header":
                read[one] = inputs.pairs(value, one.option) if value else None
            case "--instructions":
                read[one] = inputs.text(value, one.option, lamp.stdin) if value else value
            case _ if not one.field.startswith("tools."):
                read[one] = value
    return read


def _tools(given: Mapping[Setting, Any], params: Mapping[str, Any], known: Mapping[str, Any]) -> Body | None:
    """All tools, as they are once these options are heeded; None where no option is about them. An empty value takes
    a tool away."""
    said = {one.option: value for one, value in given.items() if one.field.startswith("tools.")}
    patterns = {
        name: _patterns(params[name], f"--{name.replace('_', '-')}") for name in ("mcp_tool", "mcp_read_only")
    }
    if not said and not any(patterns.values()):
        return None
    tools = dict(known.get("tools") or {})
    _lay(tools, "shell", {"programs": said.get("--tool-shell")}, "--tool-shell" in said)
    fields = {"hosts": said.get("--tool-http"), "methods": said.get("--tool-http-methods")}
    _lay(tools, "http", fields, "--tool-http" in said or "--tool-http-methods" in said)
    if "--tool-files" in said:
        tools["files"] = _files(said["--tool-files"])
    if "--tool-approval" in said:
        tools["approval"] = said["--tool-approval"] or []
    if "--mcp" in said:
        tools["mcp"] = [_server(text) for text in said["--mcp"] or ()]
    tools["mcp"] = [_completed(server, patterns) for server in tools.get("mcp") or ()]
    _check_servers(tools["mcp"], patterns)
    return tools


def _lay(tools: Body, name: str, fields: Mapping[str, str | None], said: bool) -> None:
    if not said:
        return
    if not any(fields.values()):
        tools[name] = None
        return
    lists = {field: [one.strip() for one in text.split(",")] for field, text in fields.items() if text}
    tools[name] = {**(tools.get(name) or {}), **lists}


def _files(word: object) -> Body | None:
    if word in (None, ""):
        return None
    if word not in ("read", "write"):
        raise WrongUse(f"--tool-files {word!r} is neither read nor write")
    return {"write": word == "write"}


def _server(text: str) -> Body:
    name, equals, place = text.partition("=")
    if not (equals and name and place.strip()):
        raise WrongUse(f"--mcp {text!r} is not NAME=URL or 'NAME=program argument'")
    where = {"url": place} if place.startswith(ADDRESSES) else {"command": shlex.split(place)}
    return {"name": name, **where}


def _patterns(given: Sequence[str] | None, option: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in given or ():
        name, equals, pattern = text.partition("=")
        if not (equals and name and pattern):
            raise WrongUse(f"{option} {text!r} is not NAME=PATTERN: write one such as github=get_*")
        found.setdefault(name, []).append(pattern)
    return found


def _completed(server: Body, patterns: Mapping[str, Mapping[str, list[str]]]) -> Body:
    fields = {"tools": patterns["mcp_tool"], "read_only": patterns["mcp_read_only"]}
    name = str(server.get("name"))
    return {**server, **{field: given[name] for field, given in fields.items() if name in given}}


def _check_servers(servers: Sequence[Body], patterns: Mapping[str, Mapping[str, list[str]]]) -> None:
    names = [str(server.get("name")) for server in servers]
    for option, given in patterns.items():
        for name in given:
            if name not in names:
                raise WrongUse(
                    f"--{option.replace('_', '-')} {name}=...: there is no server {name!r} of --mcp"
                )
    for server in servers:
        if not server.get("tools"):
            which = server.get("name")
            raise WrongUse(
                f"which tools of {which!r} is it offered? Say --mcp-tool '{which}=get_*', or '{which}=*'"
            )
