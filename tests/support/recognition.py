"""What names of files tell, found out in this process: for tables of names."""

from collections.abc import Iterable
from functools import cache

from adapters.organizer.sighting import sighted
from projections.filing_names import Recognized, recognized_from, recognized_plainly


class InProcess:
    """Reads names without a process of its own, which takes as long to start as a test."""

    async def recognized(self, names: Iterable[str]) -> dict[str, Recognized | None]:
        """What they tell."""
        return {name: recognized(name) for name in names}


@cache
def recognized(name: str) -> Recognized | None:
    """Which episode a name tells, as an organizer would find out; None if it tells none."""
    found = recognized_plainly(name)
    if found is None and (seen := sighted(name)) is not None:
        found = recognized_from(name, seen)
    return found
