"""
Telling which episode a file is, by its name.

Names of the plain form are read by the core. For others `guessit` is asked where the number of the
episode stands; it knows more forms than anybody could list. It is imported when it is first needed,
and it takes milliseconds a name: call this in a thread. What it only guesses is not believed.
"""

from typing import TYPE_CHECKING, Any

from projections.filing_names import (
    Recognized,
    Sighting,
    recognized_from,
    recognized_plainly,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rebulk.match import Match

REMEMBERED_MAX = 20_000
"""Names whose meaning is kept: what lies in a directory is asked about at every look."""

NUMBERS = ("season", "episode")
OF_THE_SHOW = frozenset({"title", "country", "year"})
BEFORE_THE_SHOW = frozenset({"release_group", "website", "crc32", "date"})


class Recognizer:
    """Reads names, and remembers what it read. Only one thread may use it at a time."""

    def __init__(self) -> None:
        self._remembered: dict[str, Recognized | None] = {}

    def recognized(self, name: str) -> Recognized | None:
        """What a file's name tells; None if that is no episode."""
        if name in self._remembered:
            return self._remembered[name]
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.clear()
        found = self._remembered[name] = recognized(name)
        return found


def recognized(name: str) -> Recognized | None:
    """What a file's name tells; None if that is no episode."""
    found = recognized_plainly(name)
    if found is None and (seen := sighted(name)) is not None:
        found = recognized_from(name, seen)
    return found


def sighted(name: str) -> Sighting | None:
    """Where guessit sees the number of an episode, if it is sure of it."""
    from guessit import guessit  # noqa: PLC0415 - it takes a third of a second, and 11 MiB
    from guessit.api import GuessitException  # noqa: PLC0415 - the same

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
