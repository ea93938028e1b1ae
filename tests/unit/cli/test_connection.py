"""Which gateway, with which token, and how `lamp up` leaves both."""

import stat
from pathlib import Path

import pytest

from lamplighter_cli.connection import Connection, choose, data_dir, save, saved
from lamplighter_cli.exits import LampError, Unreachable, WrongUse

HERE = Connection("http://127.0.0.1:8460", "kept-token")
ELSEWHERE = "https://lamp.example"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    save(HERE, tmp_path)
    return {"LAMP_DATA": str(tmp_path)}


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"LAMP_DATA": "/data", "XDG_DATA_HOME": "/xdg"}, Path("/data")),
        ({"XDG_DATA_HOME": "/xdg"}, Path("/xdg/lamplighter")),
        ({}, Path.home() / ".local/share/lamplighter"),
    ],
)
def test_the_data_directory(environment: dict[str, str], folder: Path) -> None:
    assert data_dir(environment) == folder


def test_what_was_saved_is_used(environment: dict[str, str]) -> None:
    assert choose(environment) == HERE


def test_options_win_over_the_environment_and_it_over_the_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("from-file\n")
    environment |= {"LAMP_URL": ELSEWHERE, "LAMP_TOKEN": "from-environment"}
    assert choose(environment) == Connection(ELSEWHERE, "from-environment")
    assert choose(environment, "http://other:1", tmp_path / "token") == Connection(
        "http://other:1", "from-file"
    )


def test_the_saved_token_goes_to_no_other_address(environment: dict[str, str]) -> None:
    assert choose({**environment, "LAMP_URL": ELSEWHERE}) == Connection(ELSEWHERE, "")
    assert choose(environment, ELSEWHERE).token == ""
    assert choose(environment, f"{HERE.url}/").token == HERE.token


def test_only_the_owner_reads_the_file_and_it_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    save(Connection("http://first:1", "a"), folder)
    path = save(HERE, folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert saved(folder) == HERE
    assert [entry.name for entry in folder.iterdir()] == ["connection.json"]


def test_no_gateway_known(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="lamp up"):
        choose({"LAMP_DATA": str(tmp_path)})


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"url": '])
def test_a_broken_file_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "connection.json").write_text(content)
    with pytest.raises(LampError, match=r"connection\.json cannot be read"):
        choose({"LAMP_DATA": str(tmp_path)})


@pytest.mark.parametrize(
    "url", ["localhost:8460", "ftp://x", "http://", "http://x:port", "http://[x", "nonsense"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(WrongUse, match="is not an address"):
        choose({"LAMP_URL": url, "LAMP_TOKEN": "t"})


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ümlaut"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(WrongUse, match="the token holds"):
        choose({"LAMP_URL": ELSEWHERE, "LAMP_TOKEN": token})


def test_a_token_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="No such file"):
        choose({}, ELSEWHERE, tmp_path / "none")
