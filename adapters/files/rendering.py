"""
Has ffmpeg write a file at a place that is free, and leaves nothing there if that fails.

Hashing, syncing and renaming what was written is the business of whoever asked for it.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import anyio
import anyio.to_thread

from adapters.disk.errors import DiskFull, named
from adapters.files.probe import read_report
from adapters.files.tool_errors import ToolFailed, WrongResult
from adapters.files.tools import Toolbox, file_url
from projections.media_report import Report

PROGRESS_EVERY_S = "0.5"
NO_SPACE = "No space left on device"
FULL_BYTES = 64 * 1024
"""With less than this left, nothing can be written that is worth it."""

Progress: TypeAlias = Callable[[float, float], None]
"""Is told the seconds that are done, and all there are. It must not raise."""

Check: TypeAlias = Callable[[Report], str]
"""Says what is wrong with a file that was written; "" if nothing is."""


async def render(
    arguments: Sequence[str],
    part: Path,
    *,
    muxer: str,
    tools: Toolbox,
    timeout_s: float,
    duration_s: float,
    progress: Progress | None,
    check: Check,
    pass_fds: Sequence[int] = (),
) -> None:
    """
    Runs ffmpeg with arguments that want nothing but an output, which becomes `part`.

    Raises:
        NameTaken: there is something at `part` already; it is untouched.
        DiskFull: there is no room for it.
        WrongResult: `check` was not content with it.
        ToolMissing, ToolFailed, ToolTimeout: as they say.
    """

    def listen(line: str) -> None:
        done_s = seconds_done(line)
        if progress is not None and done_s is not None:
            progress(min(done_s, duration_s), duration_s)

    output = ("-progress", "pipe:1", "-stats_period", PROGRESS_EVERY_S, "-f", muxer)
    command = ("-y", *arguments, *output, file_url(part))
    await anyio.to_thread.run_sync(_claim, part)
    accepted = False
    try:
        await tools.ffmpeg(command, timeout_s=timeout_s, on_line=listen, pass_fds=pass_fds)
        await _inspect(part, tools, check)
        accepted = True
    except ToolFailed as error:
        if NO_SPACE in str(error) or await anyio.to_thread.run_sync(_is_full, part):
            raise DiskFull("There is no room for the new file on its disk.") from error
        raise
    finally:
        if not accepted:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_remove, part)


async def _inspect(part: Path, tools: Toolbox, check: Check) -> None:
    try:
        wrong = check(await read_report(part, tools=tools))
    except ToolFailed as error:
        raise WrongResult(f"The new file was thrown away: {error}") from error
    if wrong:
        raise WrongResult(f"The new file was thrown away: {wrong}.")


def seconds_done(line: str) -> float | None:
    """How far ffmpeg says it is, if this line of `-progress` is about that."""
    key, _, value = line.strip().partition("=")
    if key != "out_time_us" or not value.isdecimal():
        return None
    return int(value) / 1_000_000


def _claim(part: Path) -> None:
    """Makes the file, so that ffmpeg overwrites nobody's but ours."""
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
    except OSError as error:
        raise named(error, "The unfinished file") from error


def _is_full(part: Path) -> bool:
    """Whether the disk is: the last words of a tool are not always about that."""
    try:
        found = os.statvfs(part)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < FULL_BYTES


def _remove(part: Path) -> None:
    part.unlink(missing_ok=True)
