"""
A reel as OpenTimelineIO, which DaVinci Resolve 18.5 and later imports, markers with their notes
included. The package is asked for only when a file is written.
"""

from fractions import Fraction
from typing import Any

from adapters.resolve.plan import Mark
from adapters.resolve.reel import Reel, Shot

COLOURS = {
    "Blue": "BLUE",
    "Cyan": "CYAN",
    "Green": "GREEN",
    "Yellow": "YELLOW",
    "Red": "RED",
    "Pink": "PINK",
    "Purple": "PURPLE",
    "Fuchsia": "MAGENTA",
    "Rose": "PINK",
    "Lavender": "PURPLE",
    "Sky": "CYAN",
    "Mint": "GREEN",
    "Lemon": "YELLOW",
    "Sand": "ORANGE",
    "Cocoa": "BLACK",
    "Cream": "WHITE",
}
"""Resolve's colours, each as the nearest of OpenTimelineIO's; the metadata keeps the own one."""

OLD_SCHEMAS = {"Clip": 1, "Marker": 2}
"""Resolve 18.5 reads clips of the first kind only; newer ones read both."""


def version() -> str:
    """The version of OpenTimelineIO; empty if it is not installed."""
    try:
        import opentimelineio as otio  # type: ignore[import-untyped]  # noqa: PLC0415 - optional
    except ImportError:
        return ""
    return str(otio.__version__)


def otio_text(reel: Reel) -> bytes:
    """
    The content of the file.

    Raises:
        ImportError: OpenTimelineIO is not installed.
    """
    import opentimelineio as otio  # noqa: PLC0415 - optional, and needed for this alone

    timeline = otio.schema.Timeline(name=reel.name)
    timeline.global_start_time = otio.opentime.RationalTime(0, float(reel.rate))
    for kind, is_on in (("Video", lambda shot: shot.kind != "sound"), ("Audio", _is_sound)):
        shots = [shot for shot in reel.shots if is_on(shot)]
        if shots:
            track = otio.schema.Track(name=f"{kind} 1", kind=kind)
            track.extend([_clip(otio, shot) for shot in shots])
            timeline.tracks.append(track)
    text: str = otio.adapters.write_to_string(
        timeline, "otio_json", target_schema_versions=OLD_SCHEMAS
    )
    return text.encode()


def _is_sound(shot: Shot) -> bool:
    return shot.kind == "sound"


def _clip(otio: Any, shot: Shot) -> Any:
    whole = _range(otio, shot.first_frame, shot.frames_count, shot.rate)
    media = otio.schema.ExternalReference(target_url=shot.url, available_range=whole)
    media.name = shot.name
    clip = otio.schema.Clip(name=shot.name, media_reference=media, source_range=whole)
    clip.metadata["playhead"] = {"asset_id": shot.asset_id}
    clip.markers.extend([_marker(otio, shot, mark) for mark in shot.marks])
    return clip


def _marker(otio: Any, shot: Shot, mark: Mark) -> Any:
    """Resolve 21 reads the note from its own metadata, others from the comment."""
    frame = shot.first_frame + mark.frame
    return otio.schema.Marker(
        name=mark.name,
        color=COLOURS.get(mark.colour, "BLUE"),
        comment=mark.note,
        marked_range=_range(otio, frame, mark.duration_frames, shot.rate),
        metadata={
            "Resolve_OTIO": {"Keywords": [], "Note": mark.note},
            "playhead": {"id": mark.custom, "colour": mark.colour},
        },
    )


def _range(otio: Any, start: int, count: int, rate: Fraction) -> Any:
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, float(rate)),
        otio.opentime.RationalTime(count, float(rate)),
    )
