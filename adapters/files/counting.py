"""
Telling the metrics what was done.
"""

from collections.abc import Mapping
from typing import Protocol


class Count(Protocol):
    """Adds to a counter of the catalogue of metrics."""

    def __call__(self, name: str, amount: int, labels: Mapping[str, str] | None = None) -> None:
        """So much more."""


def ignore(name: str, amount: int, labels: Mapping[str, str] | None = None) -> None:
    """Nobody counts."""
