"""A real Litestream with the configuration that is shipped, for tests."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from support.checkout import ROOT

EXAMPLE = ROOT / "ops" / "packaging" / "litestream.yml"
EXAMPLE_LOG = "/var/lib/playhead/log.db"
EXAMPLE_REPLICA = "/mnt/other-disk/playhead"
HINT = "run `ops/install litestream` to run this test"

RESTORE_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
COPY_TIMEOUT_S = 40.0
LOOK_EVERY_S = 0.2
"""It copies once a second."""


def require_litestream() -> str:
    """Its path. Without it the test fails in CI and is skipped elsewhere."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which("litestream", path=places)
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(HINT)
    pytest.skip(HINT)


class Litestream:
    """
    The process that copies the log of a data directory as it grows; use it as a context manager.

    Args:
        data: the data directory.
        folder: for its configuration, its output and the copy.
    """

    def __init__(self, data: Path, folder: Path) -> None:
        self._program = require_litestream()
        self._log = data / "log.db"
        self._configuration = folder / "litestream.yml"
        self._output = folder / "litestream.log"
        text = EXAMPLE.read_text(encoding="utf-8")
        for shipped, ours in ((EXAMPLE_LOG, self._log), (EXAMPLE_REPLICA, folder / "replica")):
            assert f"path: {shipped}\n" in text
            text = text.replace(f"path: {shipped}\n", f"path: {ours}\n")
        self._configuration.write_text(text, encoding="utf-8")
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [self._program, "replicate", "-config", self._configuration],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        """All that it wrote."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def restore(self, data: Path, *, at: str | None = None) -> bool:
        """
        Puts the copy into a data directory, as of a moment or the latest; whether there is one.
        What was there before is replaced.
        """
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        words = ["restore", "-config", str(self._configuration), "-o", str(data / "log.db")]
        words += ["-timestamp", at] if at else []
        done = subprocess.run(
            [self._program, *words, str(self._log)],
            capture_output=True,
            timeout=RESTORE_TIMEOUT_S,
            check=False,
        )
        return done.returncode == 0

    def restore_when(self, data: Path, is_enough: Callable[[Path], bool]) -> None:
        """Restores the latest until it is enough; fails with what Litestream said if never."""
        for _ in range(int(COPY_TIMEOUT_S / LOOK_EVERY_S)):
            if self.restore(data) and is_enough(data):
                return
            time.sleep(LOOK_EVERY_S)
        raise AssertionError(f"The copy never held what it should:\n{self.said}")

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()
