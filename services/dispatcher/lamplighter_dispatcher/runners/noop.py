"""Does nothing and succeeds: to rehearse a schedule or a webhook without an effect."""

from lamplighter_contracts import runners
from lamplighter_dispatcher.outcomes import Completed, Ended
from lamplighter_dispatcher.runners.contract import Outfit, Session, Work
from lamplighter_dispatcher.stops import Stop

_DONE = Completed()


class NoopRunner:
    def __init__(self, outfit: Outfit) -> None:
        pass

    async def run(self, specification: runners.NoopRunner, work: Work, session: Session, stop: Stop) -> Ended:
        return _DONE
