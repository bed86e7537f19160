"""
From the name of an episode's file to that under which it is filed: `Show/Show.S01E02.Title.mkv`.

A name of the plain form, `show.name.s01e02.title.1080p.web-group.mkv`, is read here. For others,
something that knows more forms says where in the name the number stands (`Sighting`); the rules are
the same then, so that all episodes of a show end up in one folder. Films, absolute numbers and what
is only perhaps an episode have no such name.
"""

import re
import unicodedata
from datetime import date
from itertools import pairwise

import msgspec

from projections.filing_words import Words, split_words, title_words, written
from projections.media_names import NAME_BYTES_MAX

EPISODES_MAX = 100
"""More in one file is no file, but a mistake in reading its name."""

LISTED_MAX = 4
"""So many episodes are listed one by one, E01E02E03; longer runs as E01-E24."""

SEASON_MAX = 9_999
"""Some shows count seasons by years."""

SHOW_BYTES_MAX = 200
"""What the name of a show may take, so that number, extension and a bit of the title fit beside."""

BESIDE_MAX = 99
BESIDE_BYTES = len(f" ({BESIDE_MAX})")
"""Room for the number that tells a file from another whose name it would have."""

_MARKER = re.compile(
    r"(?i)[\s._\-\u2010-\u2015]+s(?P<season>\d{1,3})e(?P<first>\d{1,4})"
    r"(?P<more>(?:-?e\d{1,4})+|-\d{2,3})?(?![^\W_])"
)
_DAY = re.compile(r"[\s._\-\u2010-\u2015]+((?:19|20)\d\d)[._-](\d\d)[._-](\d\d)(?!\d)")
_NUMBER = re.compile(r"\d+")
_UNUSUAL = re.compile(r"(?i)^[^\w]|^_|^www[.]|(?<![^\W_])season(?![^\W_])")
"""Beginnings that may hold something else than the name of a show: a group, an address."""

_OTHER_NUMBER = re.compile(r"(?i)(?<![^\W_])(?:s\d{1,4}[\s._-]*e\d|\d{1,2}x\d{2,3}(?!\d))")
_MORE = re.compile(r"(?i)^[\s._-]*(?:e|ep|\+|&)[\s._-]*\d")


class Recognized(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the name of a file tells: an episode of a season, or of a day (`2024.01.15`).

    Attributes:
        show: the part of the name in which the show stands.
        episodes: their numbers, rising; none with a day.
        tail: what follows the number: the title, and what the file's maker added.
        extension: without the dot, in small letters.
    """

    show: str
    season: int | None = None
    episodes: tuple[int, ...] = ()
    day: str = ""
    tail: str = ""
    extension: str = ""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where somebody sees an episode's number in a name, as places between characters: from
    `show_begin` to `show_end` the show, from `begin` to `end` the number.
    """

    season: int
    episodes: tuple[int, ...]
    show_begin: int
    show_end: int
    begin: int
    end: int


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file's new name: that of its folder, and its own without extension, with room left for a
    suffix; besides, show and title as a person reads them.
    """

    folder: str
    stem: str
    show: str
    title: str


def split_name(name: str) -> tuple[str, str]:
    """A name's stem and its extension in small letters, without the dot."""
    stem, dot, extension = name.rpartition(".")
    return (stem, extension.casefold()) if dot and stem else (name, "")


def recognized_plainly(name: str) -> Recognized | None:
    """
    What a name of the plain form tells; None for all others, episode or not: what precedes its
    number is a show and nothing else, and there is no second number.
    """
    stem, extension = split_name(name)
    if (found := _MARKER.search(stem)) is None:
        return _recognized_day(stem, extension)
    show, tail = stem[: found.start()], stem[found.end() :]
    if _is_unusual(show) or _DAY.search(show) or _MORE.search(tail) or _OTHER_NUMBER.search(tail):
        return None
    episodes = _episodes(int(found["first"]), found["more"] or "")
    if not show or not episodes:
        return None
    season = int(found["season"])
    return Recognized(show=show, season=season, episodes=episodes, tail=tail, extension=extension)


def _is_unusual(show: str) -> bool:
    return bool(_UNUSUAL.search(show) or _OTHER_NUMBER.search(show))


def _recognized_day(stem: str, extension: str) -> Recognized | None:
    """Year, month, day, in this order only: others are ambiguous."""
    found = _DAY.search(stem)
    if found is None:
        return None
    show, tail = stem[: found.start()], stem[found.end() :]
    if not show or _is_unusual(show) or _OTHER_NUMBER.search(tail):
        return None
    try:
        day = date(*map(int, found.groups()))
    except ValueError:
        return None
    text = f"{day:%Y.%m.%d}"
    return Recognized(show=show, day=text, tail=tail, extension=extension)


def _episodes(first: int, more: str) -> tuple[int, ...]:
    """The numbers in `E01E02`, `E03-E04` and `E05-06`; none if they do not rise."""
    numbers = (first, *map(int, _NUMBER.findall(more)))
    if any(after <= before for before, after in pairwise(numbers)):
        return ()
    if "-" in more:  # from the first to the last
        numbers = tuple(range(first, numbers[-1] + 1))
    return numbers if len(numbers) <= EPISODES_MAX else ()


def recognized_from(name: str, seen: Sighting) -> Recognized | None:
    """What a name tells in which somebody sees an episode's number; None if there is no show."""
    stem, extension = split_name(name)
    show = stem[seen.show_begin : seen.show_end]
    is_sound = 0 <= seen.season <= SEASON_MAX and 0 < len(seen.episodes) <= EPISODES_MAX
    if not is_sound or not split_words(show):
        return None
    return Recognized(
        show=show,
        season=seen.season,
        episodes=tuple(sorted(set(seen.episodes))),
        tail=stem[seen.end :],
        extension=extension,
    )


def number_text(recognized: Recognized) -> str:
    """
    `S01E02`, `S01E02E03`, `S01E01-E24` or `2024.01.15`; nothing for S00E00, as perpetual does.
    """
    if recognized.season is None:
        return recognized.day
    if (recognized.season, recognized.episodes) == (0, (0,)):
        return ""
    numbers = [f"E{number:02}" for number in recognized.episodes]
    is_run = recognized.episodes[-1] - recognized.episodes[0] == len(numbers) - 1
    if len(numbers) > LISTED_MAX and is_run:
        numbers = [numbers[0], "-", numbers[-1]]
    return f"S{recognized.season:02}{''.join(numbers)}"


def filed_name(recognized: Recognized, known: Words, *, suffix_bytes: int) -> Filed | None:
    """
    The name under which an episode is filed; None if nothing of its show can stand in a name.

    Args:
        recognized: what its present name tells.
        known: the words.
        suffix_bytes: how much room the longest suffix needs, that of a companion included.
    """
    show = written(split_words(recognized.show), known)
    title = written(title_words(recognized.tail, known), known)
    folder = _cut(unicodedata.normalize("NFC", ".".join(show)), SHOW_BYTES_MAX)
    if not folder:
        return None
    whole = ".".join(part for part in (folder, number_text(recognized), *title) if part)
    room = NAME_BYTES_MAX - suffix_bytes - BESIDE_BYTES
    stem = _cut(unicodedata.normalize("NFC", whole), room)
    return Filed(folder=folder, stem=stem, show=" ".join(show), title=" ".join(title))


def _cut(text: str, bytes_max: int) -> str:
    """A text that is short enough: whole characters, with what is put on top of them."""
    if len(text.encode()) <= bytes_max:
        return text
    end = len(text.encode()[:bytes_max].decode(errors="ignore"))
    while end and unicodedata.combining(text[end]):
        end -= 1
    return text[:end].rstrip(".")


def beside(stem: str, number: int) -> str:
    """The stem of a file whose name is taken. No rule makes such a name: it has a space."""
    assert 1 < number <= BESIDE_MAX
    return f"{stem} ({number})"
