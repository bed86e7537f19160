"""Measurements of sync and players, tried with next to nothing to do: every figure comes out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.mpv import require_program

TESTS = Path(__file__).resolve().parents[1]
RUN_TIMEOUT_S = 100.0
SYNC_FIGURES = [
    "webhooks taken, requests/s",
    "webhook to write at rest, median, ms",
    "its p99, ms",
    "20 webhooks drained onto two servers, webhooks/s",
    "its requests per webhook at a target",
    "import of 120 items on three servers, s",
    "sweep of 120 items on three servers, nothing new, s",
    "start until the first write, s",
]
PLAYER_FIGURES = [
    "arrival of a file to its entry among 20, median, ms",
    "a list of 22 filled around what plays, commands | 21 |",
    "its last entry brought back from the front, commands | 1 |",
    "a look that finds all in line, commands | 0 |",
    "processor at rest, 22 files, percent of a core",
    "resident memory at rest, MiB",
]


def printed(workdir, *names):
    """What the measurements of these names print."""
    command = [sys.executable, "-m", "bench", "--quick", "--workdir", str(workdir)]
    done = subprocess.run(
        [*command, *names],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_sync_is_measured(tmp_path):
    """
    Every notification that was acknowledged is in the log; each leads to a write at the other
    servers, one by one and many at once; three servers are imported and swept again, and daemons
    start on what was imported.
    """
    require_program("wrk", "install wrk (Debian: apt-get install wrk) to run this test")
    told = printed(tmp_path, "webhooks", "latency", "drain", "sweep")

    assert [] == [figure for figure in SYNC_FIGURES if figure not in told]


@pytest.mark.slow
def test_players_are_measured(tmp_path):
    """
    Files arrive in the playlist of a real mpv; a list that was emptied is filled, and one entry put
    back, with the fewest commands.
    """
    require_program("mpv", "install mpv (Debian: apt-get install mpv) to run this test")
    told = printed(tmp_path, "players")

    assert [] == [figure for figure in PLAYER_FIGURES if figure not in told]
