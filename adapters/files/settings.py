"""
What the keeper of files is told by the configuration, in the units it works with.
"""

from pathlib import Path

import msgspec

from projections.envelope import Nanos


class FileSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    How files are kept.

    Attributes:
        primary_root: root directory of the primary source.
        makes_primary_root: whether it is made when missing: it is ours, in the data directory.
        allowed_roots: directories under which other sources may lie.
        data: directory of what the daemon itself remembers, its secrets included: never a source.
        thumbnails: directory of the cached pictures.
        temporary: directory for what is needed only while clips are joined.
        file_mode: permissions of stored files.
    """

    primary_root: Path
    makes_primary_root: bool
    allowed_roots: tuple[Path, ...]
    data: Path
    thumbnails: Path
    temporary: Path
    file_mode: int
    free_bytes_min: int
    is_watching: bool
    sweep_every_s: float
    stable_ns: Nanos
    upload_expires_ns: Nanos
    thumbnail_width: int
    thumbnail_seek_s: float
    tool_timeout_s: float
    compose_timeout_s: float
    tools_max: int
    trash_keep_ns: Nanos
