"""The files of a run that waits for a person, taken along: it goes on in another folder, perhaps on another machine.

Files with a secret in them stay behind: what is taken along is stored unsealed.
"""

import base64
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

LARGEST = 1 << 20
"""Bytes of all files together."""
MOST = 500


def packed(home: Path, mask: Callable[[str], str]) -> tuple[str, tuple[str, ...]]:
    """An archive in base64, and the names of what stays behind. Blocks."""
    left: list[str] = []
    room, buffer = LARGEST, io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for number, path in enumerate(_files(home)):
            name = str(path.relative_to(home))
            size = path.lstat().st_size
            if number >= MOST or size > room or not path.is_file() or path.is_symlink() or _tells(path, mask):
                left.append(mask(name))
                continue
            room -= size
            archive.add(path, name, recursive=False)
    return base64.b64encode(buffer.getvalue()).decode(), tuple(left[:MOST])


def unpack(archive: str, home: Path) -> None:
    """Blocks."""
    if archive:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(archive)), mode="r:gz") as files:
            files.extractall(home, filter="data")


def _files(home: Path) -> list[Path]:
    return [Path(folder) / name for folder, _, names in os.walk(home) for name in sorted(names)]


def _tells(path: Path, mask: Callable[[str], str]) -> bool:
    try:
        text = path.read_bytes().decode(errors="replace")
    except OSError:
        return True
    return mask(text) != text
