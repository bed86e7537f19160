"""
What is known of a file, in the words of media-sync-api's registry: facts, timeline, orientation.
"""

import msgspec

from daemon.web.media_shapes import media_paths
from projections.envelope import Nanos
from projections.media_facts import Facts, anchor_of
from projections.media_files import LibraryFile, created_ns
from projections.media_names import asset_id, asset_uuid
from projections.moments import moment_text


class Timestamps(msgspec.Struct, frozen=True, kw_only=True):
    """When it was shot, as far as known; without better knowledge when it was last written."""

    creation_time: str
    best_effort: bool


class Orientation(msgspec.Struct, frozen=True, kw_only=True):
    """By how many degrees, clockwise, the stored picture is turned to be looked at."""

    rotation: int
    normalized: bool
    detected_from: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file stands in time, on whose word, and how far that is believed (0 to 1)."""

    anchor_time: str | None
    anchor_source: str
    confidence: float


class MediaFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What ffprobe tells. All is null while it was not looked at yet, or could not be read."""

    duration_seconds: float | None
    duration_s: float | None
    width: int | None
    height: int | None
    fps: float | None
    video_codec: str | None
    audio_codec: str | None
    audio_channels: int | None
    has_audio: bool | None


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """How long it plays."""

    duration_seconds: float | None


class URLs(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file can be had, without the host."""

    stream: str
    download: str


class InventoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a project, for whoever puts it on a timeline. `canonical_name` is its name."""

    asset_id: str
    sha256: str
    origin: str
    timestamps: Timestamps
    canonical_name: str
    orientation: Orientation
    urls: URLs
    relative_path: str


class RegistryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """
    A content and where it lies. `aliases` and `metadata_path` are there for old clients: earlier
    names stand in the log, and there are no metadata files.
    """

    sha256: str
    asset_id: str
    asset_uuid: str
    project: str
    source: str
    canonical_name: str
    relative_path: str
    ext: str
    origin: str
    timestamps: Timestamps
    orientation: Orientation
    timeline: Timeline
    facts: Duration
    urls: URLs
    aliases: list[str]
    metadata_path: str | None


def facts_view(facts: Facts | None) -> MediaFacts:
    """The facts as media-sync-api tells them."""
    is_known = facts is not None and not facts.problem
    facts = facts or Facts()
    return MediaFacts(
        duration_seconds=facts.duration_s,
        duration_s=facts.duration_s,
        width=facts.width,
        height=facts.height,
        fps=facts.fps,
        video_codec=facts.video_codec or None,
        audio_codec=facts.audio_codec or None,
        audio_channels=facts.audio_channels,
        has_audio=bool(facts.audio_codec) if is_known else None,
    )


def timeline(row: LibraryFile) -> Timeline:
    """Where a file stands in time."""
    anchor = anchor_of(row.file.facts, row.file.mtime_ns)
    return Timeline(
        anchor_time=_text(anchor.time_ns),
        anchor_source=anchor.source,
        confidence=anchor.confidence,
    )


def _text(moment: Nanos | None) -> str | None:
    return None if moment is None else moment_text(moment)


def rotation_source(row: LibraryFile) -> str:
    """What says that a picture is to be turned."""
    if row.file.facts is None or row.file.facts.rotation_degrees == 0:
        return "none"
    return "exif" if row.file.kind == "image" else "display_matrix"


def file_name(row: LibraryFile) -> str:
    """A file's name without its folder."""
    return row.file.path.rpartition("/")[2]


def inventory_item(row: LibraryFile) -> InventoryItem:
    """A file as the inventory lists it."""
    return InventoryItem(
        asset_id=asset_id(row.file.sha256),
        sha256=row.file.sha256,
        origin=_origin(row),
        timestamps=_timestamps(row),
        canonical_name=file_name(row),
        orientation=_orientation(row),
        urls=_urls(row),
        relative_path=row.file.path,
    )


def registry_record(row: LibraryFile) -> RegistryRecord:
    """A file as the registry knows it."""
    name = file_name(row)
    stem, dot, extension = name.rpartition(".")
    return RegistryRecord(
        sha256=row.file.sha256,
        asset_id=asset_id(row.file.sha256),
        asset_uuid=asset_uuid(row.file.sha256),
        project=row.project,
        source=row.source,
        canonical_name=name,
        relative_path=row.file.path,
        ext=f".{extension.lower()}" if dot and stem else "",
        origin=_origin(row),
        timestamps=_timestamps(row),
        orientation=_orientation(row),
        timeline=timeline(row),
        facts=Duration(duration_seconds=row.file.facts.duration_s if row.file.facts else None),
        urls=_urls(row),
        aliases=[],
        metadata_path=None,
    )


def _origin(row: LibraryFile) -> str:
    return row.file.facts.origin if row.file.facts else "unknown"


def _timestamps(row: LibraryFile) -> Timestamps:
    return Timestamps(creation_time=moment_text(created_ns(row.file)), best_effort=True)


def _orientation(row: LibraryFile) -> Orientation:
    degrees = row.file.facts.rotation_degrees if row.file.facts else 0
    return Orientation(
        rotation=degrees, normalized=degrees == 0, detected_from=rotation_source(row)
    )


def _urls(row: LibraryFile) -> URLs:
    stream, download = media_paths(row.source, row.project, row.file.path)
    return URLs(stream=stream, download=download)
