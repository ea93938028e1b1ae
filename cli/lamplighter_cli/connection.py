"""Which gateway to speak to, and with which token: from options, the environment, or what `lamp up` left."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lamplighter_cli.exits import LampError, Unreachable, WrongUse

FILE = "connection.json"


@dataclass(frozen=True)
class Connection:
    url: str
    token: str = ""


def data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """LAMP_DATA, else `lamplighter` in XDG_DATA_HOME, else `~/.local/share/lamplighter`."""
    if named := environment.get("LAMP_DATA"):
        return Path(named).expanduser()
    base = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "lamplighter"


def save(connection: Connection, folder: Path | None = None) -> Path:
    """Leave the connection in the data directory for the commands that follow; readable by its owner only.

    The file is replaced in one step: a reader sees the old connection or the new one.
    """
    import tempfile

    folder = folder or data_dir()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{FILE}.", dir=folder)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump({"url": connection.url, "token": connection.token}, file)
            file.flush()
            os.fsync(file.fileno())
        return Path(temporary).replace(folder / FILE)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def saved(folder: Path) -> Connection | None:
    """What `save` left in `folder`; None where nothing is."""
    path = folder / FILE
    try:
        document = json.loads(path.read_text())
        return Connection(str(document["url"]), str(document.get("token") or ""))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as broken:
        raise LampError(
            f"{path} cannot be read as a connection: start `lamp up` again, or set LAMP_URL and LAMP_TOKEN"
        ) from broken


def choose(
    environment: Mapping[str, str], url: str | None = None, token_file: Path | None = None
) -> Connection:
    """The connection that options, environment and data directory name, in this order.

    The token that `lamp up` left goes to the address that it left and to no other.
    """
    named_url = url or environment.get("LAMP_URL")
    token = _token_of(token_file) if token_file else environment.get("LAMP_TOKEN")
    kept = saved(data_dir(environment)) if not (named_url and token) else None
    address = named_url or (kept.url if kept else None)
    if address is None:
        raise Unreachable(
            "no gateway is known here: start one with `lamp up`, or set LAMP_URL and LAMP_TOKEN"
        )
    if not token and kept and kept.url.rstrip("/") == address.rstrip("/"):
        token = kept.token
    return Connection(_checked_url(address), _checked_token(token or ""))


def _token_of(path: Path) -> str:
    try:
        return path.expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as broken:
        raise WrongUse(f"--token-file {path} cannot be read: {_reason(broken)}") from broken


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise WrongUse(f"{url!r} is not an address of a gateway, such as http://127.0.0.1:8460")
    return url.rstrip("/")


def _checked_token(token: str) -> str:
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise WrongUse("the token holds characters that no token has: look at LAMP_TOKEN or --token-file")
    return token


def _reason(broken: Exception) -> str:
    return broken.strerror or str(broken) if isinstance(broken, OSError) else "it is not text"
