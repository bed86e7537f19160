"""
An organizer killed at any moment of its work: no file is lost, and the next look finishes what was
begun. At worst, an event is missing.
"""

import signal
import subprocess
import sys

import pytest

from support.mpv import require_program
from support.organized import Organized
from support.roots import CHILD_OPTIONS, CHILD_TIMEOUT_S

STRACE_HINT = "install strace (Debian: apt-get install strace) to run this test"
NAME = "the.show.s01e05.title.720p"
NEW = "The.Show/The.Show.S01E05.Title"
BEFORE = {f"{NAME}.mkv": b"film", f"{NAME}.de.srt": b"words", f"{NAME}.nfo": b"notes"}
AFTER = {
    "The.Show/": b"",
    f"{NEW}.mkv": b"film",
    f"{NEW}.de.srt": b"words",
    f"{NEW}.nfo": b"notes",
}

WORK = """
import os, signal, sys
from pathlib import Path
import anyio
from support.organized import Organized
downloads = Organized(Path(sys.argv[1]))
def killed(command):
    if type(command.event).__name__ == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
downloads.desk.before = killed
async def work():
    await downloads.work()
    await downloads.undo()
anyio.run(work)
"""


@pytest.fixture
def downloads(tmp_path):
    """A directory with an episode, its subtitles and its notes."""
    found = Organized(tmp_path / "downloads")
    for name, content in BEFORE.items():
        found.put(name, content)
    return found


def killed(folder, event, *prefix):
    """An organizer at work in a process of its own, which does not live to its end."""
    command = [*prefix, sys.executable, "-c", WORK, str(folder), event]
    done = subprocess.run(
        command, check=False, capture_output=True, timeout=CHILD_TIMEOUT_S, **CHILD_OPTIONS
    )
    assert -signal.SIGKILL == done.returncode, done.stderr


async def test_killed_between_the_move_and_its_record(downloads):
    """Everything is filed, and the next look leaves it so."""
    killed(downloads.folder, "FileFiled")
    after = downloads.files()
    await downloads.work()

    assert AFTER == after
    assert AFTER == downloads.files()


async def test_killed_between_putting_back_and_its_record(downloads):
    """Everything is back. Nobody knows that it was wanted so, and the next look files it again."""
    killed(downloads.folder, "FileUnfiled")
    after = downloads.files()
    await downloads.work()

    assert BEFORE == after
    assert AFTER == downloads.files()


@pytest.mark.parametrize("rename", [1, 2, 3])
async def test_killed_at_each_rename(downloads, rename):
    """What went ahead waits where it is; the video, which goes last, goes after it."""
    strace = require_program("strace", STRACE_HINT)
    inject = f"inject=renameat2:signal=SIGKILL:when={rename}"
    killed(downloads.folder, "never", strace, "-f", "-qq", "-o", "/dev/null", "-e", inject)
    between = downloads.files()
    await downloads.work()

    assert sorted(BEFORE.values()) == sorted(each for each in between.values() if each)
    assert f"{NAME}.mkv" in between
    assert AFTER == downloads.files()
