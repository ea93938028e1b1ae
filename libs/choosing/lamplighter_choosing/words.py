"""The words of a text as they are compared: small letters, without endings, and without those that say nothing."""

import re

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "s", "ly")
_SAY_NOTHING = frozenset(
    _WORD.findall(
        "a about after again all also am an and any are as at be been before being but by can could did do "
        "does each every for from get give had has have he her here him his how i if in into is it its just "
        "let like many me more most much my no not of off on once one only or other our out over own please "
        "she should so some such than that the their them then there these they this those through to too "
        "under until up us very was we were what when where which while who why will with would you your"
    )
)


def words(text: str) -> list[str]:
    """In their order, repeated as they are. `PostgreSQL` is one word, however it is written; a letter alone is none."""
    return [stem(word) for word in _said(text)]


def spoken(text: str) -> dict[str, str]:
    """Each word of a text once, with the form in which it stands there first."""
    found: dict[str, str] = {}
    for word in _said(text):
        found.setdefault(stem(word), word)
    return found


def _said(text: str) -> list[str]:
    found = _WORD.findall(text.lower())
    return [word for word in found if len(word) > 1 and word not in _SAY_NOTHING]


def stem(word: str) -> str:
    """A word without its English ending, so that "backups" is "backup" and "deployed" is "deploy".

    Light on purpose: it takes off one ending, and where two words then are the same by accident little is lost.
    """
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 4 else word
