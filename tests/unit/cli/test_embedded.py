"""What `lamp up` leaves on the disk and gives to its children is its owner's alone."""

import sys
from pathlib import Path

import pytest

from lamplighter_cli.embedded import keys, servers
from lamplighter_cli.embedded.children import Children, Launch
from lamplighter_vault import KeyRing


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_servers_data_is_closed_to_others_also_in_a_folder_that_is_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    servers.nats_server(tmp_path / "nats", 1)
    servers.mongod(tmp_path / "mongodb", 1)

    assert _mode(tmp_path / "nats") == _mode(tmp_path / "mongodb" / "db") == 0o700


def test_keys_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    ring = KeyRing.parse(keys.vault_keys(tmp_path))

    assert keys.vault_keys(tmp_path).startswith("k1:")
    assert ring.open("default", "A", KeyRing.parse(keys.vault_keys(tmp_path)).seal("default", "A", "kept"))
    assert keys.secret_key(tmp_path) == keys.secret_key(tmp_path) != keys.vault_keys(tmp_path)
    assert {_mode(path) for path in tmp_path.iterdir()} == {0o600}


async def test_the_users_own_token_is_not_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMP_TOKEN", "canary")
    monkeypatch.setenv("KEPT", "kept")
    children = Children(tmp_path, lambda _: None)
    say = "import os; print(os.environ.get('LAMP_TOKEN'), os.environ['KEPT'], os.environ['OWN'])"

    said = await children.run_once(Launch("child", (sys.executable, "-c", say), {"OWN": "own"}))

    assert said.split() == ["None", "kept", "own"]
