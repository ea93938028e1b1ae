"""How a secret may be spelled in a text: as it is, and in the encodings that programs put values into."""

import base64
import html
import re
from urllib.parse import quote

LINE_LEAST = 8
"""A line of a secret that is as long as this counts as a secret."""
ENCODED_LEAST = 4
"""A shorter piece of an encoding stands in too many innocent texts."""
_WRAPS = (64, 76)
"""Where programs break lines of base64."""


def values(secret: str) -> list[str]:
    """What counts as the secret: itself, without blanks around it, and each of its lines."""
    lines = [line.strip() for line in secret.splitlines()]
    found = [secret, secret.strip(), *(line for line in lines if len(line) >= LINE_LEAST)]
    return [value for value in dict.fromkeys(found) if value]


def literals(value: str) -> set[bytes]:
    """Spellings of which each byte is known."""
    data = value.encode(errors="surrogatepass")
    digits = data.hex()
    encoded = {piece for piece in _base64(data) if len(piece) >= ENCODED_LEAST}
    quoted = {quote(piece, safe="").encode() for piece in encoded}
    percent = "".join(f"%{byte:02x}" for byte in data)
    units = value.encode("utf-16-be", errors="surrogatepass").hex()
    escaped = "".join(rf"\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    others = {digits, digits.upper(), percent, percent.upper(), escaped}
    return (
        {data} | encoded | quoted | {_lower_percent(piece) for piece in quoted} | {o.encode() for o in others}
    )


def escapes(value: str) -> list[bytes]:
    """Patterns for what escaping leaves of the value, whichever signs it escapes: each begins with a byte that is
    known. None where there is nothing to escape: then it is spelled as it is."""
    if re.fullmatch(r"[A-Za-z0-9]*", value):
        return []
    rest = b"".join(b"(?:%s)" % b"|".join(_sign(character)) for character in value[1:])
    return [first + rest for first in _sign(value[0])]


def longest_escape(value: str) -> int:
    """No spelling that `escapes` finds has more bytes."""
    return len(value) * (10 if value.isascii() else 20)


ESCAPE_SIGNS = (b"%", b"\\", b"&", b"'", b"+")
"""A spelling that only `escapes` knows has one of these."""


def _base64(data: bytes) -> set[bytes]:
    """Alone, with and without padding, wrapped; and inside a longer text, after 0, 1 or 2 bytes of a group."""
    whole = base64.b64encode(data)
    found = {whole, whole.rstrip(b"="), *(_core(data, ahead) for ahead in (0, 1, 2))}
    for text in (whole, base64.b64encode(data + b"\n")):
        for width in _WRAPS:
            if len(text) > width:
                lines = [text[at : at + width] for at in range(0, len(text), width)]
                found.update(line for line in lines if len(line) >= 2 * LINE_LEAST)
    return found | {piece.translate(_URL_SAFE) for piece in found}


def _core(data: bytes, ahead: int) -> bytes:
    """The signs that depend on nothing but the data."""
    encoded = base64.b64encode(bytes(ahead) + data)
    return encoded[-(-ahead * 8 // 6) : (ahead + len(data)) * 8 // 6]


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _lower_percent(quoted: bytes) -> bytes:
    return re.sub(rb"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)


_MORE = {" ": {rb"\+"}, "'": {re.escape(b"'\\''"), re.escape(b"'\"'\"'")}}
"""In a query, and between a shell's single quotes."""
_SHORT = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}


def _sign(character: str) -> list[bytes]:
    """The patterns of one character's spellings, the longest first: none may end where a longer one goes on."""
    data = character.encode(errors="surrogatepass")
    if character.isascii() and character.isalnum():
        return [data]
    units = character.encode("utf-16-be", errors="surrogatepass").hex()
    spellings = {
        re.escape(data),
        re.escape(html.escape(character).encode(errors="surrogatepass")),
        re.escape(b"\\" + _SHORT.get(character, character).encode(errors="surrogatepass")),
        b"".join(b"%" + _any_case(f"{byte:02x}") for byte in data),
        b"".join(rb"\\x" + _any_case(f"{byte:02x}") for byte in data),
        b"".join(rb"\\u" + _any_case(units[at : at + 4]) for at in range(0, len(units), 4)),
        rb"\&\#0{0,4}%d;" % ord(character),
        rb"\&\#[xX]0{0,4}%s;" % _any_case(f"{ord(character):x}"),
    }
    if character == "\n":
        # As it is it ends a line, and what goes over lines is found as it is, or line by line.
        spellings.remove(re.escape(data))
    spellings |= _MORE.get(character, set())
    return sorted(spellings, key=lambda one: (-len(one), one))


def _any_case(digits: str) -> bytes:
    return b"".join(
        b"[%c%c]" % (ord(digit), ord(digit.upper())) if digit.isalpha() else digit.encode()
        for digit in digits
    )
