"""
Makes upright copies of clips that players have to turn.

Most cameras store what the sensor saw and write beside it how far to turn it. Not every editor
looks there. Nothing can turn pixels without encoding them again, so the copy is made at a quality
that hides it (same codec family, same bit depth and colours), sound and times are taken over as
they are, and the copy is looked at before it counts. What becomes of the original is the caller's
business.

ffmpeg turns pictures by itself while it decodes, and then writes no turn into the new file. Whoever
forbids that (`-noautorotate`) and turns with a filter gets the old turn copied into the new file on
top; `rotate=0` does not remove it, for since ffmpeg 5 the tag means nothing to an encoder.
"""

from pathlib import Path
from typing import NamedTuple

from adapters.files.probe import read_report
from adapters.files.rendering import Progress, render
from adapters.files.tool_errors import Unsuitable
from adapters.files.tools import GUARDS, Toolbox, file_url
from projections.media_report import Report, Stream

TIMEOUT_S = 6 * 3_600.0

MUXERS = {".mov": "mov", ".mp4": "mp4", ".m4v": "mp4", ".mkv": "matroska", ".3gp": "3gp"}
"""Containers that can say how far to turn a picture, by the extension of the file."""

_LAYOUTS = ("yuv420p", "yuv422p", "yuv444p", "gray")
H264_FORMATS = frozenset(
    {*_LAYOUTS, "yuvj420p", "yuvj422p", "yuvj444p", *(f"{layout}10le" for layout in _LAYOUTS)}
)
H265_FORMATS = H264_FORMATS | {f"{layout}12le" for layout in _LAYOUTS}
PRORES_FORMATS = frozenset({"yuv422p10le", "yuv444p10le", "yuva444p10le"})
PRORES_PROFILES = {"Proxy": "0", "LT": "1", "Standard": "2", "HQ": "3", "4444": "4", "XQ": "5"}

QUALITY = ("-preset", "fast", "-crf", "16")
COLOURS = {
    "-color_range": "color_range",
    "-colorspace": "color_space",
    "-color_trc": "color_transfer",
    "-color_primaries": "color_primaries",
}

BRANDS = (
    *("-metadata", "major_brand=", "-metadata", "minor_version="),
    *("-metadata", "compatible_brands="),
)
"""What the old container was is not true of the new one."""

SOUND_TOLERANCE_S = 0.1
"""A container ends with its longest stream, and sound comes in packets of up to this length."""


class Upright(NamedTuple):
    """What was made: how far it was turned (clockwise), its new size, and what it left out."""

    rotation_degrees: int
    width: int
    height: int
    streams_left_out: int


class Plan(NamedTuple):
    """What will be done: `arguments` for ffmpeg, and what the result has to be like."""

    rotation_degrees: int
    width: int
    height: int
    streams_left_out: int
    duration_s: float
    muxer: str
    arguments: list[str]


async def make_upright(
    source: Path,
    part: Path,
    *,
    tools: Toolbox,
    timeout_s: float = TIMEOUT_S,
    progress: Progress | None = None,
) -> Upright:
    """
    Writes an upright copy of a clip to `part`, in the same container. If that fails, nothing is
    there.

    Raises:
        Unsuitable: it is upright, or no video, or of a kind that cannot be turned.
        WrongResult: the copy is not what it should be, and was removed.
        Gone: the clip is not there.
        NameTaken: there is something at `part` already; it is untouched.
        DiskFull: there is no room for it.
        ToolMissing, ToolFailed, ToolTimeout: as they say.
    """
    before = await read_report(source, tools=tools)
    work = plan(before, source.name)
    await render(
        [*GUARDS, "-i", file_url(source), *work.arguments],
        part,
        muxer=work.muxer,
        tools=tools,
        timeout_s=timeout_s,
        duration_s=work.duration_s,
        progress=progress,
        check=lambda made: difference(work, before, made),
    )
    return Upright(work.rotation_degrees, work.width, work.height, work.streams_left_out)


def plan(report: Report, name: str) -> Plan:
    """
    How a clip called `name` is made upright.

    Raises:
        Unsuitable: it is upright, or no video, or of a kind that cannot be turned.
    """
    stream = report.moving
    if stream is None or not stream.codec_name:
        raise Unsuitable(f"{name!r} holds no moving picture that can be read.")
    if not stream.rotation_degrees:
        raise Unsuitable(f"{name!r} is upright already.")
    muxer = MUXERS.get(Path(name).suffix.lower())
    if muxer is None:
        raise Unsuitable(f"{name!r} is of a kind that is not encoded again.")
    kept = [each for each in report.streams if _is_kept(each)]
    lying = stream.rotation_degrees in {90, 270}
    size = (stream.height, stream.width) if lying else (stream.width, stream.height)
    return Plan(
        *(stream.rotation_degrees, *size),
        len(report.streams) - len(kept) - 1,
        report.duration_s or 0.0,
        muxer,
        _arguments(stream, kept, muxer),
    )


def difference(work: Plan, before: Report, after: Report) -> str:
    """What is wrong with a copy; "" if it is as planned."""
    copy = after.moving
    if copy is None:
        return "it holds no moving picture"
    if copy.rotation_degrees:
        return f"it still has to be turned by {copy.rotation_degrees} degrees"
    if (copy.width, copy.height) != (work.width, work.height):
        return f"it measures {copy.width} x {copy.height}, not {work.width} x {work.height}"
    if _sounds(after) != _sounds(before):
        return "its sound is not that of the original"
    return _difference_in_time(before, after)


def _difference_in_time(before: Report, after: Report) -> str:
    copy, original = after.moving, before.moving
    assert copy is not None
    assert original is not None
    tolerance_s = 1 / (original.fps or 1.0) + (SOUND_TOLERANCE_S if before.sound else 0.0)
    if abs((after.duration_s or 0.0) - (before.duration_s or 0.0)) > tolerance_s:
        return f"it lasts {after.duration_s} s, not {before.duration_s} s"
    if "" not in {copy.nb_frames, original.nb_frames} and copy.nb_frames != original.nb_frames:
        return f"it has {copy.nb_frames} frames, not {original.nb_frames}"
    return ""


def _is_kept(stream: Stream) -> bool:
    """Sound and subtitles come along, unless nobody knows what they are."""
    return stream.codec_type in {"audio", "subtitle"} and bool(stream.codec_name)


def _arguments(stream: Stream, kept: list[Stream], muxer: str) -> list[str]:
    indexes = [stream.index, *(each.index for each in kept)]
    return [
        *(part for index in indexes for part in ("-map", f"0:{index}")),
        # ffmpeg drops the creation time unless it is told that the metadata are wanted.
        *("-map_metadata", "0", *BRANDS, "-c", "copy", *_encoder(stream)),
        # The time stamps of the original, not those of an even rate: phones vary theirs.
        *("-fps_mode:v", "passthrough", "-enc_time_base:v", "-1"),
        *(["-movflags", "+faststart+use_metadata_tags"] if muxer != "matroska" else []),
    ]


def _encoder(stream: Stream) -> list[str]:
    """The encoder that loses least of this picture."""
    colours = [
        part
        for option, name in COLOURS.items()
        if getattr(stream, name) not in {"", "unknown", "reserved"}
        for part in (option, getattr(stream, name))
    ]
    pixels = stream.pix_fmt
    if stream.codec_name == "prores" and stream.profile in PRORES_PROFILES:
        profile = PRORES_PROFILES[stream.profile]
        pixels = pixels if pixels in PRORES_FORMATS else "yuv444p10le"
        return ["-c:v", "prores_ks", "-profile:v", profile, "-pix_fmt", pixels, *colours]
    if stream.codec_name == "hevc":
        pixels = pixels if pixels in H265_FORMATS else _nearest(pixels)
        quiet = ("-x265-params", "log-level=error")
        return ["-c:v", "libx265", *quiet, "-tag:v", "hvc1", *QUALITY, "-pix_fmt", pixels, *colours]
    pixels = pixels if pixels in H264_FORMATS else _nearest(pixels)
    return ["-c:v", "libx264", *QUALITY, "-pix_fmt", pixels, *colours]


def _nearest(pixels: str) -> str:
    """A usual format for an unusual one: deep stays deep."""
    return "yuv422p10le" if any(depth in pixels for depth in ("10", "12", "16")) else "yuv420p"


def _sounds(report: Report) -> list[tuple[str, int]]:
    return [
        (each.codec_name, each.channels)
        for each in report.streams
        if each.codec_type == "audio" and each.codec_name
    ]
