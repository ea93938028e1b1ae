"""An approval is for one exact action, once; and what a parked execution remembers comes back whole."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.events import Firing, TriggerKind
from lamplighter_contracts.executions import Approval, ApprovalState
from lamplighter_dispatcher.approvals import ApprovalBook, Asked, answered, refusal, start_action, tool_action
from lamplighter_dispatcher.parking import MOST_BYTES, TooLarge, pack, unpack
from tests.support.happenings import due

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ASKED = Asked("hash", "shell rm -rf build", "the agent asks first", "shell", '{"argv": ["rm"]}', "cleaner")


def approved(
    book: ApprovalBook, approval: Approval, state: ApprovalState = ApprovalState.APPROVED
) -> ApprovalBook:
    return ApprovalBook("e", answered(book.all, approval.approval_id, state, "Ann", "go", NOW))


@pytest.mark.parametrize(
    "other",
    [
        ("e2", "a", "shell", {"argv": ["ls"]}),
        ("e", "b", "shell", {"argv": ["ls"]}),
        ("e", "a", "http", {"argv": ["ls"]}),
        ("e", "a", "shell", {"argv": ["ls", "-l"]}),
        ("e", "a", "shell", {"argv": ["ls"], "cwd": "/"}),
    ],
)
def test_whatever_differs_is_another_action(other: tuple[str, str, str, dict[str, object]]) -> None:
    assert tool_action("e", "a", "shell", {"argv": ["ls"]}) != tool_action(*other)  # type: ignore[arg-type]


def test_the_same_action_in_another_order_of_its_fields_is_the_same() -> None:
    assert tool_action("e", "a", "t", {"x": 1, "y": 2}) == tool_action("e", "a", "t", {"y": 2, "x": 1})


def started_by(payload: object = None, digest: str = "") -> Firing:
    body = BodyReference(name=f"b.{digest}", size=300_000, sha256=digest) if digest else None
    return Firing(kind=TriggerKind.WEBHOOK, key="k", nominal_at=NOW, payload=payload, body=body)


def test_a_start_is_bound_to_job_prompt_executor_place_and_payload() -> None:
    base = ("j", 3, "Do it", {"kind": "agent", "agent_id": "a"}, "prod", started_by())
    others = [
        ("k", *base[1:]),
        ("j", 4, *base[2:]),
        ("j", 3, "Do that", *base[3:]),
        (*base[:4], "test", started_by()),
        *(
            (*base[:5], firing)
            for firing in (started_by({"x": 1}), started_by(None, "aa"), started_by(None, "bb"))
        ),
    ]
    hashes = {start_action(*arguments) for arguments in [base, *others]}  # type: ignore[arg-type]
    assert len(hashes) == 8


def test_an_answer_is_used_once() -> None:
    book = ApprovalBook("e")
    approval = book.ask(ASKED, NOW, LATER)
    assert book.use("hash") is None
    book = approved(book, approval)
    assert book.use("another hash") is None
    used = book.use("hash")
    assert used is not None
    assert used.state is ApprovalState.APPROVED
    assert book.use("hash") is None
    assert [one.used for one in book.all] == [True]


def test_what_is_asked_twice_before_it_is_answered_is_one_approval() -> None:
    book = ApprovalBook("e")
    assert book.ask(ASKED, NOW, LATER) == book.ask(ASKED, NOW, LATER)
    assert [one.approval_id for one in book.all] == ["e-1"]


def test_a_refusal_says_by_whom() -> None:
    book = ApprovalBook("e")
    approval = book.ask(ASKED, NOW, LATER)
    (denied,) = approved(book, approval, ApprovalState.DENIED).all
    assert refusal(denied) == "Ann denied it: go"
    assert "nobody approved it until 2026-07-01 01:00:00" in refusal(
        denied.model_copy(update={"state": ApprovalState.EXPIRED})
    )


STATES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(STATES, st.randoms())
def test_a_state_comes_back_from_its_pieces_in_any_order(state: object, chance: object) -> None:
    pieces = pack(due(), 1, {"runner": state})  # type: ignore[dict-item]
    chance.shuffle(pieces)  # type: ignore[attr-defined]
    assert unpack(pieces) == {"runner": state}


def test_a_large_state_is_cut_into_pieces_that_fit_messages() -> None:
    import random

    text = random.Random(1).randbytes(600_000).hex()
    pieces = pack(due(), 2, {"text": text})
    assert len(pieces) > 3
    assert all(len(piece.model_dump_json()) < 300_000 for piece in pieces[1:])
    assert unpack(pieces) == {"text": text}
    with pytest.raises(ValueError, match="not all there"):
        unpack(pieces[:-1])
    with pytest.raises(TooLarge):
        pack(due(), 2, random.Random(2).randbytes(MOST_BYTES).hex())
