"""What a run may use: whatever is reached ends it, with what was done until then."""

from pathlib import Path
from typing import Any

import pytest

from lamplighter_dispatcher.outcomes import Unsuccessful
from tests.service.dispatcher.llm.bench import bench
from tests.support.scripted.models import Script, Turn

BUSY: Script = lambda request: Turn(  # noqa: E731
    f"Turn {request.turns}. ", (("files_list", {"path": f"f{request.turns}"}),), usage=(100, 20)
)


@pytest.mark.parametrize(
    ("limit", "requests", "calls"),
    [({"most_tokens": 300}, 3, 2), ({"most_requests": 2}, 3, 2), ({"most_tool_calls": 2}, 3, 3)],
)
async def test_a_limit_ends_it(limit: dict[str, Any], requests: int, calls: int, tmp_path: Path) -> None:
    with bench(BUSY, tmp_path, **limit) as b:
        ended = await b.run(b.work(tools={"files": {}}))
    assert isinstance(ended, Unsuccessful)
    assert ended.reason == f"limit: {next(iter(limit)).removeprefix('most_')}"
    assert ended.result.startswith("Turn 0. \nTurn 1.")
    assert (len(b.model.requests), len(b.session.calls)) == (requests, calls)
    assert b.left() == []
