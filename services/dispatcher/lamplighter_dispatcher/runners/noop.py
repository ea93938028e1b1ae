"""Does nothing and succeeds: to rehearse a schedule or a webhook without an effect."""

from lamplighter_contracts import agents
from lamplighter_dispatcher.outcomes import Ended, Exited
from lamplighter_dispatcher.runners.contract import Output, Work
from lamplighter_dispatcher.stops import Stop

_DONE = Exited(0)


class NoopRunner:
    async def run(self, specification: agents.NoopRunner, work: Work, output: Output, stop: Stop) -> Ended:
        return _DONE
