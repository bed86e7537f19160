"""Titles in Matroska files, by the real mkvpropedit: written, or said why not, and no more."""

import os

import pytest

from adapters.disk.kernel import DIRECTORY, held
from adapters.organizer.titles import TitleNotSet, set_title
from support.media_clips import ffprobe, require_ffmpeg, write_clip
from support.mpv import require_program
from support.organized import Organized

HINT = "install mkvtoolnix (Debian: apt-get install mkvtoolnix) to run this test"
NAME = "-show.1x05.$(touch pwned);`id`.a 'title'.mkv"
FILED = "Show/Show.S01E05.$(touch.Pwned);`id`.A.'title'.mkv"
TITLE = "Show S01E05 $(touch Pwned);`id` A 'title'"
OLD_NS = 1_577_836_800_123_456_789


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A real Matroska file."""
    require_ffmpeg()
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mkv").read_bytes()


@pytest.fixture
def downloads(tmp_path):
    """A directory with an organizer that writes titles."""
    return Organized(tmp_path / "downloads", sets_titles=True)


def title_of(path):
    """The title in a file, as ffprobe reads it."""
    tags = ffprobe(path, "-show_entries", "format_tags=title")["format"].get("tags", {})
    return tags.get("title", tags.get("TITLE"))


async def test_the_title_is_written_and_the_time_kept(downloads, clip, tmp_path, monkeypatch):
    """No shell sees the name, an odd one or not, and to others the file looks as old as it is."""
    require_program("mkvpropedit", HINT)
    monkeypatch.chdir(tmp_path)
    file = downloads.put(NAME, clip)
    os.utime(file, ns=(OLD_NS, OLD_NS))
    await downloads.work()
    filed = downloads.folder / FILED
    (event,) = downloads.events("organizer.filed")

    assert TITLE == title_of(filed)
    assert OLD_NS == filed.stat().st_mtime_ns
    assert (filed.stat().st_size, filed.stat().st_ino) == (event.size_bytes, event.inode)
    assert not (tmp_path / "pwned").exists()
    assert ["Show/", FILED] == list(downloads.files())
    assert [] == [told for told in downloads.desk.told if told[0] == "warning"]


async def test_what_is_no_matroska_file_is_filed_without(downloads):
    """A file that lies about what it is, is told of, and is no reason to stop."""
    require_program("mkvpropedit", HINT)
    downloads.put("Show.S01E05.mkv", b"no film at all")
    await downloads.work()
    (told,) = [each for each in downloads.desk.told_facts if each["event"] == "title_not_set"]

    assert {"Show/": b"", "Show/Show.S01E05.mkv": b"no film at all"} == downloads.files()
    assert "not a Matroska file" in told["reason"]
    assert "/proc" not in told["reason"]


async def test_a_file_with_two_names_is_not_written_to(downloads, clip, tmp_path):
    """Whoever shares it, a torrent client for one, would find it changed."""
    file = downloads.put("Show.S01E05.mkv", clip)
    (tmp_path / "shared.mkv").hardlink_to(file)
    await downloads.work()

    assert clip == (tmp_path / "shared.mkv").read_bytes()
    assert "Show/Show.S01E05.mkv" in downloads.files()


async def test_other_kinds_are_not_written_to(downloads):
    """Only Matroska files have a place for a title that this knows."""
    downloads.put("Show.S01E05.mp4", b"film")
    await downloads.work()

    assert {"Show/": b"", "Show/Show.S01E05.mp4": b"film"} == downloads.files()
    assert [] == [told for told in downloads.desk.told if told[0] == "warning"]


async def test_a_missing_program_is_told_once(downloads, monkeypatch):
    """Files are filed without titles, and how to get the program is said once."""
    monkeypatch.setenv("PATH", "/nowhere")
    downloads.put("Show.S01E05.mkv")
    downloads.put("Show.S01E06.mkv")
    await downloads.work()
    told = [each for each in downloads.desk.told_facts if each["event"] == "title_not_set"]

    assert {"Show/Show.S01E05.mkv", "Show/Show.S01E06.mkv"} < downloads.files().keys()
    assert ["Install mkvtoolnix"] == [each["hint"][:18] for each in told]


def test_a_program_that_hangs_is_ended(downloads, tmp_path, monkeypatch):
    """A dead disk must not hold up everything else for ever."""
    program = tmp_path / "bin" / "mkvpropedit"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    file = downloads.put("Show.S01E05.mkv")
    os.utime(file, ns=(OLD_NS, OLD_NS))
    with (
        held(os.open(downloads.folder, DIRECTORY)) as top,
        pytest.raises(TitleNotSet, match=r"took longer than 0\.2 s"),
    ):
        set_title(top, "Show.S01E05.mkv", "Title", timeout_s=0.2)

    assert OLD_NS == file.stat().st_mtime_ns
