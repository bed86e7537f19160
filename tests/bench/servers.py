"""
Server processes to be measured: started, waited for by the line in which they tell their URL, and
ended whatever happens. Where a measurement is only tried, daemons are spared the start of an
interpreter.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Literal

import msgspec

from support.daemon import DaemonProcess

STOP_TIMEOUT_S = 30.0
MEBIBYTE = 1024 * 1024
KIBIBYTES_PER_MEBIBYTE = 1024
LINES_BEFORE_URL_MAX = 200

IS_TRIED = ContextVar("is_tried", default=False)
"""Whether nothing is measured."""

_CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Server(msgspec.Struct, frozen=True):
    """A running server."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Processor time it has used so far, all threads, in user mode and in the kernel."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS_PER_S

    def resident_mib(self) -> float:
        """Memory it holds now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * _PAGE_BYTES / MEBIBYTE

    def peak_mib(self) -> float:
        """The most memory it has held since its start."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (peak_kib,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        return peak_kib / KIBIBYTES_PER_MEBIBYTE


@contextmanager
def playhead(data: Path, configuration: Path | None = None) -> Iterator[Server]:
    """`playhead serve` as an operator starts it, on a data directory and a free port."""
    arguments = [] if configuration is None else ["--config", str(configuration)]
    if IS_TRIED.get():
        with DaemonProcess(data, arguments=arguments) as forked:
            yield Server(forked.url, forked.pid)
        return
    command = ["-m", "daemon", "serve", "--data", str(data), "--bind", "127.0.0.1:0"]
    with _running([*command, *arguments]) as server:
        yield server


@contextmanager
def echo(answer_bytes: int, *, kind: Literal["bare", "own"] = "bare") -> Iterator[Server]:
    """
    The baseline: an HTTP server with nothing behind it, answering with that many bytes. It is
    hypercorn as it comes, or the daemon's own.
    """
    with _running(["-m", "bench.echo", kind, str(answer_bytes)]) as server:
        yield server


@contextmanager
def _running(command: Sequence[str]) -> Iterator[Server]:
    process = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        url = _listening_url(process.stderr)
        drain = threading.Thread(target=_read_on, args=(process.stderr,), daemon=True)
        drain.start()
        yield Server(url, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _read_on(lines: IO[str]) -> None:
    """Nobody reads the log further on; a full pipe would stop the server. Problems are shown."""
    with lines:
        for line in lines:
            if '"level":"error"' in line.replace(" ", ""):
                sys.stderr.write(line)


def _listening_url(lines: IO[str]) -> str:
    """Both servers log one JSON object per line."""
    said = []
    for _ in range(LINES_BEFORE_URL_MAX):
        line = lines.readline()
        said.append(line)
        if line.startswith("{") and json.loads(line).get("event") == "listening":
            return str(json.loads(line)["url"])
        if not line:
            break
    raise RuntimeError("The server did not start:\n" + "".join(said))
