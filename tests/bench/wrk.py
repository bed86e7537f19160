"""
HTTP load from `wrk`, which leaves the second core to the server it measures.
"""

import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

CONNECTIONS = 32
ANSWER_TIMEOUT_S = 30

REPORTS = Path(__file__).with_name("load.lua")
_MARK = "SUMMARY "


class Load(msgspec.Struct, frozen=True):
    """What one run of wrk saw; `requests` were answered."""

    requests: int
    duration_s: float
    errors: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.duration_s


def post_reports(url: str, seconds: int) -> Load:
    """Reports positions over `CONNECTIONS` connections for that long, every one a new event."""
    return run(REPORTS, url, seconds, [str(random.randrange(2**31))])


def run(script: Path, url: str, seconds: int, arguments: Sequence[str]) -> Load:
    """One run of a script that ends with a line of JSON."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", f"--timeout={ANSWER_TIMEOUT_S}s"]
    command += ["-s", str(script), url, "--", *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    line = next(line for line in output.splitlines() if line.startswith(_MARK))
    return msgspec.json.decode(line.removeprefix(_MARK), type=Load)
