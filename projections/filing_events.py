"""
What organizers do, as events: files filed, left, put back.

Paths are relative to the organizer's directory, whose absolute path is `folder`.
"""

import msgspec

from projections.envelope import Nanos
from projections.events import Event
from projections.filing_survey import Mark, Why


class FileFiled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    An episode was moved from `path` to `new_path`, with the files of its name (`companions`). When
    it is shown is data: `season` and `episodes`, or `day`. What tells the file again is what it was
    at its new place. `beside`: the name it should have had was taken. `made_folder`: the show has a
    folder because of this filing or one before. `emptied_mode`: permissions of the folder it lay
    in, which was removed.
    """

    id: str
    organizer: str
    folder: str
    path: str
    new_path: str
    companions: dict[str, str] = {}
    show: str
    season: int | None = None
    episodes: tuple[int, ...] = ()
    day: str = ""
    title: str = ""
    size_bytes: int
    mtime_ns: Nanos
    inode: int
    beside: bool = False
    made_folder: bool = False
    emptied_mode: int | None = None


class LeftFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Why a file was left, and as what it was seen; `other` is what is in its way."""

    why: Why
    mark: Mark
    other: str = ""


class FilesLeft(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Files are not filed, by path. Told once of each file as long as it stays as it is."""

    organizer: str
    folder: str
    files: dict[str, LeftFile]


class FileUnfiled(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    The filing `id` was undone: the file is back at `path`. `companions` says where those are that
    came back too. As long as it stays as it is, it is not filed again.
    """

    id: str
    organizer: str
    folder: str
    path: str
    companions: dict[str, str] = {}
    mark: Mark
