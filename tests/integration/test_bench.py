"""The measurements of sync, tried with next to nothing to do: every figure comes out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
RUN_TIMEOUT_S = 100.0


def figures(folder: Path, name: str) -> str:
    """The table that a quick run of one measurement prints."""
    command = [sys.executable, "-m", "bench", "--quick", "--workdir", str(folder), name]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        command,
        cwd=TESTS.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_taking_webhooks_is_measured(tmp_path):
    """Every notification that was acknowledged is in the log."""
    if shutil.which("wrk") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("wrk is missing")
        pytest.skip("needs wrk: apt-get install wrk")

    table = figures(tmp_path, "webhooks")

    assert "webhooks taken, requests/s" in table


def test_latency_is_measured(tmp_path):
    """Each webhook leads to a write at the other server."""
    table = figures(tmp_path, "latency")

    assert "webhook to write at rest, median, ms" in table
    assert "its p99, ms" in table


def test_draining_is_measured(tmp_path):
    """All webhooks lead to writes at both other servers."""
    table = figures(tmp_path, "drain")

    assert "20 webhooks drained onto two servers, webhooks/s" in table
    assert "its requests per webhook at a target" in table


def test_sweeps_and_starts_are_measured(tmp_path):
    """Three servers are imported and swept again, and daemons start on what was imported."""
    table = figures(tmp_path, "sweep")

    assert "import of 120 items on three servers, s" in table
    assert "sweep of 120 items on three servers, nothing new, s" in table
    assert "start until the first write, s" in table
