"""
Small pictures of files, made once and kept by content: `<cache>/ab/<sha256>.jpg`.

Nothing of the original comes along but what is to be seen: no place, no camera, no time. Not every
file has a picture, and a damaged one never will; both are answers, not errors.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import anyio.to_thread
from msgspec.structs import replace

from adapters.disk.atomic import replace_file
from adapters.disk.errors import named
from adapters.files import pictures
from adapters.files.probe import PROBE_TIMEOUT_S, probe, read_report
from adapters.files.tool_errors import Gone, ToolFailed, ToolTimeout
from adapters.files.tools import GUARDS, Toolbox, file_url
from projections.media_facts import Facts, Thumbnail, facts_of, unreadable
from projections.media_names import Kind, kind_of
from projections.media_report import Report

WIDTH = 640
TIMEOUT_S = 25.0

SEEK_S = 1.0
"""Cameras begin with a jolt, and films with black."""

FRAMES_COMPARED = 24
"""The `thumbnail` filter keeps these, shrunk, and takes the most typical one."""

SQUEEZE_MAX = 4
"""How much wider or narrower than its pixels a picture may be shown. Real ones stay below 2."""

DECODER_THREADS = "2"
"""Each one more holds another frame in memory."""

HEIGHT_TO_WIDTH_MAX = 2
"""As for images: scrolls stay small."""

JPEG_SCALE = "3"
"""ffmpeg's 2 to 31, where less is better; 3 is about Pillow's 85."""

FILE_MODE = 0o600
"""The cache belongs to the daemon, which serves what is in it."""

JPEG_END = b"\xff\xd9"


class Made(NamedTuple):
    """What became of it, and if it failed a sentence about why."""

    result: Thumbnail
    problem: str = ""


class Try(NamedTuple):
    """One way to get a picture out of a video."""

    seek_s: float
    typical: bool
    timeout_s: float


def thumbnail_path(cache: Path, sha256: str) -> Path:
    """Where the small picture of some content is kept."""
    return cache / sha256[:2] / f"{sha256}.jpg"


def tries(duration_s: float | None, timeout_s: float, seek_s: float = SEEK_S) -> list[Try]:
    """
    Ways to get a picture out of a video, best first: a typical frame after the jolt at the start,
    then whatever comes first, then the same with patience.
    """
    return [
        Try(min(seek_s, (duration_s or 0.0) / 10), typical=True, timeout_s=timeout_s),
        Try(0.0, typical=False, timeout_s=timeout_s),
        Try(0.0, typical=False, timeout_s=3 * timeout_s),
    ]


def frame_arguments(path: Path, stream: int, attempt: Try, *, width: int) -> list[str]:
    """What ffmpeg is told, to write one small JPEG of a stream to its standard output."""
    shown = f"max(2,trunc(iw*clip(sar,{1 / SQUEEZE_MAX},{SQUEEZE_MAX})))"
    box = f"w='min({width},iw)':h='min({HEIGHT_TO_WIDTH_MAX * width},ih)'"
    filters = [
        f"scale=w='{shown}':h=ih",
        f"scale={box}:force_original_aspect_ratio=decrease",
        "setsar=1",
        *([f"thumbnail=n={FRAMES_COMPARED}"] if attempt.typical else []),
    ]
    seek = ("-ss", f"{attempt.seek_s:.3f}") if attempt.seek_s else ()
    return [
        *("-threads", DECODER_THREADS, *seek, *GUARDS, "-i", file_url(path)),
        *("-map", f"0:{stream}", "-map_metadata", "-1", "-frames:v", "1"),
        *("-vf", ",".join(filters), "-pix_fmt", "yuvj420p", "-q:v", JPEG_SCALE),
        *("-flags:v", "+bitexact", "-f", "mjpeg", "pipe:1"),
    ]


async def make_thumbnail(
    path: Path,
    kind: Kind,
    target: Path,
    *,
    tools: Toolbox,
    width: int = WIDTH,
    timeout_s: float = TIMEOUT_S,
    seek_s: float = SEEK_S,
    report: Report | None = None,
) -> Made:
    """
    Makes the small picture of a file at `target`, which then is whole or not there at all. Who has
    ffprobe's report of the file already may hand it in.

    Raises:
        ToolMissing: ffmpeg is not installed.
        Gone: the file is not there any more.
        FilesError: the cache cannot be written.
    """
    if await anyio.to_thread.run_sync(target.exists):
        return Made("made")
    try:
        if kind == "image":
            data = await _of_image(path, tools, width, timeout_s)
        elif kind in {"audio", "video"}:
            report = report or await read_report(path, tools=tools)
            ways = tries(report.duration_s, timeout_s, seek_s)
            data = await _of_stream(path, report, tools, width=width, ways=ways)
        else:
            return Made("none")
    except (ToolFailed, ToolTimeout, pictures.Unreadable) as error:
        if not await anyio.to_thread.run_sync(path.exists):
            raise Gone from error
        return Made("failed", str(error))
    if not data:
        return Made("none")
    await anyio.to_thread.run_sync(_keep, target, data)
    return Made("made")


async def study(
    path: Path,
    target: Path,
    *,
    tools: Toolbox,
    name: str = "",
    width: int = WIDTH,
    probe_timeout_s: float = PROBE_TIMEOUT_S,
    thumbnail_timeout_s: float = TIMEOUT_S,
    seek_s: float = SEEK_S,
) -> Facts:
    """
    The facts of a file, and what became of its small picture among them. ffprobe is asked once.

    Raises:
        ToolMissing: ffmpeg or ffprobe is not installed.
        Gone: the file is not there any more.
        FilesError: the cache cannot be written.
    """
    name = name or path.name
    kind = kind_of(name)
    report = None
    if kind in {"audio", "video"}:
        try:
            report = await read_report(path, tools=tools, timeout_s=probe_timeout_s)
        except (ToolFailed, ToolTimeout) as error:
            return replace(unreadable(str(error), name), thumbnail="failed")
        facts = facts_of(report, name)
    else:
        facts = await probe(path, tools=tools, name=name, timeout_s=probe_timeout_s)
    if facts.problem:
        return replace(facts, thumbnail="failed")
    made = await make_thumbnail(
        path,
        kind,
        target,
        tools=tools,
        width=width,
        timeout_s=thumbnail_timeout_s,
        seek_s=seek_s,
        report=report,
    )
    return replace(facts, thumbnail=made.result, problem=made.problem)


async def _of_image(path: Path, tools: Toolbox, width: int, timeout_s: float) -> bytes:
    try:
        return await tools.in_worker(pictures.shrink, str(path), width, timeout_s=timeout_s)
    except FileNotFoundError as error:
        raise Gone from error


async def _of_stream(
    path: Path, report: Report, tools: Toolbox, *, width: int, ways: Sequence[Try]
) -> bytes:
    """A picture of what moves, or else the cover; nothing if there is neither."""
    if report.moving is not None:
        stream = report.moving
    elif report.cover is not None:
        stream, ways = report.cover, ways[1:]  # a still has but one frame
    else:
        return b""
    problem: Exception | None = None
    for way in ways:
        arguments = frame_arguments(path, stream.index, way, width=width)
        try:
            data = await tools.ffmpeg(arguments, timeout_s=way.timeout_s)
        except (ToolFailed, ToolTimeout) as error:
            problem = error
            continue
        if data.endswith(JPEG_END):
            return data
    raise problem or ToolFailed("No frame of it can be decoded.")


def _keep(target: Path, data: bytes) -> None:
    """Puts the picture in its place at once, and whole even if the power fails."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            replace_file(folder, target.name, [data], mode=FILE_MODE)
        finally:
            os.close(folder)
    except OSError as error:
        raise named(error, "The cache of thumbnails") from error
