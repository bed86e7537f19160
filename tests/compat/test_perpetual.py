"""
What perpetual does wrong to files, and that it does not happen here.

One test for each of the defects that were found in running it, by their numbers: the sentence says
what went wrong there, and what holds instead.
"""

import os

import anyio
import pytest

from adapters.disk.watch import Pace
from adapters.organizer.keeping import Keeper
from projections.filings import FILINGS
from support.media_clips import require_ffmpeg, write_clip
from support.mpv import require_program
from support.organized import Organized

MKVTOOLNIX_HINT = "install mkvtoolnix (Debian: apt-get install mkvtoolnix) to run this test"
WAIT_S = 20.0
QUICK = Pace(gather_ms=200, step_ms=20, turn_ms=60)
YEAR_AGO_NS = 400 * 86_400 * 10**9


@pytest.fixture
def videos(tmp_path):
    """A directory with an organizer."""
    return Organized(tmp_path / "videos")


async def test_1_a_name_that_is_taken_is_not_taken_away(videos):
    """
    Eight files went in, and four were left: the later of two that got one name replaced the
    earlier. Here all are kept, and which were kept beside another is said.
    """
    names = [
        *("Anime.S01E100.The.Hundred.mkv", "Anime.S01E101.The.Next.mkv"),
        *("Double.S01E01E02.Two.In.One.mkv", "Double.S01E01.One.mkv"),
        *("Show.S01E01.Title.720p.mkv", "Show.S01E01.Title.1080p.mkv"),
        *("show_s01e02_web.mkv", "Show - S01E02.mkv"),
    ]
    for name in names:
        videos.put(name, name.encode())
    await videos.work()
    contents = [content for content in videos.files().values() if content]

    assert sorted(name.encode() for name in names) == sorted(contents)
    assert {"Show.S01E01.Title.720p.mkv", "show_s01e02_web.mkv"} == {
        event.path for event in videos.events("organizer.filed") if event.beside
    }


async def test_2_a_name_is_not_a_command(videos, tmp_path, monkeypatch):
    """
    A file called `Show.s01e01.$(id>pwned).mkv` had its name run by a shell, as root. Here no shell
    is started, and the name stays a name.
    """
    require_ffmpeg()
    require_program("mkvpropedit", MKVTOOLNIX_HINT)
    monkeypatch.chdir(tmp_path)
    clip = write_clip(tmp_path / "clip.mkv").read_bytes()
    hostile = Organized(tmp_path / "hostile", sets_titles=True)
    names = [
        "Show.s01e01.$(id>pwned).mkv",
        "Show.s01e02.`id>pwned`.mkv",
        "Show.s01e03.;id>pwned.mkv",
    ]
    for name in names:
        hostile.put(name, clip)
    done = await hostile.work()

    assert [] == list(tmp_path.rglob("pwned*"))
    assert 3 == len(done.filed)
    assert [] == [told for told in hostile.desk.told if told[0] == "warning"]


async def test_3_an_episode_that_arrives_changes_no_times(videos):
    """
    One new episode gave all forty of its show new times of writing, and an old season filled the
    playlist. Here times stay, and when each was filed and which episode it is, is data.
    """
    for number in range(1, 41):
        file = videos.put(f"Show/Show.S01E{number:02}.mkv")
        os.utime(file, ns=(YEAR_AGO_NS, YEAR_AGO_NS))
    videos.put("Show.S02E01.mkv")
    await videos.work()
    times = [path.stat().st_mtime_ns for path in (videos.folder / "Show").iterdir()]
    (filing,) = videos.desk.core.views.tables[FILINGS.name].values()

    assert 40 == times.count(YEAR_AGO_NS)
    assert 41 == len(times)
    assert (2, (1,)) == (filing.filed.season, filing.filed.episodes)
    assert filing.at > YEAR_AGO_NS


async def test_4_a_download_that_stalls_is_not_moved_midway(tmp_path):
    """
    A download that paused was moved; when it was opened again by its name, its second part took the
    place of the first, and a fifth of the file was lost. Here it is waited for while it is open;
    and if it is closed for too long and begun anew, both parts are kept.
    """
    videos = Organized(tmp_path / "videos", stable_s=0.1)
    path = videos.folder / "Show.S01E01.mkv"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Keeper(videos.desk, videos.organizer, pace=QUICK).run)
        with path.open("wb", buffering=0) as download:
            download.write(b"first")
            await anyio.sleep(0.5)
            stalled = videos.files()
            download.write(b"second")
        await _until(lambda: len(videos.filings()) == 1)
        with path.open("ab", buffering=0) as download:
            download.write(b"third")
        await _until(lambda: len(videos.filings()) == 2)
        tasks.cancel_scope.cancel()

    assert {"Show.S01E01.mkv": b"first"} == stalled
    assert {
        "Show/": b"",
        "Show/Show.S01E01.mkv": b"firstsecond",
        "Show/Show.S01E01 (2).mkv": b"third",
    } == videos.files()


async def _until(condition):
    """Returns when something has come true."""
    with anyio.fail_after(WAIT_S):
        while not condition():  # noqa: ASYNC110 - a disk tells nobody
            await anyio.sleep(0.02)
