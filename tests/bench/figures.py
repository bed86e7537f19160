"""
What a measurement says: a ratio against a named baseline of the same run, or a bare amount.

Machines are shared and noisy. So baseline and ours are measured in turn, round after round. Each
round gives a ratio, of which the median counts; no figure here is worth anything next to one of
another run.
"""

from collections.abc import Callable, Iterable, Sequence
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
    """
    The median of all rounds: what the baseline took or did, what ours did, and the ratio. What
    slows a machine for a minute slows both sides of a round, so their ratio says more than that of
    the medians.
    """

    baseline: float
    ours: float
    ratio: float


def sides_of(rounds: Sequence[tuple[float, float]]) -> Sides:
    """From the baseline and ours of each round."""
    return Sides(
        median(baseline for baseline, _ in rounds),
        median(ours for _, ours in rounds),
        median(ours / baseline for baseline, ours in rounds),
    )


def in_turn(rounds: int, baseline: Callable[[], float], ours: Callable[[], float]) -> Sides:
    """Baseline, ours, baseline, ours, ...: what disturbs the machine disturbs both."""
    assert rounds >= 1
    return sides_of([(baseline(), ours()) for _ in range(rounds)])


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| what | ours | baseline | ratio | aim | |", "|---|---|---|---|---|---|"]
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        cells = (figure.name, figure.ours, figure.baseline, ratio, figure.aim, figure.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
