"""
Where a file lies that was opened under one name and may have another by now.
"""

import os
from collections.abc import Mapping

import anyio.to_thread

from adapters.mpv.identifying import Playable
from projections.window import WindowFile


async def place_of(playable: Playable, files: Mapping[str, WindowFile]) -> str:
    """The path at which one of a folder's files is now; the one it was opened under, if none is."""
    named = files.get(playable.file)
    if not playable.inode or (named is not None and named.inode == playable.inode):
        return playable.file
    alike = [path for path, file in files.items() if file.inode == playable.inode]
    for path in alike:
        if await anyio.to_thread.run_sync(_is, path, playable.device, playable.inode):
            return path
    return playable.file


def _is(path: str, device: int, inode: int) -> bool:
    """Inodes are numbered by each disk for itself."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (device, inode)
