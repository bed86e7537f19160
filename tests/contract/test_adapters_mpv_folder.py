"""A player's folder on a real disk: what is complete is told soon, what is not is not told."""

import json
import os
import time
from contextlib import aclosing, asynccontextmanager

import anyio
import anyio.to_thread
import pytest

from adapters.disk.watch import CHANGES_MAX, Change, Pace
from adapters.mpv.folder import EVERYTHING, PACE, TURN, Folder, Touched, WatchedFolder
from adapters.mpv.ground import Ground
from support.roots import open_files_count, other_disk, run_child

WAIT_S = 20.0
"""For a busy machine, and still sooner than by any sweep."""
STABLE_S = 0.2
OLD_NS = 90 * 86_400 * 10**9
EXTENSIONS = ("mkv", "mp4")
QUICK = Pace(gather_ms=100, step_ms=10, turn_ms=60, check_turns=3, restart_s=0.05)
POLLING = Pace(
    gather_ms=100,
    step_ms=10,
    turn_ms=60,
    check_turns=3,
    poll_every_s=0.1,
    restart_s=0.05,
    always_polls=True,
)
DEAF = Pace(
    gather_ms=100, step_ms=10, turn_ms=60, restart_s=0.05, poll_every_s=1_000, always_polls=True
)
BOTH = pytest.mark.parametrize("pace", [QUICK, POLLING], ids=["inotify", "polling"])

AS_NOBODY = """
import json, os, sys
from pathlib import Path
from adapters.mpv.ground import Ground
from adapters.mpv.settling import Settling
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
top = Path(sys.argv[1]) / "videos"
for name in ("open", "shut"):
    (top / name).mkdir(parents=True)
    (top / name / "a.mkv").write_bytes(b"video")
(top / "mine.mkv").write_bytes(b"video")
(top / "mine.mkv").chmod(0)
ground, known = Ground(top, ("mkv",)), Settling(2.0)
later_ns = (top / "mine.mkv").stat().st_ctime_ns + 10**10
known.take(ground.look((), ("",), known).looks, now_ns=later_ns, now_s=0.0)
first = sorted(known.complete)
(top / "shut").chmod(0)
(top / "open" / "a.mkv").unlink()
known.take(ground.look((), ("",), known).looks, now_ns=later_ns, now_s=0.0)
print(json.dumps([first, sorted(known.complete), sorted(ground.folders())]))
(top / "shut").chmod(0o700)
"""


class RealDesk:
    """The real time, which can be ahead, and what was told."""

    def __init__(self):
        self.ahead_ns = 0
        self.told = []

    def now_ns(self):
        """Unix time."""
        return time.time_ns() + self.ahead_ns

    def monotonic_s(self):
        """Seconds that only grow."""
        return time.monotonic()

    def tell(self, _level, event, **_facts):
        """Notes it."""
        self.told.append(event)


class Followed:
    """A folder that is followed in the background, and all that it told so far."""

    def __init__(self, path):
        self.path = path
        self.desk = RealDesk()
        self.history = []
        self.times_ns = []
        self._more = anyio.Event()

    async def follow(self, folder):
        """Gathers what is told."""
        async with aclosing(folder.follow()) as lists:
            async for files in lists:
                self.times_ns.append(time.time_ns())
                self.history.append(files)
                self._more.set()
                self._more = anyio.Event()

    @property
    def all_names(self):
        """What was complete each time, relative to the folder."""
        size = len(f"{self.path}/")
        return [sorted(path[size:] for path in files) for files in self.history]

    @property
    def names(self):
        """What is complete now."""
        return self.all_names[-1]

    def was_told(self, name):
        """Whether a file was ever told."""
        return any(f"{self.path}/{name}" in files for files in self.history)

    def file(self, name):
        """What was told of a file last."""
        return self.history[-1][f"{self.path}/{name}"]

    async def wait_for(self, condition):
        """Returns once it holds for what was told."""
        with anyio.fail_after(WAIT_S):
            while not self.history or not condition():
                await self._more.wait()

    async def wait_for_names(self, *names):
        """Returns once exactly these are complete."""
        await self.wait_for(lambda: sorted(names) == self.names)

    async def wait_for_word(self, event):
        """Returns once the desk was told."""
        with anyio.fail_after(WAIT_S):
            while event not in self.desk.told:  # noqa: ASYNC110 -- a desk has no event
                await anyio.sleep(0.01)

    async def pass_time(self, name):
        """A file comes and is told: as long as that takes, everything else could have been told."""
        (self.path / name).write_bytes(b"video")
        await self.wait_for(lambda: name in self.names)


@asynccontextmanager
async def following(path, pace=QUICK, *, stable_s=STABLE_S, ahead_s=0, **options):
    """A folder that is followed."""
    found = Followed(path)
    found.desk.ahead_ns = ahead_s * 10**9
    folder = Folder(
        path, extensions=EXTENSIONS, stable_s=stable_s, desk=found.desk, pace=pace, **options
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(found.follow, folder)
        yield found
        tasks.cancel_scope.cancel()


@pytest.fixture
def videos(tmp_path):
    """An empty folder."""
    path = tmp_path / "videos"
    path.mkdir()
    return path


@BOTH
async def test_files_come_and_go(videos, pace):
    """What is there at first, what arrives, also in new folders; what is deleted."""
    (videos / "first.mkv").write_bytes(b"video")
    async with following(videos, pace) as seen:
        await seen.wait_for_names("first.mkv")
        (videos / "second.MP4").write_bytes(b"video")
        (videos / "notes.txt").write_bytes(b"text")
        await seen.wait_for_names("first.mkv", "second.MP4")
        (videos / "Show" / "Season 1").mkdir(parents=True)
        (videos / "Show" / "Season 1" / "third.mkv").write_bytes(b"video")
        await seen.wait_for_names("Show/Season 1/third.mkv", "first.mkv", "second.MP4")
        (videos / "first.mkv").unlink()
        await seen.wait_for_names("Show/Season 1/third.mkv", "second.MP4")

        status = (videos / "second.MP4").stat()
        told = seen.file("second.MP4")
        assert (status.st_mtime_ns, 5, status.st_ino, 0) == (
            told.mtime_ns,
            told.size_bytes,
            told.inode,
            told.filed_ns,
        )
        assert [] == seen.desk.told


async def test_empty_folder_is_told_as_empty(videos):
    """Whoever waits for the first word gets it."""
    async with following(videos) as seen:
        await seen.wait_for_names()


async def test_file_that_grows_is_not_told_before_it_is_complete(videos):
    """Not while it is written, not while it is held open; once it was let go, without a sweep."""
    async with following(videos) as seen:
        with (videos / "slow.mkv").open("wb", buffering=0) as file:
            for _ in range(12):
                file.write(b"video")
                await anyio.sleep(STABLE_S / 4)
            await seen.pass_time("1.mkv")
            await seen.pass_time("2.mkv")

            assert not seen.was_told("slow.mkv")
        await seen.wait_for_names("1.mkv", "2.mkv", "slow.mkv")

        assert 60 == seen.file("slow.mkv").size_bytes


async def test_file_that_is_written_bit_by_bit_must_be_left_alone(videos):
    """Nobody has it open in between: only time tells."""
    async with following(videos) as seen:
        for _ in range(10):
            with (videos / "slow.mkv").open("ab") as file:
                file.write(b"video")
            await anyio.sleep(STABLE_S / 4)
        await seen.wait_for(lambda: seen.names and seen.file("slow.mkv").size_bytes == 50)

        assert seen.file("slow.mkv").mtime_ns + STABLE_S * 10**9 <= seen.times_ns[-1]


async def test_file_that_is_moved_in_keeps_its_time(videos, tmp_path):
    """However old it is, it is complete only after it has lain there for a while."""
    (tmp_path / "old.mkv").write_bytes(b"video")
    old_ns = time.time_ns() - OLD_NS
    os.utime(tmp_path / "old.mkv", ns=(old_ns, old_ns))
    async with following(videos) as seen:
        await seen.wait_for_names()
        moved_ns = time.time_ns()
        (tmp_path / "old.mkv").rename(videos / "old.mkv")
        await seen.wait_for_names("old.mkv")

        assert old_ns == seen.file("old.mkv").mtime_ns
        assert moved_ns + STABLE_S * 10**9 - 10**7 <= seen.times_ns[-1]


async def test_download_is_told_under_its_final_name(videos):
    """Not while its name says that it is on its way, nor while such a file lies beside it."""
    async with following(videos) as seen:
        (videos / "a.mkv.part").write_bytes(b"video")
        (videos / "b.mkv").write_bytes(b"video")
        (videos / "b.mkv.aria2").write_bytes(b"control")
        (videos / "empty.mkv").touch()
        (videos / ".hidden.mkv").write_bytes(b"video")
        (videos / ".trash").mkdir()
        (videos / ".trash" / "c.mkv").write_bytes(b"video")
        await seen.pass_time("1.mkv")
        await seen.pass_time("2.mkv")

        assert ["1.mkv", "2.mkv"] == seen.names
        (videos / "a.mkv.part").rename(videos / "a.mkv")
        (videos / "b.mkv.aria2").unlink()
        await seen.wait_for_names("1.mkv", "2.mkv", "a.mkv", "b.mkv")


async def test_thousands_of_files_in_new_folders_are_all_told(videos):
    """However many come while their folders are not watched yet."""

    def fill():
        for number in range(3_000):
            folder = videos / f"show {number % 60}" / f"season {number % 3}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}.mkv").write_bytes(b"video")

    async with following(videos) as seen:
        await seen.wait_for_names()
        await anyio.to_thread.run_sync(fill)
        await seen.wait_for(lambda: len(seen.names) == 3_000)


@BOTH
async def test_renamed_file_is_told_at_once_under_its_new_name(videos, pace):
    """It need not settle again; its inode says which it is. So it is with its folder."""
    (videos / "old").mkdir()
    (videos / "old" / "a.mkv").write_bytes(b"video")
    async with following(videos, pace, stable_s=3_600, ahead_s=7_200) as seen:
        await seen.wait_for_names("old/a.mkv")
        inode = seen.file("old/a.mkv").inode
        seen.desk.ahead_ns = 0
        (videos / "old" / "a.mkv").rename(videos / "old" / "b.mkv")
        await seen.wait_for_names("old/b.mkv")
        (videos / "old").rename(videos / "new")
        await seen.wait_for_names("new/b.mkv")

        assert inode == seen.file("new/b.mkv").inode
        assert [1] * len(seen.history) == [len(files) for files in seen.history]


async def test_file_that_is_only_touched_stays(videos):
    """It gets its new time when it has settled; it is never gone in between."""
    (videos / "a.mkv").write_bytes(b"video")
    async with following(videos) as seen:
        await seen.wait_for_names("a.mkv")
        (videos / "a.mkv").touch()
        touched_ns = (videos / "a.mkv").stat().st_mtime_ns
        await seen.wait_for(lambda: seen.file("a.mkv").mtime_ns == touched_ns)

        assert [["a.mkv"]] * 2 == seen.all_names[-2:]


async def test_file_that_is_written_anew_is_told_when_it_is_complete_again(videos):
    """Until then it is none of the complete ones."""
    (videos / "a.mkv").write_bytes(b"video")
    async with following(videos) as seen:
        await seen.wait_for_names("a.mkv")
        with (videos / "a.mkv").open("ab", buffering=0) as file:
            file.write(b", and more")
            await seen.wait_for_names()
        await seen.wait_for_names("a.mkv")

        assert 15 == seen.file("a.mkv").size_bytes


@BOTH
async def test_name_that_is_no_text_is_told(videos, pace):
    """Whether it is there at first or comes later; what comes after it is told as well."""
    first, later = videos / "\udcff.mkv", videos / "\udcfe.mkv"
    first.write_bytes(b"video")
    async with following(videos, pace) as seen:
        await seen.wait_for_names("\udcff.mkv")
        later.write_bytes(b"video")
        await seen.wait_for_names("\udcfe.mkv", "\udcff.mkv")
        await seen.pass_time("a.mkv")

        assert [b"a.mkv", b"\xfe.mkv", b"\xff.mkv"] == sorted(map(os.fsencode, seen.names))


async def test_links_are_not_followed(videos, tmp_path):
    """Neither out of the folder nor in a circle."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.mkv").write_bytes(b"video")
    (videos / "file.mkv").symlink_to(tmp_path / "outside" / "secret.mkv")
    (videos / "folder").symlink_to(tmp_path / "outside")
    (videos / "circle").symlink_to(videos)
    async with following(videos) as seen:
        await seen.pass_time("1.mkv")
        (videos / "later.mkv").symlink_to(tmp_path / "outside" / "secret.mkv")
        (videos / "later").symlink_to(tmp_path / "outside")
        await seen.pass_time("2.mkv")

        assert ["1.mkv", "2.mkv"] == seen.names
        assert not seen.was_told("folder/secret.mkv")


@BOTH
async def test_folder_that_is_taken_away_is_not_empty(videos, tmp_path, pace):
    """It is told once that it is missing, and what changed meanwhile when it is back."""
    (videos / "a.mkv").write_bytes(b"video")
    (videos / "b.mkv").write_bytes(b"video")
    async with following(videos, pace) as seen:
        await seen.wait_for_names("a.mkv", "b.mkv")
        told_count = len(seen.history)
        videos.rename(tmp_path / "away")
        await seen.wait_for_word("player_folder_away")
        (tmp_path / "away" / "b.mkv").unlink()
        await anyio.sleep(5 * QUICK.restart_s)

        assert told_count == len(seen.history)
        (tmp_path / "away").rename(videos)
        await seen.wait_for_names("a.mkv")
        await seen.pass_time("c.mkv")
        assert ["player_folder_away", "player_folder_back"] == seen.desk.told


async def test_empty_mount_point_is_no_empty_folder(videos, tmp_path):
    """Where a disk was mounted, nothing is assumed until it is there again."""
    top = tmp_path / "top"
    with other_disk(tmp_path) as there:
        (there / "a.mkv").write_bytes(b"video")
        top.symlink_to(there)
        async with following(top) as seen:
            await seen.wait_for_names("a.mkv")
            top.unlink()
            top.symlink_to(videos)
            await seen.wait_for_word("player_folder_away")
            await anyio.sleep(5 * QUICK.restart_s)

            assert ["a.mkv"] == seen.names
            top.unlink()
            top.symlink_to(there)
            await seen.wait_for_word("player_folder_back")
            await seen.pass_time("b.mkv")


async def test_folder_that_is_missing_at_first_is_waited_for(videos):
    """Nothing is told of its files until it is there."""
    videos.rmdir()
    async with following(videos) as seen:
        await seen.wait_for_word("player_folder_away")
        await anyio.sleep(5 * QUICK.restart_s)

        assert [] == seen.history
        videos.mkdir()
        await seen.wait_for_names()
        await seen.pass_time("a.mkv")
        assert ["player_folder_away", "player_folder_back"] == seen.desk.told


async def test_flood_leads_to_a_look_at_everything(videos):
    """With so much at once, some may have been lost; the files are found all the same."""
    patient = Pace(gather_ms=5_000, step_ms=200, turn_ms=300)
    async with following(videos, patient) as seen:
        await seen.wait_for_names()
        (videos / "one.txt").touch()
        for number in range(CHANGES_MAX + 500):
            (videos / f"{number}.txt").hardlink_to(videos / "one.txt")
        (videos / "a.mkv").write_bytes(b"video")
        await seen.wait_for_names("a.mkv")


async def test_what_the_system_does_not_tell_is_found_by_a_sweep(videos):
    """Another machine writes to the disk, say."""
    async with following(videos, DEAF, sweep_every_s=0.2) as seen:
        await seen.wait_for_names()
        (videos / "deep").mkdir()
        (videos / "deep" / "a.mkv").write_bytes(b"video")
        await seen.wait_for_names("deep/a.mkv")


async def test_following_ends_when_nobody_wants_it(videos):
    """Cancelling waits for nothing, and leaves no file open."""
    before = open_files_count()
    async with following(videos, PACE) as seen:
        await seen.pass_time("a.mkv")
    with anyio.fail_after(WAIT_S):
        while open_files_count() > before:  # noqa: ASYNC110 -- the kernel's state has no event
            await anyio.sleep(0.01)


def test_what_cannot_be_read_is_not_gone(tmp_path):
    """A folder that is closed to us keeps its files; a file that we may not read is there."""
    with other_disk(tmp_path) as there:
        there.chmod(0o777)
        done = run_child(AS_NOBODY, there)

    assert (0, "") == (done.returncode, done.stderr)
    assert [
        ["mine.mkv", "open/a.mkv", "shut/a.mkv"],
        ["mine.mkv", "shut/a.mkv"],
        ["", "open"],
    ] == json.loads(done.stdout)


def test_notifications_mean_files_and_folders(videos):
    """Hidden ones and other files mean nothing; a turn without any is told as well."""
    tree = WatchedFolder(Ground(videos, EXTENSIONS))
    paths = [
        "a.mkv",
        "x/b.MP4",
        "c.txt",
        ".d.mkv",
        ".e/f.mkv",
        "@eaDir/g.mkv",
        "x",
        "new",
        "h.part",
    ]
    changes = {Change(path, is_in_place=False) for path in paths}
    found = tree.meaning_of(changes, {"", "x"}, is_folder=lambda path: path == "new")
    nothing = tree.meaning_of(frozenset(), {""}, is_folder=lambda _: False)
    top = tree.meaning_of({Change("", is_in_place=True)}, {""}, is_folder=lambda _: True)

    files = {Touched("a.mkv", is_folder=False), Touched("x/b.MP4", is_folder=False)}
    folders = {Touched("x", is_folder=True), Touched("new", is_folder=True)}
    assert {TURN, *files, *folders} == found.touched
    assert found.has_other_folders
    assert ({TURN}, False) == (nothing.touched, nothing.has_other_folders)
    assert ({TURN, EVERYTHING}, False) == (top.touched, top.has_other_folders)
