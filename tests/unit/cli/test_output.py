"""Tables, sheets and JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lamplighter_cli.output import Column, Format, Output
from lamplighter_cli.times import Clock
from tests.support.command_line import Screen

COLUMNS = (
    Column("ID", lambda row, _: row.get("id")),
    Column("NAME", lambda row, _: row.get("name"), flexible=True),
    Column("STATUS", lambda row, _: row.get("status"), status=True),
    Column("ENABLED", lambda row, _: row.get("enabled")),
)
ROWS: list[dict[str, Any]] = [
    {"id": "one", "name": "The first", "status": "completed", "enabled": True},
    {"id": "number-two", "name": None, "status": "odd", "enabled": False},
]


class Desk:
    """An output, and what it wrote."""

    def __init__(self, form: Format = Format.TABLE, colour: bool = False, columns: int | None = None) -> None:
        self.out, self.err = Screen(), Screen()
        clock = Clock(datetime(2026, 3, 2, tzinfo=UTC), UTC, hints=False)
        self.output = Output((self.out, self.err), clock, form, colour, columns)


def test_a_table_is_aligned() -> None:
    desk = Desk()
    desk.output.records(ROWS, COLUMNS, "Nothing.")
    assert desk.out.getvalue().splitlines() == [
        "ID           NAME        STATUS      ENABLED",
        "one          The first   completed   yes",
        "number-two   -           odd         no",
    ]


def test_colour_does_not_move_columns() -> None:
    desk = Desk(colour=True)
    desk.output.records(ROWS, COLUMNS, "Nothing.")
    plain = Desk()
    plain.output.records(ROWS, COLUMNS, "Nothing.")
    coloured = desk.out.getvalue()
    assert "\x1b[32mcompleted\x1b[0m" in coloured
    for code in ("\x1b[32m", "\x1b[1m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == plain.out.getvalue()


def test_a_narrow_screen_shortens_what_may_give_way() -> None:
    desk = Desk(columns=44)
    desk.output.records([{**ROWS[0], "name": "A name that is much too long"}], COLUMNS, "Nothing.")
    lines = desk.out.getvalue().splitlines()
    assert all(len(line) <= 44 for line in lines)
    assert "A name that is …" in lines[1]


def test_a_pipe_gets_whole_cells() -> None:
    desk = Desk()
    desk.output.records([{**ROWS[0], "name": "n" * 300}], COLUMNS, "Nothing.")
    assert "n" * 300 in desk.out.getvalue()


def test_nothing_to_list_is_a_note_for_people_and_an_empty_list_for_programs() -> None:
    desk, program = Desk(), Desk(Format.JSON)
    desk.output.records([], COLUMNS, "No things yet.")
    program.output.records([], COLUMNS, "No things yet.")
    assert (desk.out.getvalue(), desk.err.getvalue()) == ("", "No things yet.\n")
    assert (program.out.getvalue(), program.err.getvalue()) == ("[]\n", "")


def test_json_is_the_answer_as_it_came() -> None:
    document = {"b": 1, "a": ["ü", "\x1b[31m\x9b"], "next_run_at": "2026-03-02T09:00:00Z", "none": None}
    desk = Desk(Format.JSON)
    desk.output.record(document, lambda *_: [("never", "shown")], "Created")
    assert json.loads(desk.out.getvalue()) == document
    assert list(json.loads(desk.out.getvalue())) == list(document)
    assert "\x1b" not in desk.out.getvalue()
    assert "\x9b" not in desk.out.getvalue()


def test_a_sheet_leaves_out_what_is_not_there() -> None:
    desk = Desk()
    desk.output.record({}, lambda *_: [("ID", "x"), ("Gone", None), ("Text", "one\ntwo"), ("None", [])])
    assert desk.out.getvalue().splitlines() == ["ID     x", "Text   one", "       two"]


def test_a_cell_cannot_break_a_row() -> None:
    desk = Desk()
    desk.output.records([{"id": "x", "name": "a\nb\x1b[2J"}], COLUMNS, "Nothing.")
    assert desk.out.getvalue().splitlines()[1].startswith("x    a b")


@pytest.mark.parametrize(("terminal", "shown"), [(True, "red\n"), (False, "\x1b[31mred\x1b[0m\n")])
def test_log_lines_are_exact_in_a_pipe_and_clean_on_a_terminal(terminal: bool, shown: str) -> None:
    desk = Desk()
    desk.out.terminal = terminal
    desk.output.log("\x1b[31mred\x1b[0m", error=False)
    assert desk.out.getvalue() == shown
