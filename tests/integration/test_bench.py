"""The measurements of sync, tried with next to nothing to do: every figure comes out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.mpv import require_program

TESTS = Path(__file__).resolve().parents[1]
RUN_TIMEOUT_S = 100.0
FIGURES = [
    "webhooks taken, requests/s",
    "webhook to write at rest, median, ms",
    "its p99, ms",
    "20 webhooks drained onto two servers, webhooks/s",
    "its requests per webhook at a target",
    "import of 120 items on three servers, s",
    "sweep of 120 items on three servers, nothing new, s",
    "start until the first write, s",
]


@pytest.mark.slow
def test_sync_is_measured(tmp_path):
    """
    Every notification that was acknowledged is in the log; each leads to a write at the other
    servers, one by one and many at once; three servers are imported and swept again, and daemons
    start on what was imported.
    """
    require_program("wrk", "install wrk (Debian: apt-get install wrk) to run this test")
    command = [sys.executable, "-m", "bench", "--quick", "--workdir", str(tmp_path)]
    done = subprocess.run(
        [*command, "webhooks", "latency", "drain", "sweep"],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert [] == [figure for figure in FIGURES if figure not in done.stdout]
