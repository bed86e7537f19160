"""Roots of sources on real disks, for tests: one on this disk, one on another."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.files.parts import Part
from adapters.files.roots import Root
from projections.media_scan import Entry

IN_MEMORY = Path("/dev/shm")
HINT = "make /dev/shm a disk of its own (mount -t tmpfs shm /dev/shm) to run this test"
PROJECT = "P1-Shoot"
FOLDER = "ingest/originals"
FILE_MODE = 0o664
CHILD_TIMEOUT_S = 60.0
CHILD_OPTIONS: dict[str, Any] = {
    "cwd": Path(__file__).resolve().parents[2],
    "env": {**os.environ, "PYTHONPATH": os.pathsep.join([".", "tests"])},
}
"""So started, a child can import our modules and those of the tests."""


def claimed_root(path: Path, source: str = "nas", *, project: str = PROJECT) -> Root:
    """A directory that is the root of a source, with a project in it."""
    path.mkdir(parents=True, exist_ok=True)
    root = Root(path, source)
    root.claim(source)
    root.make_project(project)
    return root


@contextmanager
def other_disk(than: Path) -> Iterator[Path]:
    """An empty directory on another disk; without one the test is skipped, or fails in CI."""
    if not IN_MEMORY.is_dir() or IN_MEMORY.stat().st_dev == than.stat().st_dev:
        if os.environ.get("CI") == "true":
            pytest.fail(HINT)
        pytest.skip(HINT)
    with tempfile.TemporaryDirectory(prefix="playhead-", dir=IN_MEMORY) as folder:
        yield Path(folder)


def finished(root: Root, part_id: str, content: bytes) -> Part:
    """A part that is complete."""
    part = Part.create(root, part_id)
    part.write(content)
    part.finish(FILE_MODE)
    return part


def stored(root: Root, name: str, content: bytes, *, project: str = PROJECT) -> Entry:
    """A file of a project, as an upload puts it there."""
    return finished(root, "stored", content).place(project, FOLDER, name)


def names_in(folder: Path) -> list[str]:
    """The names in a directory, sorted."""
    return sorted(path.name for path in folder.iterdir())


def open_files_count() -> int:
    """How many descriptors this process has open."""
    return len(names_in(Path("/proc/self/fd")))


def files_under(folder: Path) -> dict[str, bytes]:
    """The content of all files beneath a directory by their relative paths, but for markers."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "root.json"
    }


CLEAN = """
import sys
from adapters.files.cleaning import clean
from adapters.files.roots import Root
print(clean(Root(sys.argv[1]), set(sys.argv[2:])))
"""


def cleaned_by_the_next_process(root: Root, *keep: str) -> int:
    """How many files a process that starts now removes when it begins its work."""
    return int(run_child(CLEAN, root.path, *keep).stdout)


def child(code: str, *arguments: object) -> list[str]:
    """The command that runs Python code in a process of its own; see `CHILD_OPTIONS`."""
    return [sys.executable, "-c", code, *map(str, arguments)]


def run_child(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs Python code in a process of its own, which may be told to die."""
    return subprocess.run(
        child(code, *arguments),
        capture_output=True,
        text=True,
        timeout=CHILD_TIMEOUT_S,
        check=False,
        **CHILD_OPTIONS,
    )
