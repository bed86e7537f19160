"""Watching a root: what changes is told soon, whatever it takes, and our own work is not."""

import json
import os
import shutil
import subprocess
import sys
import traceback
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from adapters.disk.errors import Unreachable
from adapters.disk.watch import CHANGES_MAX, Pace, watch
from adapters.files.changes import EVERYTHING, Touched, WatchedRoot
from support.mpv import require_program, wait_until
from support.roots import CHILD_OPTIONS, FOLDER, PROJECT, child, claimed_root, stored

WAIT_S = 20.0
QUICK = Pace(gather_ms=200, step_ms=20, turn_ms=60, check_turns=3, poll_every_s=0.1, restart_s=0.05)
POLLING = Pace(
    gather_ms=200,
    step_ms=20,
    turn_ms=60,
    check_turns=3,
    poll_every_s=0.1,
    restart_s=0.05,
    always_polls=True,
)

WITHOUT_WATCHES = """
import json, sys
from contextlib import aclosing
from pathlib import Path
import anyio
from adapters.disk.watch import Pace, watch
from adapters.files.changes import WatchedRoot
from adapters.files.roots import Root
root = Root(sys.argv[1])
Path("/proc/sys/user", sys.argv[2]).write_text(sys.argv[3])
pace = Pace(gather_ms=200, step_ms=20, turn_ms=60, poll_every_s=0.1)
told, seen = [], []
async def scribble():
    while True:
        (root.path / "P1-Shoot" / "folder").mkdir(exist_ok=True)
        (root.path / "P1-Shoot" / "folder" / "clip.mov").write_bytes(b"clip")
        await anyio.sleep(0.1)
async def main():
    async with anyio.create_task_group() as tasks:
        async with aclosing(watch(WatchedRoot(root), pace=pace, tell=told.append)) as bundles:
            async for touched in bundles:
                if not seen:
                    tasks.start_soon(scribble)
                seen.extend(touched)
                if ("P1-Shoot", "folder/clip.mov") in seen:
                    break
        tasks.cancel_scope.cancel()
anyio.run(main)
print(json.dumps({"first": list(seen[0]), "told": told}))
"""
NAMESPACE_HINT = "allow user namespaces (sysctl user.max_user_namespaces) to run this test"


class Watched:
    """A watch in the background and what it has told so far."""

    def __init__(self):
        self.seen = set()
        self.told = []
        self._more = anyio.Event()

    async def follow(self, root, pace):
        """Gathers what is told."""
        async with aclosing(watch(WatchedRoot(root), pace=pace, tell=self.told.append)) as bundles:
            async for touched in bundles:
                self.seen |= touched
                self._more.set()
                self._more = anyio.Event()

    async def wait_for(self, touched):
        """Returns once something was told."""
        with anyio.fail_after(WAIT_S):
            while touched not in self.seen:
                await self._more.wait()


@asynccontextmanager
async def watched(root, pace=QUICK):
    """A watch that stands, with what it told at its start forgotten."""
    found = Watched()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(found.follow, root, pace)
        await found.wait_for(EVERYTHING)
        found.seen.clear()
        yield found
        tasks.cancel_scope.cancel()


@pytest.fixture
def root(tmp_path):
    """A root with a project."""
    return claimed_root(tmp_path / "root")


@pytest.fixture
def project(root):
    """The directory of the project."""
    return root.path / PROJECT


async def until_told(seen, project, path, folder):
    """Writes to a file until it is told: its folder may be watched in a moment only."""
    seen.seen.discard(Touched(project, path))
    with anyio.fail_after(WAIT_S):
        while Touched(project, path) not in seen.seen:
            (folder / path).write_bytes(b"clip")
            await anyio.sleep(0.05)


@pytest.mark.parametrize("pace", [QUICK, POLLING], ids=["inotify", "polling"])
async def test_change_is_told(root, project, pace):
    """A file that comes, one that is renamed, a new folder or project and what is in it."""
    async with watched(root, pace) as seen:
        (project / "a.mov").write_bytes(b"clip")
        await seen.wait_for(Touched(PROJECT, "a.mov"))
        (project / "a.mov").rename(project / "b.mov")
        await seen.wait_for(Touched(PROJECT, "b.mov"))
        (project / "deep" / "er").mkdir(parents=True)
        await seen.wait_for(Touched(PROJECT, None))
        await until_told(seen, PROJECT, "deep/er/c.mov", project)
        (root.path / "P2-New").mkdir()
        await seen.wait_for(Touched("P2-New", None))
        await until_told(seen, "P2-New", "d.mov", root.path / "P2-New")


async def test_folder_of_a_new_project_is_watched_by_the_time_it_is_told(root):
    """A look that follows the word sees what came before, the watch what comes after: no gap."""
    async with watched(root) as seen:
        (root.path / "P2-New").mkdir()
        await seen.wait_for(Touched("P2-New", None))
        (root.path / "P2-New" / "clip.mov").write_bytes(b"clip")
        await seen.wait_for(Touched("P2-New", "clip.mov"))


async def test_folder_that_is_exchanged_is_watched_anew(root, project):
    """Another folder of the same name is another folder."""
    (project / "folder").mkdir()
    async with watched(root) as seen:
        (project / "folder").rename(root.path / "_old")
        (project / "folder").mkdir()
        await seen.wait_for(Touched(PROJECT, None))
        await until_told(seen, PROJECT, "folder/clip.mov", project)


async def test_our_own_work_is_not_told(root):
    """Uploads on their way, views and the trash do not make us look; what they become does."""
    async with watched(root) as seen:
        root.write(PROJECT, "index.json", [b"{}"], mode=0o644)
        stored(root, "clip.mov", b"clip")
        await seen.wait_for(Touched(PROJECT, None))
        root.write(PROJECT, "index.json", [b"{}"], mode=0o644)
        await until_told(seen, PROJECT, f"{FOLDER}/last.mov", root.path / PROJECT)

        told = {each.path for each in seen.seen}
        assert told <= {None, f"{FOLDER}/clip.mov", f"{FOLDER}/last.mov"}
        assert {PROJECT} == {each.project for each in seen.seen}


async def test_links_are_not_followed(root, project, tmp_path):
    """What lies behind a link is nobody's business, and a link to everything is no load."""
    (tmp_path / "outside").mkdir()
    (project / "link").symlink_to(tmp_path / "outside")
    async with watched(root) as seen:
        (tmp_path / "outside" / "secret.mov").write_bytes(b"")
        await until_told(seen, PROJECT, "last.mov", project)

        assert {Touched(PROJECT, "last.mov")} == seen.seen


@pytest.mark.parametrize("pace", [QUICK, POLLING], ids=["inotify", "polling"])
async def test_name_that_is_no_text_does_not_end_the_watch(root, project, pace):
    """Whatever else was told at the time may be lost, so that everything is looked at."""
    async with watched(root, pace) as seen:
        (project / "\udcff.mov").write_bytes(b"clip")
        await seen.wait_for(EVERYTHING)
        await until_told(seen, PROJECT, "last.mov", project)


async def test_flood_is_told_as_everything(root, project):
    """Thousands of files at once are one word."""
    async with watched(root, Pace(gather_ms=5_000, step_ms=200, turn_ms=300)) as seen:
        (project / "one.jpg").touch()
        for number in range(CHANGES_MAX + 500):
            (project / f"{number}.jpg").hardlink_to(project / "one.jpg")
        await seen.wait_for(EVERYTHING)


async def exhausted(bundles):
    """Returns when there are no more."""
    async for _ in bundles:
        continue


@pytest.mark.parametrize("pace", [QUICK, POLLING], ids=["inotify", "polling"])
async def test_disk_that_is_taken_away_ends_the_watch(root, tmp_path, pace):
    """Silence must not be taken for peace."""
    with anyio.fail_after(WAIT_S):
        async with aclosing(watch(WatchedRoot(root), pace=pace)) as bundles:
            await anext(bundles)
            root.path.rename(tmp_path / "unmounted")
            root.path.mkdir()
            with pytest.raises(Unreachable):
                await exhausted(bundles)


async def test_root_that_is_not_there_cannot_be_watched(root):
    """Whoever asks is told at once."""
    shutil.rmtree(root.path)
    async with aclosing(watch(WatchedRoot(root))) as bundles:
        with pytest.raises(Unreachable):
            await anext(bundles)


async def test_watch_ends_when_nobody_wants_it(root, project):
    """Cancelling does not wait for something to happen, and the thread ends as well."""
    seen, patient = Watched(), Pace(gather_ms=200, step_ms=20, turn_ms=600_000)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(seen.follow, root, patient)
        await until_told(seen, PROJECT, "clip.mov", project)
        await anyio.to_thread.run_sync(wait_until, is_waited_in_a_thread, "the next turn")
        tasks.cancel_scope.cancel()

    await anyio.to_thread.run_sync(wait_until, lambda: not is_waited_in_a_thread(), "its end")


def is_waited_in_a_thread():
    """Whether some thread waits for what the kernel tells."""
    stacks = map(traceback.extract_stack, sys._current_frames().values())
    return any(
        Path(call.filename).parent.name == "watchfiles" for stack in stacks for call in stack
    )


@pytest.mark.parametrize(
    ("limit", "value"), [("max_inotify_watches", 2), ("max_inotify_instances", 0)]
)
def test_system_without_watches_is_polled(root, limit, value):
    """Where the kernel's limit is reached, at the start or by a new folder, we look ourselves."""
    unshare = require_program("unshare", "install util-linux to run this test")
    command = [unshare, "-Ur", *child(WITHOUT_WATCHES, root.path, limit, value)]
    done = subprocess.run(command, capture_output=True, timeout=50, check=False, **CHILD_OPTIONS)
    if b"unshare failed" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip(NAMESPACE_HINT)
    found = json.loads(done.stdout)

    assert [None, None] == found["first"]
    assert 1 == len(found["told"])
    assert "It is polled for now." in found["told"][0]
