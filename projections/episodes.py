"""
Which episode a file is, by its name: `The_Show_S02E03_Title.mkv` is the third of the second season
of `the show`.

Only what a name says plainly counts; whatever needs guessing is left to others.
"""

import re
import unicodedata
from functools import lru_cache

import msgspec

REMEMBERED_MAX = 16_384
"""A folder of thousands of files is put in order again whenever one of them comes or goes."""

_MARKER = re.compile(r"(?i)(?<![a-z0-9])s(\d{1,3})[ ._-]?e(?:p[ ._-]?)?(\d{1,4})(?!\d)")
"""Season and episode; of several episodes (`S01E03-E04`, `S01E03E04`, `S01E03-04`) the first."""

_CROSS = re.compile(r"(?i)(?<![a-z0-9])(\d{1,2})x(?!26[3-6](?!\d))(\d{2,3})(?![0-9a-wyz])")
"""`1x05`, but not 1920x1080, nor the sound and the codec of `5.1x264`."""

_SEPARATORS = re.compile(r"[\s._-]+")


class EpisodeMark(msgspec.Struct, frozen=True, gc=False):
    """
    The place of an episode. Names that spell their show alike (case, dots, underscores, dashes and
    spaces apart) have the same `show`; it is empty where the name begins with the marker.
    """

    show: str
    season: int
    episode: int


@lru_cache(maxsize=REMEMBERED_MAX)
def episode_of(name: str) -> EpisodeMark | None:
    """The episode that a file name without folders tells of; None if it tells of none."""
    found = _MARKER.search(name)
    if found:
        return EpisodeMark(_show(name[: found.start()]), int(found[1]), int(found[2]))
    found = _CROSS.search(name)
    show = _show(name[: found.start()]) if found else ""
    if not found or not show:  # "10x10.mkv" is a film
        return None
    return EpisodeMark(show, int(found[1]), int(found[2]))


def _show(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return _SEPARATORS.sub(" ", composed).strip(" ([").casefold()
