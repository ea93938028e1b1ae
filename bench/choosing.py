"""Whom a smart job is given to: how often the choice is right, how often it is clear, and what it takes."""

import time
from collections.abc import Callable, Sequence

from bench.figures import Figure, percentile
from bench.smart_tasks import AGENTS, HELD_OUT, KNOWN, Task, Wording
from lamplighter_choosing import BM25, Contender, Scorer, Wish, choose, meaning
from lamplighter_contracts.agents import Agent

CROWD = 200


async def measure() -> list[Figure]:
    scorers: dict[str, Callable[[], Scorer]] = {"bm25": BM25}
    if meaning.is_installed():
        scorers["meaning"] = meaning.scorer
    figures: list[Figure] = []
    for name, make in scorers.items():
        figures += _accuracy(name, make())
        figures.append(_speed(name, make()))
    return figures


def _accuracy(name: str, scorer: Scorer) -> list[Figure]:
    """`known` was looked at while the scorers were made; `unseen` was not. `taught` are the unseen ones again, among
    agents that have the known prompts as their examples."""
    plain = [task for task in (*KNOWN, *HELD_OUT) if task.wording is Wording.PLAIN]
    wanted = {"bm25": (52.0, None), "meaning": (76.0, 92.0)}[name]
    return [
        *_hits(f"{name}.plain", scorer, plain, AGENTS, (95.0, None)),
        *_hits(f"{name}.known_free", scorer, _free(KNOWN), AGENTS, (None, None)),
        *_hits(f"{name}.known_all", scorer, KNOWN, AGENTS, (None, None)),
        *_hits(f"{name}.unseen_free", scorer, _free(HELD_OUT), AGENTS, (None, None)),
        *_hits(f"{name}.unseen_all", scorer, HELD_OUT, AGENTS, wanted),
        *_hits(f"{name}.taught_all", scorer, HELD_OUT, _taught(), wanted),
        *_clear(f"{name}.unseen_all", scorer, HELD_OUT),
    ]


def _free(tasks: Sequence[Task]) -> list[Task]:
    return [task for task in tasks if task.wording is not Wording.PLAIN]


def _taught() -> list[Agent]:
    return [
        agent.model_copy(
            update={
                "examples": tuple(task.prompt for task in KNOWN if task.agent_id == agent.agent_id),
                "revision": 2,
            }
        )
        for agent in AGENTS
    ]


def _hits(
    name: str,
    scorer: Scorer,
    tasks: Sequence[Task],
    agents: Sequence[Agent],
    targets: tuple[float | None, float | None],
) -> list[Figure]:
    ranked = [(_ranking(scorer, task, agents), task.agent_id) for task in tasks]
    first = sum(ids[:1] == [right] for ids, right in ranked) / len(tasks) * 100
    third = sum(right in ids[:3] for ids, right in ranked) / len(tasks) * 100
    return [
        Figure(f"who.{name}_top1", first, "%", targets[0], at_most=False),
        Figure(f"who.{name}_top3", third, "%", targets[1], at_most=False),
    ]


def _ranking(scorer: Scorer, task: Task, agents: Sequence[Agent]) -> list[str]:
    """Those that fit at all."""
    fits = scorer.fits(task.prompt, agents)
    return sorted((agent for agent in fits if fits[agent].text > 0), key=lambda agent: -fits[agent].text)


def _clear(name: str, scorer: Scorer, tasks: Sequence[Task]) -> list[Figure]:
    """How many are decided, and how many of these rightly: the others are left to a fallback, a model or a person."""
    contenders = [Contender(agent) for agent in AGENTS]
    clear = [
        choice.chosen == task.agent_id
        for task in tasks
        if (choice := choose(Wish(task.prompt), contenders, scorer)).confident
    ]
    return [
        Figure(f"who.{name}_clear", len(clear) / len(tasks) * 100, "%"),
        Figure(f"who.{name}_clear_right", sum(clear) / max(1, len(clear)) * 100, "%", 90, at_most=False),
    ]


def _speed(name: str, scorer: Scorer) -> Figure:
    """Milliseconds for a choice among `CROWD` agents that were seen before."""
    crowd = [
        AGENTS[n % len(AGENTS)].model_copy(update={"agent_id": f"agent-{n}", "name": f"Agent {n}"})
        for n in range(CROWD)
    ]
    contenders = [Contender(agent) for agent in crowd]
    choose(Wish(KNOWN[0].prompt), contenders, scorer)
    taken = []
    for task in KNOWN:
        began = time.perf_counter()
        choose(Wish(task.prompt), contenders, scorer)
        taken.append((time.perf_counter() - began) * 1000)
    return Figure(
        f"who.{name}_choice_of_{CROWD}_p99", percentile(taken, 99), "ms", 20 if name == "bm25" else 60
    )
