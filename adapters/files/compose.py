"""
Joins clips into one MP4.

Clips that were recorded alike are joined as they are, which takes no longer than copying them and
loses nothing. All others are decoded, fitted into the size and the pace of the first one, and
encoded again. `plan` decides which, as data; `compose` does it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from adapters.files.probe import read_report
from adapters.files.rendering import Progress, render
from adapters.files.tool_errors import ToolFailed, Unsuitable, WrongResult
from adapters.files.tools import DEMUXERS, GUARDS, Toolbox, file_url
from projections.media_report import Report, Stream

Mode: TypeAlias = Literal["auto", "copy", "encode"]
ModeUsed: TypeAlias = Literal["copy", "encode"]

INPUTS_MAX = 200
"""When they are encoded, each is an open file with a decoder."""

TIMEOUT_S = 6 * 3_600.0
SIZE_MAX = 8_192
"""Pixels of an edge, as far as H.264 goes."""

FPS_MAX = Fraction(120)
FPS_UNKNOWN = Fraction(30)
FPS_USUAL = (
    *(Fraction(24_000, 1_001), Fraction(24), Fraction(25), Fraction(30_000, 1_001), Fraction(30)),
    *(Fraction(48), Fraction(50), Fraction(60_000, 1_001), Fraction(60), Fraction(100)),
    *(Fraction(120_000, 1_001), Fraction(120)),
)
FPS_TOLERANCE = Fraction(1, 2_000)
"""24 and 23.976 are a thousandth apart; a phone's average rate is that far off, at worst."""

SQUEEZE_MAX = Fraction(4)
"""How much wider or narrower than its pixels a picture may be shown. Real ones stay below 2."""

SHORTER_BY_MAX = 0.02
SHORTER_S_MAX = 0.5
"""Rounding, once a clip. When a clip is missing or cannot be decoded, more is."""

SILENCE_S_MIN = 0.01
SOUND = "aresample=48000,aformat=sample_fmts=fltp:channel_layouts=stereo"
SILENCE = "anullsrc=channel_layout=stereo:sample_rate=48000"

ENCODERS = (
    *("-c:v", "libx264", "-preset", "fast", "-crf", "20", "-pix_fmt", "yuv420p"),
    *("-c:a", "aac", "-b:a", "192k"),
)


class Clip(NamedTuple):
    """An input: where it is, and what ffprobe says of it."""

    path: Path
    report: Report


class Plan(NamedTuple):
    """How clips will be joined: `arguments` for ffmpeg, and the script that it reads, if any."""

    mode: ModeUsed
    arguments: list[str]
    script: str
    duration_s: float


class Composed(NamedTuple):
    """What became of the clips."""

    mode: ModeUsed
    duration_s: float


async def compose(
    inputs: Sequence[Path],
    part: Path,
    *,
    tools: Toolbox,
    mode: Mode = "auto",
    timeout_s: float = TIMEOUT_S,
    progress: Progress | None = None,
) -> Composed:
    """
    Joins clips into a new MP4 at `part`. If that fails, nothing is there.

    Raises:
        Unsuitable: one cannot be read or joined, or not without encoding.
        WrongResult: what came out is not all of them, and was removed.
        Gone: a clip is not there.
        NameTaken: there is something at `part` already; it is untouched.
        DiskFull: there is no room for it.
        ToolMissing, ToolFailed, ToolTimeout: as they say.
    """
    check_inputs(inputs)
    clips = [await _read(path, tools) for path in inputs]
    first = plan(clips, mode=mode)
    try:
        return await _run(first, part, tools, timeout_s=timeout_s, progress=progress)
    except (ToolFailed, WrongResult):
        if mode != "auto" or first.mode == "encode":
            raise
    # What was recorded alike need not fit into an MP4: uncompressed sound, for one.
    second = plan(clips, mode="encode")
    return await _run(second, part, tools, timeout_s=timeout_s, progress=progress)


def check_inputs(inputs: Sequence[Path]) -> None:
    """
    Raises:
        Unsuitable: there are none or too many, or a name cannot stand in a script.
    """
    if not 1 <= len(inputs) <= INPUTS_MAX:
        raise Unsuitable(f"From 1 to {INPUTS_MAX} clips can be joined, not {len(inputs)}.")
    for path in inputs:
        if any(character in str(path) for character in "\n\r\0"):
            raise Unsuitable(f"The name {path.name!r} holds a line break.", hint="Rename the file.")


def plan(clips: Sequence[Clip], *, mode: Mode) -> Plan:
    """
    How these clips are joined.

    Raises:
        Unsuitable: one has no picture, or they differ and may not be encoded.
    """
    for clip in clips:
        if clip.report.moving is None or not clip.report.moving.codec_name:
            raise Unsuitable(f"{clip.path.name!r} holds no moving picture that can be read.")
    duration_s = sum(clip.report.duration_s or 0.0 for clip in clips)
    alike = len({signature(clip.report) for clip in clips}) == 1
    if mode == "copy" and not alike:
        raise Unsuitable(
            "These clips were not recorded alike and cannot be joined without encoding them.",
            hint="Use mode auto or encode.",
        )
    if mode == "encode" or not alike:
        return Plan("encode", encode_arguments(clips), "", duration_s)
    script = concat_script([clip.path for clip in clips])
    return Plan("copy", copy_arguments(clips[0].report), script, duration_s)


def signature(report: Report) -> tuple[object, ...]:
    """What has to be the same for clips to be joined as they are."""
    picture, sound = report.moving, report.sound
    return (_picture_signature(picture), _sound_signature(sound))


def _picture_signature(stream: Stream | None) -> tuple[object, ...]:
    if stream is None:
        return ()
    return (
        *(stream.index, stream.codec_name, stream.codec_tag_string, stream.profile),
        stream.extradata_hash,
        *(stream.pix_fmt, stream.width, stream.height, stream.rotation_degrees),
        *(stream.sample_aspect_ratio, stream.display_aspect_ratio, stream.time_base),
        *(stream.color_range, stream.color_space, stream.color_transfer, stream.color_primaries),
    )


def _sound_signature(stream: Stream | None) -> tuple[object, ...]:
    if stream is None:
        return ()
    return (
        *(stream.index, stream.codec_name, stream.codec_tag_string, stream.profile),
        stream.extradata_hash,
        *(stream.sample_rate, stream.channels, stream.channel_layout),
    )


def difference(work: Plan, made: Report) -> str:
    """What is wrong with a joined clip; "" if nothing can be seen."""
    if made.moving is None:
        return "it holds no moving picture"
    duration_s = made.duration_s or 0.0
    if duration_s < work.duration_s * (1 - SHORTER_BY_MAX) - SHORTER_S_MAX:
        return f"it lasts {duration_s} s, not {work.duration_s} s"
    return ""


def concat_script(paths: Sequence[Path]) -> str:
    """
    What ffmpeg's concat demuxer reads. Inside single quotes nothing has a meaning but the quote,
    which therefore ends them, stands escaped, and begins new ones.
    """
    names = [file_url(path).replace("'", r"'\''") for path in paths]
    return "".join(f"file '{name}'\n" for name in names)


def copy_arguments(report: Report) -> list[str]:
    """What ffmpeg is told between its input, the script, and its output."""
    picture, sound = report.moving, report.sound
    assert picture is not None
    streams = [picture.index, *([sound.index] if sound else [])]
    maps = [part for index in streams for part in ("-map", f"0:{index}")]
    # Without this tag, which only MP4 and MOV carry along, Apple's players show no HEVC.
    untagged = picture.codec_name == "hevc" and picture.codec_tag_string.startswith("[")
    return [*maps, "-c", "copy", *(["-tag:v", "hvc1"] if untagged else [])]


def encode_arguments(clips: Sequence[Clip]) -> list[str]:
    """What ffmpeg is told before its output: the clips, and how each is made to fit the first."""
    first = clips[0].report.moving
    assert first is not None
    size, pace = frame_size(first), pace_of(first)
    with_sound = any(clip.report.sound for clip in clips)
    chains, labels = [], ""
    for number, clip in enumerate(clips):
        chains.append(_picture_chain(number, clip.report, size, pace))
        labels += f"[v{number}]"
        if with_sound:
            chains.append(_sound_chain(number, clip.report))
            labels += f"[a{number}]"
    sound = int(with_sound)
    chains.append(f"{labels}concat=n={len(clips)}:v=1:a={sound}[v]{'[a]' * sound}")
    inputs = [part for clip in clips for part in (*GUARDS, "-i", file_url(clip.path))]
    maps = ["-map", "[v]", *(["-map", "[a]"] if with_sound else [])]
    return [*inputs, "-filter_complex", ";".join(chains), *maps, *ENCODERS]


def frame_size(stream: Stream) -> tuple[int, int]:
    """The size a picture is looked at in, in even numbers that H.264 can have."""
    width, height = _shown(stream)
    return fitted((width, height), (min(_even(width), SIZE_MAX), min(_even(height), SIZE_MAX)))


def fitted(size: tuple[int, int], frame: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the same shape that fits into a frame, in even numbers."""
    factor = min(Fraction(frame[0], size[0]), Fraction(frame[1], size[1]))
    width, height = (_even(round(edge * factor)) for edge in size)
    return min(width, frame[0]), min(height, frame[1])


def pace_of(stream: Stream) -> Fraction:
    """Frames a second: the rate that was meant, where a camera's own is a little off."""
    over, _, under = (stream.avg_frame_rate or stream.r_frame_rate).partition("/")
    if not (over.isdecimal() and int(over) and (under or "1").isdecimal() and int(under or "1")):
        return FPS_UNKNOWN
    exact = min(Fraction(int(over), int(under or "1")), FPS_MAX)
    usual = min(FPS_USUAL, key=lambda rate: abs(rate - exact))
    return usual if abs(usual - exact) / usual < FPS_TOLERANCE else exact.limit_denominator(1001)


def _shown(stream: Stream) -> tuple[int, int]:
    """A picture's size with square pixels, upright."""
    over, _, under = stream.sample_aspect_ratio.partition(":")
    known = over.isdecimal() and under.isdecimal() and int(over) and int(under)
    claimed = Fraction(int(over), int(under)) if known else Fraction(1)
    squeeze = min(max(claimed, 1 / SQUEEZE_MAX), SQUEEZE_MAX)
    width, height = max(1, round(stream.width * squeeze)), max(1, stream.height)
    return (height, width) if stream.rotation_degrees in {90, 270} else (width, height)


def _even(edge: int) -> int:
    return max(2, edge // 2 * 2)


def _picture_chain(number: int, report: Report, frame: tuple[int, int], pace: Fraction) -> str:
    stream = report.moving
    assert stream is not None
    width, height = fitted(_shown(stream), frame)
    return (
        f"[{number}:{stream.index}]scale={width}:{height},setsar=1,"
        f"pad={frame[0]}:{frame[1]}:(ow-iw)/2:(oh-ih)/2,"
        f"fps={pace.numerator}/{pace.denominator},format=yuv420p[v{number}]"
    )


def _sound_chain(number: int, report: Report) -> str:
    if report.sound is not None:
        return f"[{number}:{report.sound.index}]{SOUND}[a{number}]"
    duration_s = max(report.duration_s or 0.0, SILENCE_S_MIN)
    return f"{SILENCE},atrim=duration={duration_s:.6f},{SOUND}[a{number}]"


async def _read(path: Path, tools: Toolbox) -> Clip:
    try:
        return Clip(path, await read_report(path, tools=tools))
    except ToolFailed as error:
        raise Unsuitable(f"{path.name!r} cannot be joined: {error}") from error


async def _run(
    work: Plan, part: Path, tools: Toolbox, *, timeout_s: float, progress: Progress | None
) -> Composed:
    with _script(work.script) as descriptors:
        inputs = [argument for number in descriptors for argument in _script_arguments(number)]
        await render(
            [*inputs, *work.arguments, "-map_metadata", "-1", "-movflags", "+faststart"],
            part,
            muxer="mp4",
            tools=tools,
            timeout_s=timeout_s,
            duration_s=work.duration_s,
            progress=progress,
            pass_fds=descriptors,
            check=lambda made: difference(work, made),
        )
    return Composed(work.mode, work.duration_s)


def _script_arguments(descriptor: int) -> list[str]:
    guards = ("-protocol_whitelist", "file", "-format_whitelist", f"{DEMUXERS},concat")
    script = file_url(Path(f"/proc/self/fd/{descriptor}"))
    return [*guards, "-f", "concat", "-safe", "0", "-i", script]


@contextmanager
def _script(text: str) -> Iterator[list[int]]:
    """The script as a file in memory: the names of clips need no file that could be left behind."""
    if not text:
        yield []
        return
    descriptor = os.memfd_create("clips")
    try:
        os.write(descriptor, text.encode("utf-8", "surrogateescape"))
        yield [descriptor]
    finally:
        os.close(descriptor)
