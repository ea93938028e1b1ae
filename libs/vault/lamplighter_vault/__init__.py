"""Secrets: sealed where they are kept, and masked wherever text leaves. Pure, but for the random bytes of a seal.

keyring       the keys, and what is sealed with them
fitting       whether the keys are those that stored secrets were sealed with
masking       Masker and MaskedStream: text and streams of bytes without secrets; made of
spellings     how a secret may be spelled: base64, URLs, JSON, HTML, shells, hex
wordlist      all spellings of all secrets, found in one pass
patterns      what looks like a secret, whoever's it is
private_keys  private keys in PEM, line by line
spans         parts of a text, and the text without them
"""

from .fitting import wrong_keys
from .keyring import CannotOpen, KeyRing, new_key
from .masking import MaskedStream, Masker

__all__ = ["CannotOpen", "KeyRing", "MaskedStream", "Masker", "new_key", "wrong_keys"]
