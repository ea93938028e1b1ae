"""Fixtures of the system tests: the whole stack as processes, and its API."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.stack import Api, Stack, running_stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for the tests of a module; a test that kills something leaves it running again."""
    with running_stack(tmp_path_factory.mktemp("stack"), LAMPLIGHTER_SLOTS="32") as stack:
        yield stack


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[Api]:
    async with stack.http() as client:
        yield Api(client)
