"""
Where in a name guessit sees the number of an episode. Run as a program, it answers for many names:
`python -m adapters.organizer.sighting`, a JSON list of names in, one of sightings out.

guessit knows more forms of names than anybody could list. It is also large, slow, and can be kept
busy for minutes by a name made for that; so it has a process of its own, which may be ended.
"""

import os
import resource
import sys
from typing import TYPE_CHECKING, Any

import msgspec
from guessit import guessit
from guessit.api import GuessitException

from projections.filing_names import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rebulk.match import Match

NICENESS = 10

MEMORY_BYTES_MAX = 1 << 30
"""It needs a twentieth of that, but for names made to need more."""

NUMBERS = ("season", "episode")
OF_THE_SHOW = frozenset({"title", "country", "year"})
BEFORE_THE_SHOW = frozenset({"release_group", "website", "crc32", "date"})


def sighted(name: str) -> Sighting | None:
    """Where the number of an episode stands in a name, if guessit does not only guess that."""
    try:
        told = guessit(name, {"advanced": True})
    except GuessitException:  # its own defect: a name that no rule of it withstands
        return None
    seasons, episodes = (list(_matches(told, kind)) for kind in NUMBERS)
    numbers = [*seasons, *episodes]
    if not seasons or not episodes or any("weak-episode" in each.tags for each in numbers):
        return None
    if len({each.value for each in seasons}) != 1:
        return None
    begin = min(each.initiator.start for each in numbers)
    where = _place_of_show(told, begin)
    if where is None:
        return None
    return Sighting(
        season=seasons[0].value,
        episodes=tuple(each.value for each in episodes),
        show_begin=where[0],
        show_end=where[1],
        begin=begin,
        end=max(each.initiator.end for each in numbers),
    )


def _matches(told: Any, kind: str) -> "Iterator[Match]":
    """What guessit calls by one name: nothing, one, or a list."""
    found = told.get(kind, [])
    yield from found if isinstance(found, list) else [found]


def _place_of_show(told: Any, begin: int) -> tuple[int, int] | None:
    """Where the show stands before its number, without the group or address in front of it."""
    before = [
        (match.start, match.end, kind)
        for kind in told
        for match in _matches(told, kind)
        if match.end <= begin
    ]
    of_show = [(start, end) for start, end, kind in before if kind in OF_THE_SHOW]
    if not of_show:
        return None
    others = [end for _, end, kind in before if kind in BEFORE_THE_SHOW]
    first = min(start for start, _ in of_show)
    show_begin = first if any(end <= first for end in others) else 0
    return show_begin, max(end for _, end in of_show)


def main() -> None:
    """Answers for the names on standard input."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    names = msgspec.json.decode(sys.stdin.buffer.read(), type=list[str])
    sys.stdout.buffer.write(msgspec.json.encode([sighted(name) for name in names]))


if __name__ == "__main__":
    main()
