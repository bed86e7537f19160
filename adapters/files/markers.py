"""
The marker of a root: a small file that says whose root a directory is.

A disk that is not mounted leaves an empty directory behind, and another disk may be mounted in its
place. Neither bears the marker, so that neither is taken for a library that somebody deleted.
"""

import os

import msgspec

from adapters.disk.atomic import replace_file
from adapters.disk.errors import Unreachable
from adapters.disk.folders import make_folder
from adapters.disk.kernel import DIRECTORY, held, open_beneath

OWN = "_playhead"
"""What we keep in a root beside its projects: uploads on their way, the trash, the marker."""

OWN_FOLDER_MODE = 0o700
"""Nobody else has business with half an upload."""

MARKER = "root.json"
MARKER_BYTES_MAX = 4_096


class Marker(msgspec.Struct, frozen=True):
    """Whose root a directory is."""

    source: str


def write_marker(top: int, source: str) -> None:
    """
    Marks an open directory as the root of a source.

    Raises:
        OSError: as the disk said.
    """
    marker = msgspec.json.encode(Marker(source=source)) + b"\n"
    make_folder(top, OWN, OWN_FOLDER_MODE)
    with held(open_beneath(top, OWN, DIRECTORY)) as own:
        replace_file(own, MARKER, [marker], mode=0o600)


def check_marker(top: int, source: str, title: str) -> None:
    """
    Returns if an open directory is the root of a source; of any source, when it has no name.

    Raises:
        Unreachable: it is not; the sentence begins with `title`.
    """
    try:
        with held(open_beneath(top, f"{OWN}/{MARKER}", os.O_RDONLY)) as descriptor:
            marker = msgspec.json.decode(os.read(descriptor, MARKER_BYTES_MAX), type=Marker)
    except (FileNotFoundError, NotADirectoryError):
        hint = f"Mount it. If it is the right directory without {OWN}, register it again."
        message = f"{title} has lost its marker: it seems not to be mounted."
        raise Unreachable(message, hint=hint) from None
    except (OSError, msgspec.DecodeError) as error:
        raise Unreachable(f"{title} has a marker that cannot be read.") from error
    if source and marker.source != source:
        message = f"{title} is the disk of the source {marker.source!r} now."
        raise Unreachable(message, hint="Mount the right disk, or register the source again.")
