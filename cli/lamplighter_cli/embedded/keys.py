"""The embedded stack's own secrets: made once, kept in the data directory, readable by its owner only."""

import base64
import os
import secrets
from pathlib import Path


def secret_key(folder: Path) -> str:
    """The key that webhook secrets are derived from: 32 random bytes, base64. Made when there is none."""
    return _kept(folder / "secret.key", "")


def vault_keys(folder: Path) -> str:
    """The keys that secrets are sealed with, `k1:base64`; whoever rotates them writes a new one before the old. Made
    when there are none: without it the secrets that were sealed with it are lost."""
    return _kept(folder / "vault.keys", "k1:")


def _kept(path: Path, prefix: str) -> str:
    """32 random bytes as base64 after `prefix`, made once."""
    if not path.exists():
        write_private(path, prefix + base64.b64encode(secrets.token_bytes(32)).decode())
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else can read, and that is never half written."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)
