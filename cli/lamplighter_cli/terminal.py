"""Text that a terminal can be trusted with: cleaned, measured, cut to fit, coloured."""

import re

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, screen
    r"|\x9b[0-?]*[ -/]*[@-~]"  # the same, begun by its 8-bit form
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, ...: title, links
    r"|\x1b[ -/]*[0-~]?"  # what is left of escapes (ECMA-48, 5.3)
)
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""C0 but the tab, DEL, C1, and what turns the direction of text around."""

_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"

STATUS_STYLES = {
    "completed": GREEN,
    "fired": GREEN,
    "failed": RED,
    "missed": RED,
    "blocked": RED,
    "denied": RED,
    "expired": RED,
    "approved": GREEN,
    "cancelled": YELLOW,
    "retrying": YELLOW,
    "waiting_for_input": YELLOW,
    "pending": YELLOW,
    "cancelling": YELLOW,
    "skipped": YELLOW,
    "coalesced": YELLOW,
    "running": CYAN,
    "started": CYAN,
    "queued": DIM,
}


def clean(text: str) -> str:
    """One line without escape sequences and control characters; tabs stay. Line breaks become spaces."""
    without = _ESCAPES.sub("", text)
    return _CONTROLS.sub("", without.replace("\r\n", " ").replace("\n", " "))


def safe_json(text: str) -> str:
    """JSON whose strings hold no raw control character: json.dumps leaves DEL and C1 as they are."""
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def width(text: str) -> int:
    """Columns on the screen."""
    if text.isascii():
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def fit(text: str, columns: int) -> str:
    """`text`, cut with an ellipsis where it is wider than `columns`."""
    if width(text) <= columns:
        return text
    while text and width(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"


def styled(text: str, style: str | None, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour and style and text else text
