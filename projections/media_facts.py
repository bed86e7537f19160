"""
What a file's bytes and its name tell about it: facts, when it was made, and with what.

Of sound and video ffprobe tells in its `Report`; an image tells of itself, in a `Picture`. The
rules of origin, of the timeline and of canonical names are those of media-sync-api, so that what it
stored keeps its meaning.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from projections.envelope import Nanos
from projections.media_report import Report, lowered

Thumbnail: TypeAlias = Literal["made", "none", "failed"]

YEARS = (1980, 2100)
"""A camera without a clock says 1904 or 1970; nobody believes it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET_WITHOUT_COLON = re.compile(r"([+-]\d{2})(\d{2})$")
_EXIF_TIME = re.compile(r"(\d{4})[:-](\d{2})[:-](\d{2})[ T](\d{2}:\d{2}:\d{2})")
_OBS_NAME = re.compile(r"\d{4}-\d{2}-\d{2}[_ ]\d{2}-\d{2}-\d{2}\.(mp4|mov|mkv)")
_OBS_WORD = re.compile(r"\bobs\b")
_NOT_IN_AN_ORIGIN = re.compile(r"[^a-z0-9]+")
_APPLE_TAGS = ("make", "model", "software")


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    What ffprobe and the file's name tell. `problem` is a sentence when the file could not be read.
    `width` and `height` are those of the stored picture, which is turned by `rotation_degrees`
    clockwise to be looked at. `start_timecode` is that of the first frame, `HH:MM:SS:FF`, with `;`
    before the frames where some are dropped.
    """

    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    video_codec: str = ""
    audio_codec: str = ""
    audio_channels: int | None = None
    rotation_degrees: int = 0
    start_timecode: str = ""
    created_ns: Nanos | None = None
    created_by: str = ""
    origin: str = "unknown"
    origin_confidence: float = 0.0
    origin_evidence: str = ""
    thumbnail: Thumbnail = "none"
    problem: str = ""


class Picture(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an image says of itself. `orientation` is EXIF's number, from 1 to 8."""

    width: int | None = None
    height: int | None = None
    orientation: int = 1
    taken: str = ""
    offset: str = ""
    make: str = ""
    model: str = ""


class Anchor(NamedTuple):
    """Where a file stands in time, on whose word, and how far that is believed (0 to 1)."""

    time_ns: Nanos | None
    source: str
    confidence: float


class Origin(NamedTuple):
    """What a file was made with, how sure that is (0 to 1), and why."""

    name: str
    confidence: float
    evidence: str


UNKNOWN = Origin("unknown", 0.3, "no_match")

ANCHORS: dict[str, tuple[str, float]] = {
    "quicktime_creation_date": ("quicktime_creation_time", 0.95),
    "format_creation_time": ("quicktime_creation_time", 0.95),
    "stream_creation_time": ("quicktime_creation_time", 0.9),
    "exif_time": ("exif_time", 0.9),
    "exif_local_time": ("exif_local_time", 0.5),
    "stream_timecode": ("stream_timecode", 0.65),
    "format_timecode": ("format_timecode", 0.6),
}
"""`Facts.created_by`, and what the timeline calls it and how far it is believed."""

_TIMECODE = re.compile(r"[0-2][0-9]:[0-5][0-9]:[0-5][0-9][:;][0-9]{2,3}")

_TIMECODES_ALONE = {"stream_timecode": 0.25, "format_timecode": 0.2}
"""A timecode that is no date says that there is a clock, but not what it showed."""

# EXIF: 6 is a quarter turn clockwise; the even ones of the upper half are mirrored on top of it.
_TURNS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}


def facts_of(report: Report, name: str) -> Facts:
    """What a file called `name` is, by ffprobe's report."""
    moving, sound = report.moving, report.sound
    if moving is None and sound is None and report.cover is None:
        return unreadable("It holds neither picture nor sound.", name)
    created_ns, created_by = _created(report)
    origin = origin_of(name, report)
    return Facts(
        duration_s=report.duration_s,
        width=(moving.width or None) if moving else None,
        height=(moving.height or None) if moving else None,
        fps=moving.fps if moving else None,
        video_codec=moving.codec_name if moving else "",
        audio_codec=sound.codec_name if sound else "",
        audio_channels=(sound.channels or None) if sound else None,
        rotation_degrees=moving.rotation_degrees if moving else 0,
        start_timecode=_start_timecode(report),
        created_ns=created_ns,
        created_by=created_by,
        origin=origin.name,
        origin_confidence=origin.confidence,
        origin_evidence=origin.evidence,
    )


def facts_of_picture(picture: Picture, name: str) -> Facts:
    """What an image called `name` is, by what it says of itself."""
    origin = _origin_of_name(name) or _origin_of_camera(picture) or UNKNOWN
    taken = _EXIF_TIME.match(picture.taken.strip())
    day = f"{taken[1]}-{taken[2]}-{taken[3]}T{taken[4]}" if taken else ""
    created_ns = parse_time(day + picture.offset.strip())
    created_by = "exif_time" if picture.offset.strip() else "exif_local_time"
    return Facts(
        width=picture.width,
        height=picture.height,
        rotation_degrees=_TURNS.get(picture.orientation, 0),
        created_ns=created_ns,
        created_by=created_by if created_ns is not None else "",
        origin=origin.name,
        origin_confidence=origin.confidence,
        origin_evidence=origin.evidence,
    )


def unreadable(problem: str, name: str) -> Facts:
    """The facts of a file that cannot be read: what its name tells, and why there is no more."""
    origin = _origin_of_name(name) or UNKNOWN
    return Facts(
        origin=origin.name,
        origin_confidence=origin.confidence,
        origin_evidence=origin.evidence,
        problem=problem,
    )


def shown_size(facts: Facts) -> tuple[int, int] | None:
    """Width and height as the picture is looked at, upright."""
    if facts.width is None or facts.height is None:
        return None
    lying = facts.rotation_degrees in {90, 270}
    return (facts.height, facts.width) if lying else (facts.width, facts.height)


def anchor_of(facts: Facts | None, mtime_ns: Nanos) -> Anchor:
    """Where a file stands in time. Its modification time is the last resort."""
    known = ANCHORS.get(facts.created_by) if facts else None
    if facts is None or known is None:
        return Anchor(mtime_ns, "filesystem_mtime", 0.2)
    source, confidence = known
    if facts.created_ns is None:
        confidence = _TIMECODES_ALONE.get(facts.created_by, 0.0)
    return Anchor(facts.created_ns, source, confidence)


def canonical_name(project: str, origin: str, *, created_ns: Nanos, sha256: str, name: str) -> str:
    """The name that tells project, origin, time (UTC) and content: `P1_obs_20260501-…_0123abcd`."""
    prefix = project.partition("-")[0]
    made_with = _NOT_IN_AN_ORIGIN.sub("_", origin.lower()).strip("_") or "unknown"
    made_at = _EPOCH + timedelta(microseconds=created_ns // 1_000)
    stem, dot, extension = name.rpartition(".")
    suffix = f".{extension.lower()}" if dot and stem else ""
    return f"{prefix}_{made_with}_{made_at:%Y%m%d-%H%M%S}_{sha256[:8]}{suffix}"


def origin_of(name: str, report: Report) -> Origin:
    """What a file was made with: its name counts first, then the tags that cameras leave."""
    tags = lowered(report.format.tags)
    for key in _APPLE_TAGS:
        if f"com.apple.quicktime.{key}" in tags:
            apple = Origin("iphone", 0.85, f"com.apple.quicktime.{key}")
            return _origin_of_name(name) or apple
    return _origin_of_name(name) or _origin_of_tags(report, tags) or UNKNOWN


def _origin_of_tags(report: Report, tags: dict[str, str]) -> Origin | None:
    if tags.get("major_brand", "").strip().lower() == "niko":
        return Origin("nikon", 0.85, "major_brand")
    if _OBS_WORD.search(" ".join(tags.values()).lower()):
        return Origin("obs", 0.7, "format_tags_obs")
    said = " ".join(text for stream in report.streams for text in stream.tags.values())
    return Origin("obs", 0.7, "stream_tags_obs") if _OBS_WORD.search(said.lower()) else None


def _origin_of_name(name: str) -> Origin | None:
    name = name.lower()
    if re.match(r"z7v_\d+", name):
        return Origin("nikon_z7", 0.95, "filename_z7v")
    if "copy" in name and name.endswith((".mov", ".mp4")):
        return Origin("iphone", 0.8, "filename_copy")
    if _OBS_NAME.fullmatch(name):
        return Origin("obs", 0.9, "filename_obs_timestamp")
    return None


def _origin_of_camera(picture: Picture) -> Origin | None:
    make, model = picture.make.strip().lower(), picture.model.strip().lower()
    if make == "apple":
        return Origin("iphone", 0.85, "exif_make")
    if model.startswith("nikon z 7"):
        return Origin("nikon_z7", 0.85, "exif_model")
    return Origin("nikon", 0.85, "exif_make") if make.startswith("nikon") else None


def _created(report: Report) -> tuple[Nanos | None, str]:
    """The first time somebody states, most trusted first; failing that, who has a timecode."""
    first = ""
    for by, text in _claims(report):
        time_ns = parse_time(text)
        if time_ns is not None:
            return time_ns, by
        if by in _TIMECODES_ALONE:
            first = first or by
    return None, first


def _claims(report: Report) -> Iterator[tuple[str, str]]:
    whole = lowered(report.format.tags)
    parts = [lowered(stream.tags) for stream in report.streams]
    yield "quicktime_creation_date", whole.get("com.apple.quicktime.creationdate", "")
    yield "format_creation_time", whole.get("creation_time", "")
    yield from (("stream_creation_time", tags.get("creation_time", "")) for tags in parts)
    yield from (("stream_timecode", tags["timecode"]) for tags in parts if "timecode" in tags)
    if "timecode" in whole:
        yield "format_timecode", whole["timecode"]


def _start_timecode(report: Report) -> str:
    """The first that somebody states and that is one."""
    stated = (text.strip() for by, text in _claims(report) if by in _TIMECODES_ALONE)
    return next((text for text in stated if _TIMECODE.fullmatch(text)), "")


def parse_time(text: str) -> Nanos | None:
    """A date and time in ISO 8601 as unix time (UTC if it has no offset), if it is believable."""
    text = _OFFSET_WITHOUT_COLON.sub(r"\1:\2", text.strip())
    if "-" not in text:  # a timecode such as 10:11:12:13
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not YEARS[0] <= moment.year < YEARS[1]:
        return None
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
