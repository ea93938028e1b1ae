"""When the model refuses, is away, breaks off, or makes no sense: the reason, and how often it was asked."""

import time
from pathlib import Path

import pytest

from lamplighter_dispatcher.llm import asking
from lamplighter_dispatcher.outcomes import Completed, Ended, Unsuccessful
from tests.service.dispatcher.llm.bench import KEY, Provider, bench
from tests.support.scripted.models import Script, Turn, in_turn, one_by_one

PROVIDERS = pytest.mark.parametrize("provider", ["openai", "anthropic"])
SAY = ("files_read", {"path": "x"})


def failed(ended: Ended) -> Unsuccessful:
    assert isinstance(ended, Unsuccessful), ended
    return ended


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PAUSES", (0.01, 0.01))


@PROVIDERS
@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_is_told_in_the_provider_s_words_and_without_the_key(
    provider: Provider, status: int, tmp_path: Path
) -> None:
    with bench(
        in_turn(Turn(status=status, error=f"The key {KEY} is not known here")), tmp_path, provider
    ) as b:
        ended = failed(await b.run(b.work()))
    assert ended.reason == "refused"
    assert f"status {status}" in ended.detail
    assert "is not known here" in ended.detail
    assert KEY not in ended.detail + str(b.session.steps)
    assert len(b.model.requests) == 1
    assert b.session.steps[0].failed


@PROVIDERS
@pytest.mark.parametrize("status", [429, 500, 503, 529])
async def test_a_model_that_is_not_available_is_asked_three_times(
    provider: Provider, status: int, tmp_path: Path, impatient: None
) -> None:
    with bench(in_turn(Turn(status=status, error="too busy")), tmp_path, provider) as b:
        ended = failed(await b.run(b.work()))
    assert (ended.reason, len(b.model.requests)) == ("unavailable", 3)
    assert "too busy" in ended.detail
    assert b.session.spent.requests == 3


@PROVIDERS
async def test_a_retry_after_is_kept_to(provider: Provider, tmp_path: Path, impatient: None) -> None:
    script = one_by_one(Turn(status=429, headers={"retry-after": "1"}), Turn("Here I am."))
    with bench(script, tmp_path, provider) as b:
        begun = time.monotonic()
        assert await b.run(b.work()) == Completed("Here I am.")
    assert time.monotonic() - begun >= 1


@PROVIDERS
async def test_a_long_retry_after_is_not_waited_for_but_told(provider: Provider, tmp_path: Path) -> None:
    with bench(in_turn(Turn(status=429, headers={"retry-after": "45"})), tmp_path, provider) as b:
        ended = failed(await b.run(b.work()))
    assert (ended.reason, ended.retry_after_seconds, len(b.model.requests)) == ("unavailable", 45, 1)


@PROVIDERS
async def test_an_answer_that_breaks_off_is_unavailable_and_counted(
    provider: Provider, tmp_path: Path
) -> None:
    with bench(in_turn(Turn("word " * 60, cut=12, usage=(100, 200))), tmp_path, provider) as b:
        ended = failed(await b.run(b.work()))
    assert ended.reason == "unavailable"
    assert "broke off" in ended.detail
    assert ended.result.startswith("word word")
    assert len(b.model.requests) == 1, "what it said is not said twice"
    assert b.session.spent.input_tokens > 0
    assert b.session.spent.output_tokens > 10


async def test_nobody_there(tmp_path: Path, impatient: None) -> None:
    with bench(in_turn(Turn("")), tmp_path) as b:
        ended = failed(await b.run(b.work(settings={"base_url": "http://127.0.0.1:9/v1"})))
    assert ended.reason == "unavailable"
    assert "cannot be reached" in ended.detail


async def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    with bench(in_turn(Turn("")), tmp_path) as b:
        ended = failed(await b.run(b.work(secrets={})))
    assert (ended.reason, b.model.requests) == ("refused", [])
    assert "'MODEL_KEY'" in ended.detail


@PROVIDERS
async def test_arguments_without_sense_are_told_three_times(provider: Provider, tmp_path: Path) -> None:
    nonsense = Turn(calls=(("files_read", '{"path": 7'),))
    with bench(in_turn(nonsense), tmp_path, provider) as b:
        ended = failed(await b.run(b.work(tools={"files": {}})))
    assert ended.reason == "agent_error"
    assert len(b.model.requests) == 4
    assert "makes no sense" in b.model.requests[3].results[-1]
    assert b.session.calls == []


async def test_sense_in_between_lets_it_go_on(tmp_path: Path) -> None:
    nonsense, sense = Turn(calls=(("files_rede", {}),)), Turn(calls=(SAY,))
    with bench(in_turn(nonsense, nonsense, sense, nonsense, nonsense, Turn("Now I know.")), tmp_path) as b:
        assert await b.run(b.work(tools={"files": {}})) == Completed("Now I know.")
    assert "there is no tool 'files_rede'; there are files_read, files_list" in b.model.requests[1].results[0]


async def test_the_same_call_five_times_is_a_loop(tmp_path: Path) -> None:
    with bench(in_turn(Turn("Again. ", (SAY,))), tmp_path) as b:
        ended = failed(await b.run(b.work(tools={"files": {}})))
    assert ended.reason == "tool_loop"
    assert len(b.session.calls) == 4, "the fifth is not made"
    assert ended.result.startswith("Again.")


async def test_other_calls_in_between_are_no_loop(tmp_path: Path) -> None:
    script: Script = lambda request: (  # noqa: E731
        Turn("Enough.")
        if request.turns > 8
        else Turn(calls=(("files_read", {"path": f"x{request.turns % 2}"}),))
    )
    with bench(script, tmp_path) as b:
        assert await b.run(b.work(tools={"files": {}})) == Completed("Enough.")
