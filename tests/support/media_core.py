"""
One source, one project, and the daemon's core in memory: the least that ingest needs.
"""

from typing import Any

from projections.commands import Command
from projections.decide import decide
from projections.envelope import Draft, Envelope, Nanos
from projections.media_commands import CreateProject, RegisterSource
from projections.media_events import MediaFile
from projections.media_files import FILES, TRASH, LibraryFile, TrashedFile
from projections.media_names import kind_of
from projections.media_sources import PROJECTS, Project
from support.clock import NANOS_PER_SECOND, START_NS
from support.simulation.core import Core

SOURCE = "primary"
PROJECT = "P1-Harbour"
OTHER = "P2-Attic"


def sha(letter: str) -> str:
    """A hash that is told from others by its letter."""
    return letter * 64


def media_file(path: str = "ingest/originals/a.mov", **fields: Any) -> MediaFile:
    """A clip of 100 bytes with the content `a`."""
    values: dict[str, Any] = {
        "sha256": sha("a"),
        "size_bytes": 100,
        "mtime_ns": 1,
        "inode": 7,
        "added_ns": START_NS,
        "kind": kind_of(path),
    }
    return MediaFile(path=path, **(values | fields))


class MediaCore(Core):
    """A core with two empty projects. Its clock moves a second with every command."""

    def __init__(self) -> None:
        self.clock: Nanos = START_NS
        super().__init__(lambda: self.clock)
        self.do(RegisterSource, name=SOURCE, root="/projects", is_primary=True)
        for project in (PROJECT, OTHER):
            self.do(CreateProject, project=project)

    def do(self, command: type[Command], **fields: Any) -> list[Envelope]:
        """Carries a command about the source out; returns what was recorded."""
        self.clock += NANOS_PER_SECOND
        head = self.head
        self.submit(self.order(command, **fields))
        return self.events[head:]

    def judge(self, command: type[Command], **fields: Any) -> list[Draft]:
        """What a command would lead to; raises what it is refused with."""
        return decide(self.views, self.order(command, **fields), self.clock)

    def order(self, command: type[Command], **fields: Any) -> Command:
        """A command about the source and its first project."""
        if "media_source" in command.__struct_fields__:
            fields = {"media_source": SOURCE} | fields
        if "project" in command.__struct_fields__:
            fields = {"project": PROJECT} | fields
        return command(source="test", actor="mara", **fields)

    def file(self, path: str, project: str = PROJECT) -> LibraryFile | None:
        """What is known of a path."""
        return self.views.get(FILES, (SOURCE, project, path))

    def project(self, name: str = PROJECT) -> Project:
        """What is known of a project."""
        row = self.views.get(PROJECTS, (SOURCE, name))
        assert row is not None
        return row

    def trashed(self, trash_id: str) -> TrashedFile | None:
        """What lies in the trash under an id."""
        return self.views.get(TRASH, (trash_id,))
