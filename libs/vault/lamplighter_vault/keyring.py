"""The keys that secrets are sealed with. AES-256-GCM: a sealed text opens only for the place it was sealed for."""

import base64
import binascii
import os
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_FORM = "Write it as 'id:key[,id:key...]', each key being the base64 of 32 random bytes; the first one seals."


class CannotOpen(Exception):
    """The text was not sealed for this place, was changed, or its key is not in the ring."""


class KeyRing:
    """Keys by id. Neither a message nor a representation of it shows one."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.current = next(iter(keys))
        """The id of the key that seals."""

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """`id:base64[,id:base64...]`. Raises `ValueError` with a sentence."""
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(text.split(","), 1):
            key_id, _, encoded = entry.strip().partition(":")
            if not _KEY_ID.fullmatch(key_id) or not encoded:
                raise ValueError(f"Entry {number} of the key ring has no id and key. {_FORM}")
            if key_id in keys:
                raise ValueError(f"Entry {number} of the key ring has the id of an earlier one. {_FORM}")
            keys[key_id] = _key(encoded, number)
        return cls(keys)

    @property
    def key_ids(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def seal(self, environment_id: str, name: str, value: str) -> str:
        """`v1.<key id>.<base64 of nonce and ciphertext>`."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self.current].encrypt(nonce, value.encode(), _place(environment_id, name))
        return f"{VERSION}.{self.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, environment_id: str, name: str, sealed: str) -> str:
        """Raises `CannotOpen`."""
        where = f"The secret {name!r} of the environment {environment_id!r} cannot be opened"
        key_id, encoded = _parts(sealed, where)
        key = self._keys.get(key_id)
        if key is None:
            raise CannotOpen(
                f"{where}: the key that sealed it is not in the key ring. Add that key, or set it anew."
            )
        try:
            data = base64.b64decode(encoded, altchars=b"-_", validate=True)
            return key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _place(environment_id, name)).decode()
        except (InvalidTag, ValueError):
            # Also binascii.Error and UnicodeDecodeError, which are ValueErrors and may quote what they were given.
            pass
        raise CannotOpen(f"{where}: it was changed, was sealed for another place, or its key is another one.")

    def key_id(self, sealed: str) -> str:
        """Of the key that sealed it. Raises `CannotOpen` where it is no sealed text."""
        return _parts(sealed, "The text cannot be opened")[0]

    def is_stale(self, sealed: str) -> bool:
        """Whether it was sealed with another key than the current one. Raises `CannotOpen`."""
        return self.key_id(sealed) != self.current

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"


def new_key(key_id: str = "k1") -> str:
    """A key ring of one fresh key, as text for `KeyRing.parse`."""
    return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


def _key(encoded: str, number: int) -> bytes:
    try:
        key = base64.b64decode(encoded.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"The key of entry {number} of the key ring is not {KEY_BYTES} bytes in base64. {_FORM}"
        )
    return key


def _parts(sealed: str, where: str) -> tuple[str, str]:
    """The key's id and the base64."""
    match sealed.split("."):
        case [version, key_id, data] if version == VERSION and _KEY_ID.fullmatch(key_id):
            return key_id, data
        case _:
            raise CannotOpen(f"{where}: it is no text that was sealed here.")


def _place(environment_id: str, name: str) -> bytes:
    """The associated data. Neither part can hold a NUL, so that no two places look alike."""
    return f"{environment_id}\x00{name}".encode()
