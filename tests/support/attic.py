"""
A data directory whose log knows of a large library that cannot be reached: the source `attic` is
offline, so no disk has to hold the files, and nothing looks for them.
"""

import hashlib
from pathlib import Path

from projections.commands import Record
from projections.envelope import NANOS_PER_SECOND
from projections.events import Event
from projections.media_events import FilesFound, MediaFile, ProjectCreated, SourceRegistered
from projections.media_facts import Facts
from support.clock import START_NS, FakeClock
from support.ledger import Ledger

SOURCE = "attic"
PROJECTS = ("P1-Tour", "P2-Studio")
TAGS = ("interview", "room tone", "select")

FILES_PER_EVENT = 1_000
HOUR_NS = 3_600 * NANOS_PER_SECOND


def name_of(number: int) -> str:
    """What the file of that number is called: every fifth is a text, the others are sounds."""
    return f"notes {number:05d}.txt" if number % 5 == 0 else f"take {number:05d}.wav"


def stock_attic(data: Path, count: int) -> None:
    """
    Writes the log. The higher a file's number, the older it is; odd numbers are in the first
    project, and every tenth file is tagged.
    """
    data.mkdir(parents=True)
    with Ledger(data, clock=FakeClock()) as ledger:
        registered = SourceRegistered(name=SOURCE, root=str(data.parent / "not-mounted"))
        events: list[Event] = [registered]
        for project in PROJECTS:
            created = ProjectCreated(source=SOURCE, project=project, created_ns=START_NS)
            events.append(created)
        for first in range(0, count, FILES_PER_EVENT):
            numbers = range(first, min(first + FILES_PER_EVENT, count))
            for place, project in enumerate(PROJECTS):
                files = [_file(number) for number in numbers if number % 2 != place]
                found = FilesFound(
                    source=SOURCE, project=project, files={file.path: file for file in files}
                )
                events.append(found)
        for event in events:
            ledger.commit(Record(source="files", actor="files", event=event))


def _file(number: int) -> MediaFile:
    name = name_of(number)
    is_sound = name.endswith(".wav")
    return MediaFile(
        path=f"ingest/originals/{name}",
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        size_bytes=1_000 + number,
        mtime_ns=START_NS - number * HOUR_NS,
        inode=number + 1,
        added_ns=START_NS,
        kind="audio" if is_sound else "other",
        tags=(TAGS[number // 10 % len(TAGS)],) if number % 10 == 0 else (),
        facts=Facts(duration_s=number % 600 + 1.0 if is_sound else None),
    )
