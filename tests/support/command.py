"""The `playhead` command as a process of its own, as a person or a unit file starts it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from click.testing import CliRunner

from daemon.cli.main import cli
from projections.errors import PlayheadError

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


def playhead_inside(
    *arguments: str | Path,
    data: Path,
    code: int = 0,
    typed: str | bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """
    The same on a data directory without a process of its own, which is ten times quicker; an error
    is told as the command tells it.
    """
    words = [*map(str, arguments), "--data", str(data)]
    variables = dict(environment or {})
    done = CliRunner().invoke(cli, words, input=typed, env=variables, prog_name="playhead")
    told, found = done.stderr, done.exit_code
    if isinstance(done.exception, PlayheadError):
        told = f"playhead: {done.exception}\n  {done.exception.hint}\n"
    elif done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    if found != code:
        raise AssertionError(f"playhead {words}: {found}, expected {code}\n{done.stdout}{told}")
    return subprocess.CompletedProcess(words, found, done.stdout, told)
