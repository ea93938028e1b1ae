"""One version for all: what `lamp version` and the API tell is that of every part."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = sorted(
    path for place in ("libs/*", "services/*", "cli") for path in ROOT.glob(f"{place}/pyproject.toml")
)


def project(path: Path) -> dict[str, str]:
    told: dict[str, str] = tomllib.loads(path.read_text())["project"]
    return told


@pytest.mark.parametrize("part", PARTS, ids=lambda path: path.parent.name)
def test_a_part_has_the_version_of_the_whole(part: Path) -> None:
    whole = project(ROOT / "pyproject.toml")["version"]
    assert project(part)["version"] == whole
    assert version(project(part)["name"]) == whole
