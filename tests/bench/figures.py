"""
What a measurement says: a ratio against a named baseline of the same run, or a bare amount.

Machines are shared and noisy. So baseline and ours are measured in turn, round after round, and the
medians are compared; no figure here is worth anything next to one of another run.
"""

from collections.abc import Callable, Iterable
from statistics import median

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """
    One line of the report. `ratio` is ours to the baseline in the sense `aim` is written in; None
    where there is no baseline.
    """

    name: str
    ours: str
    baseline: str = ""
    ratio: float | None = None
    aim: str = ""
    note: str = ""


class Sides(msgspec.Struct, frozen=True):
    """The median of all rounds: what the baseline took or did, and what ours did."""

    baseline: float
    ours: float

    @property
    def ratio(self) -> float:
        """Ours in units of the baseline."""
        return self.ours / self.baseline


def in_turn(rounds: int, baseline: Callable[[], float], ours: Callable[[], float]) -> Sides:
    """Baseline, ours, baseline, ours, ...: what disturbs the machine disturbs both."""
    assert rounds >= 1
    pairs = [(baseline(), ours()) for _ in range(rounds)]
    return Sides(median(pair[0] for pair in pairs), median(pair[1] for pair in pairs))


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| what | ours | baseline | ratio | aim | |", "|---|---|---|---|---|---|"]
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        cells = (figure.name, figure.ours, figure.baseline, ratio, figure.aim, figure.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
