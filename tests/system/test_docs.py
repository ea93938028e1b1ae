"""The commands that the README shows do what it says: every block marked `sh run`, against the whole stack."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stack import Stack

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = (
    "README.md",
    "docs/time.md",
    "docs/policies.md",
    "docs/agents.md",
    "docs/who.md",
    "docs/events.md",
    "docs/access.md",
    "docs/webhooks.md",
    "docs/audit.md",
    "docs/api.md",
)


def test_the_readme_has_commands_to_run() -> None:
    assert BLOCK.findall((ROOT / "README.md").read_text())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_a_document_run(document: str, stack: Stack, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LAMP_URL": stack.url,
        "LAMP_TOKEN": stack.token,
        "LAMP_DATA": str(tmp_path),
    }
    for block in BLOCK.findall((ROOT / document).read_text()):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
