"""What is wrong with a prompt."""

from collections.abc import Iterable
from difflib import get_close_matches

_COMPARED, _LISTED = 200, 30
"""Words that a wrong one is held against, and words that are shown: a job may have thousands of variables."""

_RAW = "Braces that are meant as they stand go between {% raw %} and {% endraw %}."


class PromptError(ValueError):
    """The prompt cannot be used. `problem` says in full sentences what is wrong, where, and what is allowed."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class FilterError(PromptError):
    """A filter cannot work on what it was given. The filter does not know in which line it stands."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"the filter `{name}` {what}")
        self.name = name


def refusal(line: int, what: str, *, raw: bool = False) -> PromptError:
    """What stands in `line` cannot be. With `raw`, perhaps it was not meant for us: then how to write it is said."""
    return PromptError(f"Line {line}: {what}{f' {_RAW}' if raw else ''}")


def unknown(line: int, what: str, word: str, words: Iterable[str], *, raw: bool = False) -> PromptError:
    """`what` is a clause that names the word: `there is no name 'jbo'`."""
    allowed = sorted(words)
    near = get_close_matches(word, allowed[:_COMPARED], n=1, cutoff=0.6)
    listed = ", ".join(allowed[:_LISTED]) + (", ..." if len(allowed) > _LISTED else ".")
    advice = f"did you mean {near[0]!r}?" if near else f"allowed are {listed}"
    advice = advice if allowed else "there are none."
    return refusal(line, f"{what}: {advice}", raw=raw)
