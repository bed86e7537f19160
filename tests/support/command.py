"""The `playhead` command as a process of its own, as a person or a unit file starts it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("playhead"))

RUN_TIMEOUT_S = 30.0


def playhead(
    *arguments: str | Path,
    folder: Path,
    code: int = 0,
    typed: str | bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """
    What the command said, in which `typed` was its standard input and `folder` where it was run.

    Fails with all of its output when the exit code is not `code`.
    """
    data = typed.encode() if isinstance(typed, str) else typed
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        cwd=folder,
        input=data,
        capture_output=True,
        timeout=RUN_TIMEOUT_S,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    told = subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
    if done.returncode != code:
        raise AssertionError(
            f"playhead {' '.join(map(str, arguments))}: exit code {done.returncode},"
            f" expected {code}\n{told.stdout}{told.stderr}"
        )
    return told
