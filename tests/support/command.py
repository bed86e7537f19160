"""
The `playhead` command as a process of its own, as a person or a unit file starts it; but where it
need not, it is spared the start of an interpreter.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from click.testing import CliRunner

from daemon.cli.main import cli
from projections.errors import PlayheadError
from support import forked

COMMAND = str(Path(sys.executable).with_name("playhead"))

RUN_TIMEOUT_S = 30.0


def playhead(
    *arguments: str | Path,
    folder: Path,
    code: int = 0,
    typed: str | bytes = b"",
    environment: Mapping[str, str] | None = None,
    own_interpreter: bool = False,
) -> subprocess.CompletedProcess[str]:
    """
    What the command said, in which `typed` was its standard input and `folder` where it was run.

    It is forked from an interpreter that is ready, unless the environment or `own_interpreter` asks
    for a start from nothing. Fails with all of its output when the exit code is not `code`.
    """
    data = typed.encode() if isinstance(typed, str) else typed
    words = [*map(str, arguments)]
    variables = {**os.environ, **(environment or {})}
    is_forked = not own_interpreter and forked.suffices(variables)
    start = forked.run if is_forked else _run
    done = start(words, environment=variables, folder=folder, typed=data, timeout_s=RUN_TIMEOUT_S)
    told = subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
    if done.returncode != code:
        raise AssertionError(
            f"playhead {' '.join(words)}: exit code {done.returncode},"
            f" expected {code}\n{told.stdout}{told.stderr}"
        )
    return told


def _run(
    words: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    typed: bytes,
    timeout_s: float,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [COMMAND, *words],
        cwd=folder,
        input=typed,
        capture_output=True,
        timeout=timeout_s,
        env=environment,
        check=False,
    )


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
