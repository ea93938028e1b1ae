"""Choosing by likeness of meaning: the extra is installed where the tests run."""

import importlib.util
import subprocess
import sys
from threading import Thread

import pytest

from lamplighter_choosing import BM25, Contender, Wish, choose, meaning
from lamplighter_choosing.meaning import Meaning
from lamplighter_choosing.wordpieces import MOST_PIECES, WordPieces
from tests.unit.choosing.given import BACKUPS, TEAM, agent

pytestmark = pytest.mark.skipif(not meaning.is_installed(), reason="the extra is not installed")


@pytest.fixture(scope="module")
def scorer() -> Meaning:
    return meaning.scorer()


def test_it_finds_whom_no_word_points_to(scorer: Meaning) -> None:
    wish = Wish("The relational data store should be dumped to a safe place each night")
    found = [Contender(one) for one in TEAM]

    assert choose(wish, found, BM25()).chosen == ""
    choice = choose(wish, found, scorer)
    assert (choice.chosen, choice.method, choice.confident) == ("db-admin", "meaning", True)
    assert "is the nearest to the prompt in meaning" in choice.reason


def test_nonsense_is_nobodys(scorer: Meaning) -> None:
    choice = choose(Wish("qwx zzkl vvrt"), [Contender(one) for one in TEAM], scorer)

    assert choice.chosen == ""
    assert "no agent fits the prompt well" in choice.reason


def test_the_order_of_agents_never_matters(scorer: Meaning) -> None:
    found = [Contender(one) for one in TEAM]

    assert choose(Wish("dumps"), found, scorer) == choose(Wish("dumps"), found[::-1], scorer)


def test_an_agent_is_read_again_when_it_has_changed(scorer: Meaning) -> None:
    before = scorer.fits("paint a portrait", [BACKUPS])["db-admin"].text
    painter = agent("db-admin", "Paints portraits.", revision=BACKUPS.revision + 1)

    assert scorer.fits("paint a portrait", [painter])["db-admin"].text > before + 0.2
    assert scorer.fits("paint a portrait", [BACKUPS])["db-admin"].text == before


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meaning, "KEPT_VECTORS", 10)
    small = meaning.scorer()

    small.fits("anything", [agent(f"a-{n}", f"Number {n}.") for n in range(20)])

    assert sum(len(vectors) for vectors in small._known.values()) <= 10


def test_several_threads_may_ask_at_once(scorer: Meaning) -> None:
    alone = scorer.fits("nightly dumps", TEAM)
    found: list[object] = []
    threads = [Thread(target=lambda: found.append(scorer.fits("nightly dumps", TEAM))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert found == [alone] * 4


def test_its_libraries_are_imported_when_it_is_first_needed() -> None:
    look = "import lamplighter_choosing.meaning, sys; print('onnxruntime' in sys.modules, 'numpy' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout == "False False\n"


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meaning, "find_spec", lambda _: None)

    with pytest.raises(LookupError, match=r"pip install 'lamplighter-choosing\[meaning\]'"):
        meaning.scorer()
    assert importlib.util.find_spec("lamplighter_choosing.meaning") is not None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        # As the reference of BERT's uncased tokenizer has them.
        ("", [101, 102]),
        ("Café déjà-vu", [101, 7668, 2139, 3900, 1011, 24728, 102]),
        ("what's new in v2.3?", [101, 2054, 1005, 1055, 2047, 1999, 1058, 2475, 1012, 1017, 1029, 102]),
        ("中文 tokenization", [101, 1746, 1861, 19204, 3989, 102]),
        ("zero\u200dwidth", [101, 5717, 9148, 11927, 2232, 102]),
        ("\u2713", [101, 100, 102]),
    ],
)
def test_texts_are_read_as_the_model_was_taught(text: str, numbers: list[int]) -> None:
    assert WordPieces().read(text) == numbers


def test_a_long_text_is_read_to_what_fits() -> None:
    read = WordPieces().read("word " * 1_000)

    assert len(read) == MOST_PIECES
    assert (read[0], read[-1]) == (101, 102)


def test_an_endless_word_is_unknown() -> None:
    assert WordPieces().read("a" * 10_000) == [101, 100, 102]
