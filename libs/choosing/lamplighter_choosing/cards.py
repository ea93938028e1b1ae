"""What an agent says of itself, as far as it counts when one is chosen."""

from lamplighter_contracts.agents import Agent


def phrases(agent: Agent) -> list[str]:
    """Its name, the sentences of its description, its capabilities and examples, each for itself."""
    sentences = agent.description.replace(":", ".").replace("\n", ".").split(".")
    return [agent.name, *(s.strip() for s in sentences if s.strip()), *agent.capabilities, *agent.examples]


def card(agent: Agent) -> str:
    """All of it as one text. The name counts twice: it is short, and the best-weighed words that there are."""
    return "\n".join((agent.name, agent.name, agent.description, *agent.capabilities, *agent.examples))


def are_twins(one: Agent, other: Agent) -> bool:
    """Whether two agents say the same of what they do: then either is as good, and the load decides."""
    return _trade(one) == _trade(other) and any(_trade(one))


def _trade(agent: Agent) -> tuple[str, frozenset[str], frozenset[str]]:
    return agent.description.strip(), frozenset(agent.capabilities), frozenset(agent.examples)
