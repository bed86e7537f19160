"""An organizer that works by itself: it notices what comes, waits for it, and outlives its disk."""

import shutil
from contextlib import asynccontextmanager

import anyio
import pytest

from adapters.disk.watch import Pace
from adapters.organizer.keeping import Keeper, Keepers
from support.organized import Organized

WAIT_S = 20.0
QUICK = Pace(gather_ms=200, step_ms=20, turn_ms=60, check_turns=3, poll_every_s=0.1)
POLLING = Pace(
    gather_ms=200, step_ms=20, turn_ms=60, check_turns=3, poll_every_s=0.1, always_polls=True
)


@asynccontextmanager
async def kept(downloads, pace=QUICK):
    """An organizer at work."""
    async with anyio.create_task_group() as tasks:
        keeper = Keeper(downloads.desk, downloads.organizer, pace=pace, again_s=0.1)
        tasks.start_soon(Keepers([keeper]).run)
        yield
        tasks.cancel_scope.cancel()


async def until(condition):
    """Returns when something has come true."""
    with anyio.fail_after(WAIT_S):
        while not condition():  # noqa: ASYNC110 - a disk tells nobody
            await anyio.sleep(0.02)


@pytest.mark.parametrize("pace", [QUICK, POLLING], ids=["inotify", "polling"])
async def test_what_lies_there_and_what_comes_is_filed(tmp_path, pace):
    """A file from before the start, one that comes, one that is moved in, one in a new folder."""
    downloads = Organized(tmp_path / "downloads", stable_s=0.05)
    downloads.put("Show.S01E01.mkv")
    async with kept(downloads, pace):
        await until(lambda: "Show/Show.S01E01.mkv" in downloads.files())
        downloads.put("Show.S01E02.mkv")
        await until(lambda: "Show/Show.S01E02.mkv" in downloads.files())
        (tmp_path / "other.mkv").write_bytes(b"film")
        (tmp_path / "other.mkv").rename(downloads.folder / "Show.S01E03.mkv")
        await until(lambda: "Show/Show.S01E03.mkv" in downloads.files())
        (downloads.folder / "Show.S01E04.720p-GRP").mkdir()
        downloads.put("Show.S01E04.720p-GRP/x.mkv")
        await until(lambda: "Show/Show.S01E04.mkv" in downloads.files())

    assert 4 == len(downloads.filings())


async def test_a_file_that_is_written_slowly_is_filed_when_it_is_whole(tmp_path):
    """Pauses longer than the quiet period change nothing while it is open."""
    downloads = Organized(tmp_path / "downloads", stable_s=0.05)
    path = downloads.folder / "Show.S01E01.mkv"
    async with kept(downloads):
        with path.open("wb", buffering=0) as file:
            for _ in range(4):
                file.write(b"part")
                await anyio.sleep(0.15)
            before = downloads.files()
        await until(downloads.filings)

    assert {"Show.S01E01.mkv": b"part" * 4} == before
    assert b"part" * 4 == downloads.files()["Show/Show.S01E01.mkv"]


async def test_a_directory_that_is_taken_away_is_waited_for(tmp_path):
    """It is told once, and what comes back with it is filed."""
    downloads = Organized(tmp_path / "downloads", stable_s=0.05)
    shutil.rmtree(downloads.folder)
    async with kept(downloads):
        await until(lambda: ("warning", "not_looked") in downloads.desk.told)
        await anyio.sleep(0.3)  # several tries, of which nothing is told
        told = downloads.desk.told.count(("warning", "not_looked"))
        downloads.put("Show.S01E01.mkv")
        await until(downloads.filings)

    assert 1 == told


async def test_a_directory_that_is_exchanged_is_watched_anew(tmp_path):
    """A disk that is mounted there later is another directory; no sweep needs to come by."""
    downloads = Organized(tmp_path / "downloads", stable_s=0.05)
    async with kept(downloads):
        downloads.put("Show.S01E01.mkv")
        await until(downloads.filings)
        downloads.folder.rename(tmp_path / "unmounted")
        downloads.folder.mkdir()
        for number in range(2, 4):
            downloads.put(f"Show.S01E{number:02}.mkv")
            name = f"Show/Show.S01E{number:02}.mkv"
            await until(lambda name=name: name in downloads.files())


async def test_waiting_costs_nothing(tmp_path):
    """However many files are left, nothing is looked at while nothing changes."""
    downloads = Organized(tmp_path / "downloads", stable_s=0.05)
    for number in range(5):
        downloads.put(f"Film.{number}.mkv")
    async with kept(downloads):
        await until(lambda: downloads.desk.told.count(("info", "left")) == 5)
        looks = 0
        while looks < downloads.desk.reads:  # the watch tells once more that it stands
            looks = downloads.desk.reads
            await anyio.sleep(0.5)

    assert 2 * 5 >= looks
