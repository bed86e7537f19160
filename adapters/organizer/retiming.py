"""
Giving the episodes of a show new times of writing, in their order, as perpetual does. Players that
sort by time then play them in order; so does every other program that looks at times.
"""

import os

from adapters.disk.kernel import DIRECTORY, held, open_beneath
from adapters.disk.opening import open_regular
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.filing_names import recognized_plainly, split_name

EPISODES_MIN = 2
"""A single one has nothing to be in order with."""


def retime(top: int, folder: str, extensions: frozenset[str], *, now: Nanos) -> int:
    """
    Sets the times of the episodes in a folder, one second apart, the last a second ago; how many.

    Raises:
        OSError: the folder cannot be read, or a file's times cannot be set.
    """
    with held(open_beneath(top, folder, DIRECTORY)) as descriptor:
        episodes = sorted(_episodes(descriptor, extensions))
        if len(episodes) < EPISODES_MIN:
            return 0
        for place, (*_, name) in enumerate(episodes):
            moment = now - (len(episodes) - place) * NANOS_PER_SECOND
            with open_regular(descriptor, name) as file:
                os.utime(file.fd, ns=(moment, moment))
    return len(episodes)


def _episodes(
    descriptor: int, extensions: frozenset[str]
) -> "list[tuple[int, tuple[int, ...], str, str]]":
    found = []
    with os.scandir(descriptor) as entries:
        for entry in entries:
            is_video = split_name(entry.name)[1] in extensions
            if not is_video or not entry.is_file(follow_symlinks=False):
                continue
            seen = recognized_plainly(entry.name)
            if seen is not None:
                found.append((seen.season or 0, seen.episodes, seen.day, entry.name))
    return found
