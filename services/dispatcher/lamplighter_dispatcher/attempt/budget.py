"""What an execution may use, and what it has used. Pure: whoever spends learns at once that it was too much."""

from lamplighter_contracts.agents import RunLimits
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.runners.contract import LimitReached


class Budget:
    """Of one agent, within that of its team or its execution, if there is one."""

    def __init__(
        self, limits: RunLimits, whose: str, within: "Budget | None" = None, used: Usage | None = None
    ):
        self.limits = limits
        self.used = used or Usage()
        self._whose = whose
        self._within = within

    def spend(self, usage: Usage) -> None:
        """Raises `LimitReached` where a limit is passed, here or further out. It is counted in any case."""
        self._count(usage)
        self._check()

    def call(self) -> None:
        """A tool is about to be called. Raises `LimitReached` where it is one call too many: then it is not counted."""
        self._check_call()
        self._count(Usage(tool_calls=1))

    def _count(self, usage: Usage) -> None:
        self.used = self.used.plus(usage)
        if self._within is not None:
            self._within._count(usage)  # noqa: SLF001 - of the same class

    def _check(self) -> None:
        for name, used, most in (
            ("tokens", self.used.tokens, self.limits.tokens),
            ("cost", self.used.cost, self.limits.cost),
            ("requests", self.used.requests, self.limits.requests),
            ("tool_calls", self.used.tool_calls, self.limits.tool_calls),
        ):
            if most is not None and used > most:
                may, has = _words(name, most), _words(name, used)
                raise LimitReached(name, f"{self._whose} may use {may}, and has used {has}.")
        if self._within is not None:
            self._within._check()  # noqa: SLF001

    def _check_call(self) -> None:
        most = self.limits.tool_calls
        if most is not None and self.used.tool_calls >= most:
            raise LimitReached(
                "tool_calls", f"{self._whose} may call tools {most:,} times, and asked for one more."
            )
        if self._within is not None:
            self._within._check_call()  # noqa: SLF001


def _words(name: str, number: float) -> str:
    match name:
        case "cost":
            return f"US$ {number:,.4g}"
        case "requests":
            return f"{number:,} requests to the model"
        case "tool_calls":
            return f"{number:,} calls of tools"
        case _:
            return f"{number:,} {name}"
