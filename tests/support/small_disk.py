"""A real file system of a few megabytes in memory, to be filled up and freed again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HINT = "mounting a small tmpfs needs root: run this test in a container to see it"


class SmallDisk:
    """A mounted tmpfs; `ballast` is the file that fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Takes every byte that is left."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (65_536, 4_096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def free(self) -> None:
        """Gives the space back."""
        self._ballast.unlink()


@contextmanager
def small_disk(folder: Path, *, size_bytes: int) -> Iterator[SmallDisk]:
    """Mounts one at a folder; without the right to, the test is skipped, or fails in CI."""
    folder.mkdir(parents=True)
    options = f"size={size_bytes},mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "playhead-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        if os.environ.get("CI") == "true":
            pytest.fail(HINT)
        pytest.skip(HINT)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
