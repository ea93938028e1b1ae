"""The steps of an execution as a tree: members of a team, and below each what it did."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from lamplighter_cli.times import duration

Step = dict[str, Any]

INDENT = "  "
TEXT = 120


def tree(run: Any) -> list[str]:
    """A line a step. Attempts have a line of their own where there are several."""
    by_attempt: dict[int, list[Step]] = defaultdict(list)
    for step in run.get("steps") or ():
        by_attempt[int(step.get("attempt", 1))].append(step)
    lines: list[str] = []
    for attempt, steps in sorted(by_attempt.items()):
        lines += [f"attempt {attempt}:"] if len(by_attempt) > 1 else []
        lines += _of_attempt(steps, INDENT if len(by_attempt) > 1 else "")
    if omitted := run.get("steps_omitted"):
        lines.append(f"... and {omitted} more")
    return lines


def _of_attempt(steps: list[Step], indent: str) -> Iterator[str]:
    """What has a source goes below the last step of that name before it, or below the name alone."""
    parent: str | None = None
    for step in sorted(steps, key=lambda one: int(one.get("number", 0))):
        source = str(step.get("source") or "")
        if not source:
            parent = str(step.get("name"))
            yield indent + line(step)
            continue
        if source != parent:
            parent = source
            yield f"{indent}{source}"
        yield indent + INDENT + line(step)


def line(step: Step) -> str:
    """`shell {"program":"ls"} -> 3 files (1.2 s, 120 tokens)`."""
    parts = [str(step.get("name") or step.get("kind"))]
    parts += [_cut(step[name]) for name in ("arguments", "detail") if step.get(name)]
    if step.get("result"):
        parts += ["->", _cut(step["result"])]
    took = duration(step.get("started_at"), step.get("finished_at"))
    notes = ["failed" if step.get("failed") else "", took or _going_on(step), usage(step.get("usage")) or ""]
    told = ", ".join(note for note in notes if note)
    return " ".join([*parts, f"({told})"] if told else parts)


def _going_on(step: Step) -> str:
    return "not ended" if step.get("started_at") and not step.get("finished_at") else ""


def usage(used: Any) -> str | None:
    """`1,234 tokens, 5 requests, 3 tool calls, $0.1200`; None where nothing was used."""
    if not isinstance(used, dict):
        return None
    tokens = int(used.get("input_tokens") or 0) + int(used.get("output_tokens") or 0)
    cost = float(used.get("cost") or 0)
    counts = {
        "tokens": tokens,
        "requests": used.get("requests"),
        "tool calls": used.get("tool_calls"),
    }
    parts = [f"{count:,} {name}" for name, count in counts.items() if count]
    return ", ".join([*parts, f"${cost:.4f}"] if cost else parts) or None


def _cut(text: Any) -> str:
    flat = " ".join(str(text).split())
    return flat if len(flat) <= TEXT else f"{flat[: TEXT - 1]}…"
