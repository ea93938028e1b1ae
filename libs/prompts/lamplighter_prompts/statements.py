"""What `{% ... %}` may be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from .errors import refusal, unknown
from .tags import Tag, Token
from .vocabulary import CONSTANTS, KEYWORDS, NAMES

_WORDS = frozenset({"if", "elif", "else", "endif", "for", "endfor", "set", "raw"})
_TAKEN = NAMES | KEYWORDS | CONSTANTS | {"loop"}


@dataclass(frozen=True)
class Statement:
    """What a tag does with its expression. `print` is `{{ ... }}`."""

    word: Literal["print", "if", "elif", "else", "endif", "for", "endfor", "set"]
    tag: Tag
    binds: frozenset[str] = frozenset()
    expression: Sequence[Token] = ()


def read_statement(tag: Tag) -> Statement:
    """Raises PromptError for a statement that a prompt may not hold."""
    if tag.opening == "{{":
        return Statement("print", tag, expression=_filled(tag, tag.tokens))
    head = tag.tokens[0].text if tag.tokens else "..."
    match head:
        case "if" | "elif":
            return Statement(head, tag, expression=_filled(tag, tag.tokens[1:]))
        case "else" | "endif" | "endfor":
            return Statement(head, _alone(tag, head))
        case "for":
            return _for(tag)
        case "set":
            return _set(tag)
    raise unknown(tag.line, f"a prompt has no `{{% {head} %}}`", head, _WORDS, raw=True)


def check_pairs(statements: Iterable[Statement]) -> None:
    """Every `if` and `for` ends, innermost first. Raises PromptError, with the line of the one that does not."""
    opened: list[Statement] = []
    for statement in statements:
        if statement.word in ("if", "for"):
            opened.append(statement)
        elif statement.word in ("endif", "endfor"):
            _close(opened.pop() if opened else None, statement)
    if opened:
        line, word = opened[-1].tag.line, opened[-1].word
        raise refusal(line, f"`{{% {word} %}}` is not closed with `{{% end{word} %}}`.")


def _close(opened: Statement | None, closing: Statement) -> None:
    if opened is None or f"end{opened.word}" != closing.word:
        what = f"the `{{% {opened.word} %}}` of line {opened.tag.line}" if opened else "nothing"
        raise refusal(closing.tag.line, f"`{{% {closing.word} %}}` closes {what}.")


def _filled(tag: Tag, expression: Sequence[Token]) -> Sequence[Token]:
    if not expression:
        raise refusal(
            tag.line, f"nothing stands in `{tag.opening} {tag.written}`, where a value should.", raw=True
        )
    return expression


def _alone(tag: Tag, head: str) -> Tag:
    if len(tag.tokens) > 1:
        raise refusal(tag.line, f"`{{% {head} %}}` stands alone.")
    return tag


def _for(tag: Tag) -> Statement:
    words = [token.text for token in tag.tokens]
    end = words.index("in") if "in" in words else 0
    match words[1:end]:
        case [name] | [name, ",", _] if end:
            names = {name, words[end - 1]}
        case _:
            raise refusal(
                tag.line, "a loop is written `{% for x in ... %}` or `{% for key, value in ... | items %}`."
            )
    return Statement("for", tag, _own(tag, names), _filled(tag, tag.tokens[end:]))


def _set(tag: Tag) -> Statement:
    if len(tag.tokens) < 3 or tag.tokens[2].text != "=":
        raise refusal(tag.line, "a name is set with `{% set name = ... %}`, one at a time.")
    return Statement("set", tag, _own(tag, {tag.tokens[1].text}), _filled(tag, tag.tokens[3:]))


def _own(tag: Tag, names: set[str]) -> frozenset[str]:
    for name in sorted(names):
        if name in _TAKEN or name.startswith("_") or not name.isidentifier():
            raise refusal(tag.line, f"{name!r} cannot be set: choose another name.")
    return frozenset(names)
