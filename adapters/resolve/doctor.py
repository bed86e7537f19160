"""
What an agent needs and whether it is there, line by line, for a person who sets one up.
"""

import platform
import queue as queues
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from adapters.resolve.agent import Settings
from adapters.resolve.client import Queue
from adapters.resolve.environment import variables
from adapters.resolve.interchange import version
from adapters.resolve.messages import Order, Scripting, Seen
from adapters.resolve.places import looked_at, places
from adapters.resolve.scripting import find, places_of
from adapters.resolve.worker import Child, Ended, Inbox, Line
from projections.errors import PlayheadError

PYTHON_SAFE = ((3, 10), (3, 12))
"""Versions that every release of Resolve with Python 3 loads; later ones need a recent release."""

LOOK_S_MAX = 30.0
"""The probe tells something each second; one that is silent for so long hangs."""

JOBS_LOOKED_AT = 5
"""Of the queue: their files show whether this machine sees the daemon's disks."""

SCOPES = {"media", "admin"}
"""Each is enough."""


class Finding(msgspec.Struct, frozen=True):
    """
    One line: `ok`, `note` (it works without), or `missing` (it does not); with what to do about it.
    """

    state: Literal["ok", "note", "missing"]
    what: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """As it is printed."""
        tail = f" {self.remedy}" if self.remedy else ""
        return f"{self.state:<8} {self.what}{tail}"


def findings(settings: Settings, queue: Queue) -> Iterator[Finding]:
    """What there is and what is missing, as it is found out; some lines take a while."""
    yield _python()
    scripting = find(settings.system, variables())
    yield _module(settings, scripting)
    if scripting is not None:
        yield _library(scripting)
        yield _handle(settings, scripting)
    yield _interchange()
    try:
        yield _daemon(queue)
        yield _paths(settings, queue)
    except PlayheadError as error:
        yield Finding("missing", f"daemon: {error}", error.hint)


def _python() -> Finding:
    what = f"Python {platform.python_version()}, {platform.architecture()[0]}"
    if sys.version_info[:2] <= PYTHON_SAFE[1]:
        return Finding("ok", what)
    return Finding(
        "note", f"{what}.", "Resolve before 20 may crash with it: 3.11 and 3.12 are safe."
    )


def _module(settings: Settings, scripting: Scripting | None) -> Finding:
    if scripting is not None:
        return Finding("ok", f"scripting module in {scripting.modules}")
    looked = ", ".join(place.modules for place in places_of(settings.system, variables()))
    remedy = "Install DaVinci Resolve, or set RESOLVE_SCRIPT_API; hand-off files work without."
    return Finding("note", f"no scripting module in {looked}.", remedy)


def _library(scripting: Scripting) -> Finding:
    if Path(scripting.library).is_file():
        return Finding("ok", f"scripting library {scripting.library}")
    remedy = "Set RESOLVE_SCRIPT_LIB to where Resolve is installed."
    return Finding("note", f"no scripting library at {scripting.library}.", remedy)


def _handle(settings: Settings, scripting: Scripting) -> Finding:
    order = Order(
        scripting=scripting, host=settings.host, system=settings.system, silence_s=LOOK_S_MAX
    )
    remedy = "Start DaVinci Resolve Studio; the free edition gets hand-off files."
    seen, error = _probed(order)
    if seen is None:
        return Finding("note", f"Resolve: {error}.", "See ops/docs/resolve.md.")
    if seen.has_handle:
        return Finding("ok", f"{seen.product} {seen.version}, ready")
    return Finding("note", f"Resolve: {seen.why}.", remedy)


def _probed(order: Order) -> tuple[Seen | None, str]:
    """What a child found of Resolve, or why it found nothing."""
    inbox: Inbox = queues.SimpleQueue()
    child = Child(order, inbox)
    until_s = time.monotonic() + LOOK_S_MAX
    try:
        while (left_s := until_s - time.monotonic()) > 0:
            message = inbox.get(timeout=left_s)
            if isinstance(message, Ended):
                return None, f"its module crashes ({message.why})"
            if isinstance(message, Line) and message.told.seen is not None:
                return message.told.seen, ""
            if isinstance(message, Line) and message.told.ending is not None:
                return None, message.told.ending.error.rstrip(".")
    except queues.Empty:
        pass
    finally:
        child.end()
    return None, "it does not answer: it hangs, or shows a dialog"


def _interchange() -> Finding:
    found = version()
    if found:
        return Finding("ok", f"OpenTimelineIO {found}")
    remedy = "pip install opentimelineio, for markers with colours in hand-off files."
    return Finding("note", "no OpenTimelineIO: hand-off files are FCPXML only.", remedy)


def _daemon(queue: Queue) -> Finding:
    """
    Raises:
        PlayheadError: it does not answer, or does not let us in.
    """
    user = queue.whoami()
    if SCOPES & set(user.scopes):
        return Finding("ok", f"daemon at {queue.url}, as {user.user or 'nobody in particular'}")
    remedy = "playhead token add --user NAME --scope media"
    return Finding("missing", f"daemon at {queue.url}: no scope media.", remedy)


def _paths(settings: Settings, queue: Queue) -> Finding:
    """
    Raises:
        PlayheadError: the daemon does not tell its jobs.
    """
    found = [
        looked_at(place)
        for job in queue.latest(JOBS_LOOKED_AT)
        for place in places(job.files, settings.host, settings.system)
    ]
    if not found:
        return Finding("note", "no job yet whose files could be looked for.")
    bad = [place for place in found if place.problem]
    what = f"{len(found) - len(bad)} of {len(found)} files of the last jobs can be read"
    if not bad:
        return Finding("ok", what)
    return Finding("missing", f"{what}.", bad[0].detail)
