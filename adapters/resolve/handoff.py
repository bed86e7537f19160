"""
What can be done without a handle on Resolve: files that it imports by hand, and a sentence that
says what to click.
"""

import os
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.resolve.fcpxml import fcpxml
from adapters.resolve.interchange import otio_text
from adapters.resolve.messages import Ending, Order
from adapters.resolve.places import Place
from adapters.resolve.reel import Reel, reel_of
from adapters.resolve.wire import Job, shortened
from projections.errors import PlayheadError
from projections.media_names import EXPORTS

NAME_CHARACTERS_MAX = 80
"""Of a file's name before its ending; some disks take no more than 255 bytes."""

FILE_MODE = 0o644
"""Resolve may run as somebody else than the agent."""

_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')
"""What some system does not allow in a file's name."""

Writer = Callable[[Reel], bytes]

WRITERS: tuple[tuple[str, Writer], ...] = ((".otio", otio_text), (".fcpxml", fcpxml))
"""The kinds of files, the better one first."""


class CannotWrite(PlayheadError):
    """The hand-off file cannot be written."""

    hint = "Give the agent a directory it may write to: --handoff-dir."


def hand_off(order: Order, job: Job, places: Sequence[Place], why: str) -> Ending:
    """
    The files of a job as an interchange file, and what to do with it.

    Raises:
        CannotWrite: the directory does not allow it.
    """
    usable = [place for place in places if not place.problem]
    failed = tuple(place.result for place in places if place.problem)
    reel = reel_of(job.bin or job.media_project or "Playhead", usable, order.system)
    folder = Path(order.handoff_dir) if order.handoff_dir else exports_of(usable[0])
    written = _written(folder, _stem(reel.name, job.id), reel)
    first, others = written[0], written[1:]
    also = f" (or {', '.join(path.name for path in others)})" if others else ""
    note = f"{why}. In Resolve: File > Import > Timeline, choose {first}{also}."
    results = tuple(place.ended("handed_off", str(first)) for place in usable)
    return Ending(results=results + failed, note=shortened(note), artifact=str(first))


def exports_of(place: Place) -> Path:
    """The folder for exports of the project that a file is in."""
    path = Path(place.path)
    inside = Path(place.file.path).parts
    if path.parts[-len(inside) :] == inside:
        return path.parents[len(inside) - 1] / EXPORTS
    return path.parent / EXPORTS


def _stem(name: str, job_id: str) -> str:
    plain = _UNFIT.sub("_", name).strip(" .")[:NAME_CHARACTERS_MAX].strip(" .") or "Playhead"
    return f"{plain}-{_UNFIT.sub('_', job_id)[:8]}"


def _written(folder: Path, stem: str, reel: Reel) -> list[Path]:
    found = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, writer in WRITERS:
            try:
                content = writer(reel)
            except ImportError:  # OpenTimelineIO is not installed here; the other kind is written
                continue
            found.append(_placed(folder / f"{stem}{suffix}", content))
    except OSError as error:
        message = f"The hand-off file cannot be written to {folder}: {error.strerror or error}."
        raise CannotWrite(message) from error
    return found


def _placed(path: Path, content: bytes) -> Path:
    """Whole or not at all: Resolve may look at the moment it is written."""
    handle, temporary = tempfile.mkstemp(prefix=".playhead-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(FILE_MODE)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
