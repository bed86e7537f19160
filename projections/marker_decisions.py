"""
From orders to facts about markers, and what follows: a clip that is in DaVinci Resolve gets them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from projections.commands import Command
from projections.envelope import Draft, Envelope, Nanos
from projections.errors import Conflict, NotFound, Rejected
from projections.events import Event
from projections.fold import Views
from projections.identity import normal_path
from projections.in_force import rules_in_force
from projections.markers import MARKERS, Colour, MarkerPlaced, MarkerRemoved
from projections.media_files import FILES, LibraryFile
from projections.media_sources import SOURCES
from projections.resolve import RESOLVE_CLIPS, RESOLVE_JOBS, ResolveProject, ResolveRequested
from projections.rules import shared_path

SOURCES_MAX = 1_000
OPEN_JOBS_MAX = 1_000
COPIES_MAX = 100


class PlaceMarker(Command, frozen=True, kw_only=True):
    """
    Mark a moment of a file. Which one is meant is told by `sha256`, or by the paths under which the
    player and others have it. The same again changes nothing.
    """

    id: str
    user: str
    name: str
    position_s: float
    duration_s: float = 0.0
    colour: Colour = "Blue"
    note: str = ""
    paths: tuple[str, ...] = ()
    sha256: str = ""
    device: str = ""
    age_ns: int = 0


class RemoveMarker(Command, frozen=True, kw_only=True):
    """Take a marker away."""

    id: str


def _place_marker(views: Views, command: PlaceMarker, now: Nanos) -> list[Draft]:
    known = views.get(MARKERS, (command.id,))
    if known is not None and known.placed.user != command.user:
        raise Conflict(f"The marker {command.id[:64]!r} is somebody else's.")
    row = _file(views, command)
    if command.sha256 and row is None:
        hint = "GET /api/library lists what the library has."
        raise NotFound("The library has no file with this content.", hint=hint)
    event = MarkerPlaced(
        id=command.id,
        user=command.user,
        name=command.name,
        position_s=command.position_s,
        duration_s=command.duration_s,
        colour=command.colour,
        note=command.note,
        path=normal_path(command.paths[0]) if command.paths else "",
        device=command.device,
        media_source=row.source if row else "",
        project=row.project if row else "",
        media_path=row.file.path if row else "",
        sha256=row.file.sha256 if row else "",
    )
    if known is not None and known.placed == event:
        return []
    _check_inside(row, command)
    return [Draft(event=event, at=now - command.age_ns)]


def _check_inside(row: LibraryFile | None, command: PlaceMarker) -> None:
    facts = None if row is None else row.file.facts
    if facts is None or facts.duration_s is None or command.position_s <= facts.duration_s:
        return
    message = f"The clip lasts {facts.duration_s:.3f} s; {command.position_s:.3f} s is beyond it."
    raise Rejected(message, hint="Give the position in seconds from the beginning.")


def _file(views: Views, command: PlaceMarker) -> LibraryFile | None:
    """The file of the library that is meant."""
    if command.sha256:
        found = views.find(FILES, "media_of_content", (command.sha256, COPIES_MAX))
        return next((row for row in found if not row.is_gone), None)
    prefixes = rules_in_force(views).player_paths
    for path in command.paths:
        for each in dict.fromkeys([normal_path(path), shared_path(path, prefixes)]):
            row = _at(views, each)
            if row is not None:
                return row
    return None


def _at(views: Views, path: str) -> LibraryFile | None:
    """The library's file at a path of this machine."""
    for source in views.find(SOURCES, "sources", (SOURCES_MAX,)):
        top = f"{normal_path(source.root)}/"
        if path.startswith(top):
            project, _, rest = path.removeprefix(top).partition("/")
            row = views.get(FILES, (source.name, project, rest))
            if row is not None and not row.is_gone:
                return row
    return None


def _remove_marker(views: Views, command: RemoveMarker, now: Nanos) -> list[Draft]:
    known = views.get(MARKERS, (command.id,))
    if known is None:
        hint = "GET /api/markers lists those there are."
        raise NotFound(f"There is no marker {command.id[:64]!r}.", hint=hint)
    return [Draft(event=MarkerRemoved(id=command.id), at=now)]


MARKER_DECISIONS: dict[type[Command], Callable[[Views, Any, Nanos], list[Draft]]] = {
    PlaceMarker: _place_marker,
    RemoveMarker: _remove_marker,
}


def marker_placed(views: Views, envelope: Envelope, now: Nanos) -> Iterable[tuple[Event, Nanos]]:
    """A job for the clip in Resolve, if it was brought there, unless one is waiting already."""
    event = envelope.event
    assert isinstance(event, MarkerPlaced)
    clip = views.get(RESOLVE_CLIPS, (event.sha256,)) if event.sha256 else None
    if clip is None:
        return
    waiting = views.find(RESOLVE_JOBS, "jobs_with_state", ("pending", 0, OPEN_JOBS_MAX))
    if any(_sets_markers(job.mode, job.paths, event) for job in waiting):
        return
    wanted = ResolveProject(mode="select")
    if clip.resolve_project:
        wanted = ResolveProject(mode="existing", name=clip.resolve_project)
    request = ResolveRequested(
        id=f"markers-{envelope.seq}",
        source=event.media_source,
        project=event.project,
        paths=(event.media_path,),
        mode="markers",
        resolve_project=wanted,
    )
    yield request, now


def _sets_markers(mode: str, paths: Sequence[str], event: MarkerPlaced) -> bool:
    """An import of the clip sets its markers too."""
    return mode in {"markers", "import"} and event.media_path in paths
