"""
What is this file? Asks ffprobe about sound and video, and a worker about images.

A damaged file is nothing out of the ordinary: it has facts too, with a problem among them.
"""

from pathlib import Path

import anyio.to_thread

from adapters.files import pictures
from adapters.files.tool_errors import Gone, ToolFailed, ToolTimeout
from adapters.files.tools import GUARDS, Toolbox, file_url
from projections.media_facts import Facts, Picture, facts_of, facts_of_picture, unreadable
from projections.media_names import Kind, kind_of
from projections.media_report import Report, parse_report

PROBE_TIMEOUT_S = 30.0
"""Enough for a disk that has to wake up; ffprobe itself takes a twentieth of a second."""

DESCRIBE = ("-show_format", "-show_streams", "-show_data_hash", "md5", "-of", "json")


async def probe(
    path: Path,
    *,
    tools: Toolbox,
    name: str = "",
    kind: Kind | None = None,
    timeout_s: float = PROBE_TIMEOUT_S,
) -> Facts:
    """
    The facts of a file, which is judged by its own name unless it is given another one.

    Raises:
        ToolMissing: ffprobe is not installed.
        Gone: the file is not there any more.
    """
    name = name or path.name
    kind = kind or kind_of(name)
    if kind == "other":
        return unreadable("", name)
    try:
        if kind == "image":
            return facts_of_picture(await _picture(path, tools, timeout_s), name)
        return facts_of(await read_report(path, tools=tools, timeout_s=timeout_s), name)
    except (ToolFailed, ToolTimeout, pictures.Unreadable) as error:
        return unreadable(str(error), name)


async def read_report(path: Path, *, tools: Toolbox, timeout_s: float = PROBE_TIMEOUT_S) -> Report:
    """
    What ffprobe says of a file.

    Raises:
        ToolMissing, ToolTimeout: as they say.
        ToolFailed: it is no media file, or damaged.
        Gone: it is not there any more.
    """
    try:
        answer = await tools.ffprobe((*GUARDS, *DESCRIBE, file_url(path)), timeout_s=timeout_s)
    except ToolFailed as error:
        if not await anyio.to_thread.run_sync(path.exists):
            raise Gone from error
        raise
    try:
        return parse_report(answer)
    except ValueError as error:
        raise ToolFailed(f"{error}.") from error


async def _picture(path: Path, tools: Toolbox, timeout_s: float) -> Picture:
    try:
        return await tools.in_worker(pictures.look, str(path), timeout_s=timeout_s)
    except FileNotFoundError as error:
        raise Gone from error
