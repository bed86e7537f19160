"""
A job for DaVinci Resolve as agents and pages get it: with its files, where each machine has them,
and their markers.
"""

from collections.abc import Iterable, Mapping

from daemon.config.resolve import ResolveHost
from daemon.config.rules_resolve import OWN
from daemon.engine.views import ViewReader
from daemon.web.resolve_shapes import (
    NEW,
    SELECT,
    JobFile,
    JobView,
    MarkerView,
    ProjectView,
    ResultView,
)
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.host_paths import on_host, rate_of
from projections.markers import MARKERS, Marker
from projections.media_files import FILES, LibraryFile
from projections.media_former import MEDIA_FORMER
from projections.media_sources import SOURCES
from projections.resolve import NEVER_NS, ResolveJob

MARKERS_MAX = 1_000
"""Of one clip; nobody cuts by more."""


def job_view(
    views: ViewReader, job: ResolveJob, hosts: Iterable[ResolveHost], *, with_token: bool = False
) -> JobView:
    """The job; its token is for whoever has just claimed it."""
    names = {"new": NEW, "select": SELECT, "existing": job.resolve_project.name}
    wanted = job.resolve_project
    finished_at = _seconds(job.finished_ns)
    maps = {host.name: host.paths for host in hosts}
    is_leased = job.state == "claimed" and job.due_ns != NEVER_NS
    return JobView(
        id=job.id,
        created_at=job.created_ns / NANOS_PER_SECOND,
        status=job.state,
        project=names[wanted.mode],
        new_project_name=wanted.name if wanted.mode == "new" else None,
        media_project=job.project,
        media_rel_paths=job.paths,
        mode="reveal_in_explorer" if job.mode == "reveal" else job.mode,
        source=job.source,
        claimed_by=job.owner or None,
        claimed_at=_seconds(job.claimed_ns),
        done_at=finished_at if job.state == "done" else None,
        failed_at=finished_at if job.state == "failed" else None,
        error=job.error or None,
        by=job.by,
        seq=job.seq,
        host=job.host or None,
        token=job.token if with_token else None,
        lease_until=job.due_ns / NANOS_PER_SECOND if is_leased else None,
        attempts=job.attempts,
        attempts_max=job.attempts_max,
        resolve_project=ProjectView(mode=wanted.mode, name=wanted.name),
        bin=job.bin or job.project,
        files=[_file(views, job, path, maps) for path in job.paths],
        results=[
            ResultView(path=each.path, outcome=each.outcome, detail=each.detail)
            for each in job.results
        ],
        note=job.note,
        artifact=job.artifact or None,
    )


def _seconds(moment: Nanos | None) -> float | None:
    return None if moment is None else moment / NANOS_PER_SECOND


def _file(
    views: ViewReader, job: ResolveJob, path: str, maps: Mapping[str, Mapping[str, str]]
) -> JobFile:
    """A file as it is now; one that is gone since has nothing but its place."""
    row = views.get(FILES, (job.source, job.project, path))
    here = _place(views, job.source, job.project, path)
    file = None if row is None else row.file
    facts = None if file is None else file.facts
    return JobFile(
        path=path,
        name=path.rpartition("/")[2],
        sha256="" if file is None else file.sha256,
        asset_id="" if file is None else f"sha256:{file.sha256}",
        size_bytes=0 if file is None else file.size_bytes,
        paths=_everywhere(here, maps),
        former_paths=_former(views, row, maps),
        duration_s=None if facts is None else facts.duration_s,
        frame_rate=None if facts is None or not facts.fps else str(rate_of(facts.fps)),
        width=None if facts is None else facts.width,
        height=None if facts is None else facts.height,
        audio_channels=None if facts is None else facts.audio_channels or 0,
        start_timecode=None if facts is None else facts.start_timecode or None,
        markers=[] if row is None else markers_of(views, row.file.sha256),
    )


def _place(views: ViewReader, source: str, project: str, path: str) -> str:
    """Where the daemon's machine has a file, or had it."""
    found = views.get(SOURCES, (source,))
    root = "" if found is None else found.root
    return f"{root}/{project}/{path}"


def _everywhere(path: str, maps: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    found = {name: on_host(path, prefixes) for name, prefixes in maps.items()}
    return {OWN: path} | {name: there for name, there in found.items() if there is not None}


def _former(
    views: ViewReader, row: LibraryFile | None, maps: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    known = None if row is None else views.get(MEDIA_FORMER, (row.file.sha256,))
    found: dict[str, list[str]] = {}
    for place in () if known is None else known.places:
        there = _place(views, place.source, place.project, place.path)
        for name, path in _everywhere(there, maps).items():
            found.setdefault(name, []).append(path)
    return found


def markers_of(views: ViewReader, sha256: str) -> list[MarkerView]:
    """The markers of a content, in the order of the clip."""
    found = views.find(MARKERS, "markers_of_content", (sha256, MARKERS_MAX))
    return [marker_view(row) for row in sorted(found, key=lambda row: row.placed.position_s)]


def marker_view(row: Marker) -> MarkerView:
    """A marker as it is sent."""
    placed = row.placed
    return MarkerView(
        id=placed.id,
        position_s=placed.position_s,
        duration_s=placed.duration_s,
        colour=placed.colour,
        note=placed.note,
        by=placed.user,
    )
