"""
Runs ffmpeg and ffprobe: no shell, no terminal, bounded output, a deadline, and nothing left behind.

A program gets its own process group, which is killed whole when the deadline passes or whoever
waits is cancelled; it also dies with the daemon. Work runs at low priority, so that a request comes
before a thumbnail. How many programs may run at once is the business of the limiter.
"""

import functools
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_process
import anyio.to_thread
from anyio.abc import ByteReceiveStream, Process

from adapters.files.tool_errors import ToolFailed, ToolMissing, ToolTimeout

OUTPUT_BYTES_MAX = 4 * 1024 * 1024
"""Nothing that is asked of a tool is longer; a damaged file could make it talk for ever."""

TAIL_BYTES = 8 * 1024
"""What is kept of a tool's complaints: the end, where the reason stands."""

COMPLAINT_CHARACTERS_MAX = 300
NICENESS = 10
TRYING_S = 5.0
"""How long a small program may take that does nothing."""
REAP_S = 5.0
"""How long a killed program may take to be gone. One that waits for a dead disk takes longer."""

DEMUXERS = (
    "aac,ac3,aiff,amr,ape,asf,avi,caf,dv,flac,flv,gif,gxf,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,"
    "mpegvideo,mxf,ogg,r3d,tta,w64,wav,webm,wv"
)
"""
Formats that hold their own sound and picture. Those that only point to other files or addresses
(playlists, concat scripts, numbered images) are not among them, whatever a file's name says.
"""

GUARDS = ("-protocol_whitelist", "file", "-format_whitelist", DEMUXERS)
"""Stand before every input: a file may not make the tool open another one, or the network."""

Line = Callable[[str], None]
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

_SPEAKER = re.compile(r"^(\[[^\]]* @ 0x[0-9a-f]+\] *)+")
_NOT_OURS = re.compile(r"Format not on whitelist '.*")
_VAGUE = ("Invalid data found when processing input", "Conversion failed!", "Invalid argument")


class Toolbox:
    """Where programs are found, and how many may run at once."""

    def __init__(
        self,
        limiter: anyio.CapacityLimiter,
        *,
        ffmpeg: str = "ffmpeg",
        ffprobe: str = "ffprobe",
    ) -> None:
        self.limiter = limiter
        self._ffmpeg = ffmpeg
        self._ffprobe = ffprobe

    async def ffprobe(self, arguments: Sequence[str], *, timeout_s: float) -> bytes:
        """What ffprobe answers; see `run`."""
        quiet = ("-v", "error", "-hide_banner")
        return await self.run(self._ffprobe, (*quiet, *arguments), timeout_s=timeout_s)

    async def ffmpeg(
        self,
        arguments: Sequence[str],
        *,
        timeout_s: float,
        output_bytes_max: int = OUTPUT_BYTES_MAX,
        on_line: Line | None = None,
        pass_fds: Sequence[int] = (),
    ) -> bytes:
        """What ffmpeg writes to its standard output; see `run`."""
        quiet = ("-v", "error", "-hide_banner", "-nostdin")
        return await self.run(
            self._ffmpeg,
            (*quiet, *arguments),
            timeout_s=timeout_s,
            output_bytes_max=output_bytes_max,
            on_line=on_line,
            pass_fds=pass_fds,
        )

    async def in_worker(
        self,
        function: Callable[[*Arguments], T],
        *arguments: *Arguments,
        timeout_s: float,
    ) -> T:
        """
        What a blocking function returns, called in a worker process that is killed if it does not
        return in time. Its exceptions come through. A process that breaks down is replaced once:
        it may have been killed while it had nothing to do.

        Raises:
            ToolTimeout: it took longer than `timeout_s`.
            ToolFailed: the process broke down twice.
        """
        try:
            async with self.limiter:
                with anyio.fail_after(timeout_s):
                    try:
                        return await _in_worker(function, *arguments)
                    except anyio.BrokenWorkerProcess:
                        return await _in_worker(function, *arguments)
        except TimeoutError as error:
            raise ToolTimeout(f"It took longer than {timeout_s:g} s.") from error
        except anyio.BrokenWorkerProcess as error:
            raise ToolFailed("The process that read the file broke down.") from error

    async def run(
        self,
        program: str,
        arguments: Sequence[str],
        *,
        timeout_s: float,
        output_bytes_max: int = OUTPUT_BYTES_MAX,
        on_line: Line | None = None,
        pass_fds: Sequence[int] = (),
    ) -> bytes:
        """
        What a program writes to its standard output. `on_line` is given each line instead, and
        then nothing is returned; it must not raise. Waiting for a place does not count as time.

        Raises:
            ToolMissing: it is not installed.
            ToolTimeout: it took longer than `timeout_s`.
            ToolFailed: it ended with an error, or said more than it may.
        """
        assert timeout_s > 0
        command = await anyio.to_thread.run_sync(_command, program, arguments)
        async with self.limiter:
            running = Running(Path(program).name, output_bytes_max, on_line)
            return await running.run(command, timeout_s, pass_fds)


async def _in_worker(function: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    alone = anyio.CapacityLimiter(1)  # the caller had a place already: no second queue
    return await anyio.to_process.run_sync(function, *arguments, cancellable=True, limiter=alone)


class Running:
    """One program, from its start to its end."""

    def __init__(self, name: str, output_bytes_max: int, on_line: Line | None) -> None:
        self._name = name
        self._output_bytes_max = output_bytes_max
        self._on_line = on_line
        self._output = bytearray()
        self._tail = bytearray()
        self._said_too_much = False

    async def run(self, command: Sequence[str], timeout_s: float, fds: Sequence[int]) -> bytes:
        """Starts the program and returns its output once it is gone."""
        process = await self._start(command, fds)
        status = None
        try:
            with anyio.move_on_after(timeout_s):
                status = await self._listen(process)
        finally:
            await _end(process)
        if self._said_too_much:
            raise ToolFailed(f"{self._name} wrote more than {self._output_bytes_max} bytes.")
        if status is None:
            raise ToolTimeout(f"{self._name} took longer than {timeout_s:g} s and was ended.")
        if status != 0:
            raise ToolFailed(f"{self._name} gave up: {self._complaint(command, status)}")
        return bytes(self._output)

    async def _start(self, command: Sequence[str], fds: Sequence[int]) -> Process:
        try:
            with anyio.CancelScope(shield=True):  # half a start could not be ended
                process = await anyio.open_process(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                    pass_fds=fds,
                )
        except OSError as error:
            raise ToolFailed(f"{self._name} could not be started: {error.strerror}.") from error
        return process

    async def _listen(self, process: Process) -> int | None:
        assert process.stdout is not None
        assert process.stderr is not None
        async with anyio.create_task_group() as readers:
            readers.start_soon(self._keep_tail, process.stderr)
            await self._collect(process.stdout)
            if self._said_too_much:
                readers.cancel_scope.cancel()
        return None if self._said_too_much else await process.wait()

    async def _collect(self, stream: ByteReceiveStream) -> None:
        async for chunk in stream:
            self._output += chunk
            if self._on_line is not None:
                *lines, rest = self._output.split(b"\n")
                for line in lines:
                    self._on_line(line.decode("utf-8", "replace"))
                self._output = bytearray(rest)
            if len(self._output) > self._output_bytes_max:
                self._said_too_much = True
                return

    async def _keep_tail(self, stream: ByteReceiveStream) -> None:
        async for chunk in stream:
            self._tail += chunk
            del self._tail[:-TAIL_BYTES]

    def _complaint(self, command: Sequence[str], status: int) -> str:
        text = self._tail.decode("utf-8", "replace")
        return complaint(text, command) or f"it ended with status {status}."


async def _end(process: Process) -> None:
    """Kills the program's whole group, unless it has ended by itself."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    with anyio.move_on_after(REAP_S, shield=True):
        await process.wait()
    if process.returncode is not None:
        with anyio.CancelScope(shield=True):
            await process.aclose()


def file_url(path: Path) -> str:
    """A path as the tools take it: never an option, never a pattern, never an address."""
    assert path.is_absolute(), path
    return f"file:{path}"


def complaint(stderr: str, command: Sequence[str] = ()) -> str:
    """
    The last line of a tool's complaints that says something, without paths and addresses in
    memory; "" if there is none.
    """
    lines = [_freed(line, command) for line in stderr.splitlines()]
    said = [line for line in lines if line]
    telling = [line for line in said if not line.endswith(_VAGUE)]
    found = (telling or said or [""])[-1][:COMPLAINT_CHARACTERS_MAX]
    return found if not found or found.endswith((".", "!")) else f"{found}."


def _freed(line: str, command: Sequence[str]) -> str:
    line = _NOT_OURS.sub("it is no format that is opened", _SPEAKER.sub("", line.strip()))
    for argument in command:
        if argument.startswith("file:"):
            path = argument.removeprefix("file:")
            line = line.replace(argument, "the file").replace(path, "the file")
    return line.strip()


def _command(program: str, arguments: Sequence[str]) -> list[str]:
    found = shutil.which(program)
    if found is None:
        raise ToolMissing(Path(program).name)
    return [*_prefix(), found, *arguments]


def _prefix() -> list[str]:
    """Small programs that turn into the tool: they set what it inherits."""
    wanted = (("setpriv", "--pdeathsig", "KILL", "--"), ("nice", "-n", str(NICENESS), "--"))
    found = ((shutil.which(program), options) for program, *options in wanted)
    return [word for path, options in found if path for word in _allowed(path, *options)]


@functools.cache
def _allowed(*command: str) -> tuple[str, ...]:
    """The same words if the program does what they say, none if it is not let, as in a sandbox."""
    true = shutil.which("true")
    if true is None:
        return ()
    trying = [*command, true]
    try:
        tried = subprocess.run(  # noqa: S603 - the words are ours
            trying, check=False, capture_output=True, timeout=TRYING_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return () if tried.returncode else command
