"""An organizer on a real directory: what it moves, what it leaves, and how it takes that back."""

import os
import stat
import time
from itertools import pairwise

import pytest

from projections.commands import Record
from projections.errors import Rejected
from projections.filing_events import FileFiled, FileUnfiled
from support.organized import ACTOR, Organized
from support.roots import names_in
from support.small_disk import small_disk

NAME = "the.show.s01e05.a.title.1080p.web.h264-grp"
NEW = "The.Show/The.Show.S01E05.A.Title"


def nothing():
    """The views are asked before a plan is made, and again before each move."""


@pytest.fixture
def downloads(tmp_path):
    """A directory with an organizer."""
    return Organized(tmp_path / "downloads")


async def test_an_episode_is_filed_recorded_and_put_back(downloads):
    """One file in, one event, one undo, and everything is as it was."""
    file = downloads.put(f"{NAME}.mkv")
    before, status = downloads.files(), file.stat()
    await downloads.work()
    after = downloads.files()
    (event,) = downloads.events("organizer.filed")
    (step,) = await downloads.undo()

    assert {f"{NEW}.mkv": b"film", "The.Show/": b""} == after
    assert (f"{NAME}.mkv", f"{NEW}.mkv") == (event.path, event.new_path)
    assert ("The Show", 1, (5,), "A Title") == (
        event.show,
        event.season,
        event.episodes,
        event.title,
    )
    assert (status.st_size, status.st_mtime_ns, status.st_ino) == (
        event.size_bytes,
        event.mtime_ns,
        event.inode,
    )
    assert step.why_not is None
    assert before == downloads.files()
    assert [event.id] == [each.id for each in downloads.events("organizer.unfiled")]


async def test_what_is_filed_stays_filed(downloads):
    """A second look finds nothing to do, and says nothing."""
    downloads.put(f"{NAME}.mkv")
    downloads.put("Film.2023.mkv")
    await downloads.work()
    files, count = downloads.files(), len(downloads.desk.core.events)
    await downloads.work()

    assert files == downloads.files()
    assert count == len(downloads.desk.core.events)


async def test_what_was_put_back_is_left_until_it_changes(downloads):
    """The operator's word counts more than a rule, but only about the file it was said of."""
    file = downloads.put(f"{NAME}.mkv")
    await downloads.work()
    await downloads.undo()
    await downloads.work()
    left = await downloads.left()
    file.write_bytes(b"another film")
    await downloads.work()

    assert {f"{NAME}.mkv": "undone"} == left
    assert [f"{NEW}.mkv", "The.Show/"] == sorted(downloads.files(), reverse=True)


async def test_files_of_its_name_go_along(downloads):
    """Subtitles, notes and pictures keep what follows the name; other files stay."""
    for name in (f"{NAME}.mkv", f"{NAME}.de.srt", f"{NAME}.nfo", f"{NAME}-thumb.jpg"):
        downloads.put(name, name.encode())
    downloads.put(f"{NAME}.txt")
    downloads.put(f"{NAME}2.srt")
    before = downloads.files()
    await downloads.work()
    after = downloads.files()
    await downloads.undo()

    assert after.keys() == {
        *("The.Show/", f"{NEW}.mkv", f"{NEW}.de.srt", f"{NEW}.nfo", f"{NEW}-thumb.jpg"),
        *(f"{NAME}.txt", f"{NAME}2.srt"),
    }
    assert f"{NAME}.de.srt".encode() == after[f"{NEW}.de.srt"]
    assert before == downloads.files()


async def test_a_companion_goes_with_the_longest_name(downloads):
    """Of two videos whose names begin alike, it belongs to the one it was made for."""
    for name in ("Show.S01E01.mkv", "Show.S01E01.Two.mkv", "Show.S01E01.Two.srt"):
        downloads.put(name)
    await downloads.work()

    assert "Show/Show.S01E01.Two.srt" in downloads.files()
    assert [{"Show.S01E01.Two.srt": "Show/Show.S01E01.Two.srt"}, {}] == [
        each.companions for each in downloads.events("organizer.filed")
    ]


async def test_another_file_of_the_same_name_is_kept_beside(downloads):
    """Two releases of an episode are two files, with their subtitles, and that is said."""
    downloads.put("Show.S01E01.720p.mkv", b"small")
    downloads.put("Show.S01E01.1080p.mkv", b"large film")
    downloads.put("Show.S01E01.720p.srt", b"words")
    await downloads.work()
    files = downloads.files()

    assert {
        "Show/": b"",
        "Show/Show.S01E01.mkv": b"large film",
        "Show/Show.S01E01 (2).mkv": b"small",
        "Show/Show.S01E01 (2).srt": b"words",
    } == files
    assert [False, True] == [each.beside for each in downloads.events("organizer.filed")]
    assert ("playhead.organizer.filed", {"result": "beside"}) in downloads.counted


async def test_the_same_content_is_left_and_told_once(downloads):
    """A file that is there already is not kept twice, and not thrown away either."""
    downloads.put("Show.S01E01.720p.mkv", b"the same")
    await downloads.work()
    downloads.put("show_s01e01_again.mkv", b"the same")
    downloads.put("Show.S01E01.mkv", b"the same")
    await downloads.work()
    await downloads.work()
    (event,) = downloads.events("organizer.left")

    assert {"Show.S01E01.mkv": "duplicate"} == {
        path: file.why for path, file in event.files.items()
    }
    assert "Show/Show.S01E01.mkv" == event.files["Show.S01E01.mkv"].other
    assert b"the same" == downloads.files()["Show.S01E01.mkv"]
    assert "Show/Show.S01E01.Again.mkv" in downloads.files()


async def test_two_alike_that_arrive_together_are_noticed(downloads):
    """The second is compared with what the first will be."""
    downloads.put("Show.S01E01.720p.mkv", b"the same")
    downloads.put("Show.S01E01.1080p.mkv", b"the same")
    await downloads.work()

    assert {"Show.S01E01.720p.mkv": "duplicate"} == await downloads.left()


async def test_permissions_and_times_are_kept(downloads):
    """Who may read a file, and when it was written, is its owner's business."""
    file = downloads.put(f"{NAME}.mkv")
    downloads.folder.chmod(0o750)
    file.chmod(0o604)
    os.utime(file, ns=(1, 1_577_836_800_123_456_789))
    await downloads.work()
    status = (downloads.folder / f"{NEW}.mkv").stat()

    assert 0o604 == stat.S_IMODE(status.st_mode)
    assert 1_577_836_800_123_456_789 == status.st_mtime_ns
    assert 0o750 == stat.S_IMODE((downloads.folder / "The.Show").stat().st_mode)


async def test_links_are_not_followed(downloads, tmp_path):
    """Neither a link to a file, nor one where the folder of a show should be, nor to a release."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "Show.S01E02.mkv").write_bytes(b"precious")
    (downloads.folder / "Show.S01E03.mkv").symlink_to(outside / "Show.S01E02.mkv")
    (downloads.folder / "Show.S01E02.720p-GRP").symlink_to(outside)
    (downloads.folder / "Show").symlink_to(outside)
    downloads.put("Show.S01E01.mkv")
    before = downloads.files()
    await downloads.work()

    assert before == downloads.files()
    assert ["Show.S01E02.mkv"] == names_in(outside)
    assert {"Show.S01E01.mkv": "blocked"} == await downloads.left()


async def test_a_link_that_takes_a_folders_place_meanwhile_is_not_followed(downloads, tmp_path):
    """Between the plan and the move, somebody may exchange a folder."""
    outside = tmp_path / "outside"
    outside.mkdir()
    downloads.put(f"{NAME}.mkv")
    await downloads.work()
    downloads.put("the.show.s01e06.mkv")

    def exchange():
        (downloads.folder / "The.Show").rename(tmp_path / "gone")
        (downloads.folder / "The.Show").symlink_to(outside)

    downloads.desk.between = [nothing, exchange]
    done = await downloads.work()

    assert [] == names_in(outside)
    assert {"the.show.s01e06.mkv"} == done.failed.keys()
    assert b"film" == downloads.files()["the.show.s01e06.mkv"]


async def test_a_folder_of_one_release_is_emptied_and_removed(downloads):
    """What lies in a folder named after an episode is filed, and comes back, whatever its name."""
    downloads.put("The.Show.S01E05.A.Title.1080p-GRP/abcdef.mkv")
    downloads.put("The.Show.S01E05.A.Title.1080p-GRP/abcdef.en.srt")
    (downloads.folder / "The.Show.S01E05.A.Title.1080p-GRP").chmod(0o711)
    before = downloads.files()
    await downloads.work()
    after = downloads.files()
    await downloads.undo()

    assert {"The.Show/", f"{NEW}.mkv", f"{NEW}.en.srt"} == after.keys()
    assert before == downloads.files()
    assert 0o711 == stat.S_IMODE(
        (downloads.folder / "The.Show.S01E05.A.Title.1080p-GRP").stat().st_mode
    )


async def test_a_folder_that_holds_more_is_left(downloads):
    """Two films, or one that says it is another episode: nobody guesses. A sample is no film."""
    downloads.put("Show.S01E01-GRP/one.mkv")
    downloads.put("Show.S01E01-GRP/two.mkv")
    downloads.put("Show.S01E02-GRP/show.s01e03.mkv")
    downloads.put("Show.S01E04-GRP/show.s01e04.720p-grp.mkv")
    downloads.put("Show.S01E04-GRP/sample-show.s01e04.mkv")
    downloads.put("Other Folder/show.s01e05.mkv")
    moves = await downloads.moves()

    assert {"Show.S01E04-GRP/show.s01e04.720p-grp.mkv": "Show/Show.S01E04.mkv"} == moves
    assert {
        "Show.S01E01-GRP/one.mkv": "shared",
        "Show.S01E01-GRP/two.mkv": "shared",
        "Show.S01E02-GRP/show.s01e03.mkv": "shared",
        "Show.S01E04-GRP/sample-show.s01e04.mkv": "sample",
    } == await downloads.left()


async def test_the_folder_there_is_is_used(downloads):
    """However it is spelled: perpetual kept accents as they came, people choose their own case."""
    (downloads.folder / "cafe\u0301.show").mkdir()
    downloads.put("Caf\u00e9.Show.S01E01.mkv")

    assert {"Caf\u00e9.Show.S01E01.mkv": "cafe\u0301.show/Caf\u00e9.Show.S01E01.mkv"} == (
        await downloads.moves()
    )


async def test_a_file_that_is_written_to_is_waited_for(tmp_path):
    """Quiet or not: as long as somebody has it open for writing, it is not finished."""
    downloads = Organized(tmp_path / "downloads")
    file = downloads.put(f"{NAME}.mkv")
    with file.open("ab"):
        plan = await downloads.organizer.plan()
        _, again_in_ns = await downloads.organizer.work(actor=ACTOR)
    moves = await downloads.moves()

    assert (f"{NAME}.mkv",) == plan.unfinished
    assert 0 < again_in_ns <= 1_000_000_000
    assert {f"{NAME}.mkv": f"{NEW}.mkv"} == moves


async def test_a_file_is_left_alone_for_a_while_first(tmp_path):
    """The time of change counts, which no program can set; that of its companions too."""
    downloads = Organized(tmp_path / "downloads", stable_s=3_600)
    file = downloads.put(f"{NAME}.mkv")
    os.utime(file, (1, 1))
    _, again_in_ns = await downloads.organizer.work(actor=ACTOR)

    assert {f"{NAME}.mkv": b"film"} == downloads.files()
    assert 3_590e9 < again_in_ns <= 3_600e9


@pytest.mark.parametrize(
    "name", [f"{NAME}.mkv.part", f"{NAME}.mkv.aria2", f"{NAME}.mkv.crdownload"]
)
async def test_a_download_that_says_so_is_unfinished(downloads, name):
    """Some programs give a file its name at once, and keep notes beside it until it is complete."""
    downloads.put(f"{NAME}.mkv")
    downloads.put(name)
    plan = await downloads.organizer.plan()

    assert ((), (f"{NAME}.mkv",)) == (plan.moves, plan.unfinished)


async def test_empty_and_hidden_files_and_samples_are_left(downloads):
    """An empty file is a promise; a hidden one is somebody's own; a sample is not the episode."""
    downloads.put("Show.S01E01.mkv", b"")
    downloads.put(".Show.S01E02.mkv")
    downloads.put("Show.S01E03.sample.mkv")
    downloads.put("Show.S01E04.txt")

    assert {} == await downloads.moves()
    assert {
        "Show.S01E01.mkv": "empty",
        "Show.S01E03.sample.mkv": "sample",
    } == await downloads.left()


async def test_a_refusing_log_leaves_the_file_where_it_was(downloads):
    """What cannot be recorded has not happened."""
    downloads.put(f"{NAME}.mkv")
    downloads.put(f"{NAME}.srt")
    before = downloads.files()

    def refuse(command):
        if isinstance(command, Record) and isinstance(command.event, FileFiled):
            raise Rejected("The disk of the log is full.")

    downloads.desk.before = refuse
    done = await downloads.work()

    assert before == downloads.files()
    assert {f"{NAME}.mkv": "The disk of the log is full."} == done.failed


async def test_a_refusing_log_leaves_an_undone_file_filed(downloads):
    """The same for taking it back."""
    downloads.put(f"{NAME}.mkv")
    await downloads.work()
    before = downloads.files()

    def refuse(command):
        if isinstance(command.event, FileUnfiled):
            raise Rejected("The disk of the log is full.")

    downloads.desk.before = refuse
    with pytest.raises(Rejected):
        await downloads.undo()

    assert before == downloads.files()


async def test_undo_never_overwrites(downloads):
    """Neither a file that has the old name by now, nor when another is where the film was."""
    downloads.put("Show.S01E01.mkv")
    downloads.put("Show.S01E02.mkv")
    downloads.put("Show.S01E03.mkv")
    await downloads.work()
    downloads.put("Show.S01E01.mkv", b"new")
    (downloads.folder / "Show/Show.S01E02.mkv").unlink()
    other = downloads.folder / "Show/other"
    other.write_bytes(b"other")
    other.replace(downloads.folder / "Show/Show.S01E03.mkv")
    before = downloads.files()
    steps = await downloads.undo()

    assert {"taken", "gone", "changed"} == {step.why_not for step in steps}
    assert before == downloads.files()
    assert [] == downloads.events("organizer.unfiled")


async def test_files_that_change_between_plan_and_move_are_left(downloads):
    """What is moved is what was planned, or nothing."""
    file = downloads.put(f"{NAME}.mkv")
    downloads.desk.between = [nothing, lambda: file.write_bytes(b"longer than before")]
    done = await downloads.work()

    assert {f"{NAME}.mkv"} == done.failed.keys()
    assert {f"{NAME}.mkv": b"longer than before"} == downloads.files()


async def test_a_show_on_another_disk_is_told_in_a_sentence(downloads):
    """Files are renamed, not copied: where that is not possible, they stay."""
    downloads.put("Show.S01E01.mkv")
    downloads.put("Show.S01E01.srt")
    with small_disk(downloads.folder / "Show", size_bytes=1 << 20):
        done = await downloads.work()
        await downloads.work()
        after = downloads.files()
    (left,) = downloads.events("organizer.left")

    assert "failed" == left.files["Show.S01E01.mkv"].why
    assert 1 == downloads.desk.told.count(("warning", "not_filed"))
    assert {
        "Show.S01E01.mkv": "The file 'Show.S01E01.mkv' is on another disk than the folder of its"
        " show."
    } == done.failed
    assert {"Show/", "Show.S01E01.mkv", "Show.S01E01.srt"} == after.keys()


async def test_a_name_that_is_no_text_is_left_and_told_once(downloads):
    """No event can hold it; a log line can."""
    downloads.put(os.fsdecode(b"Show.S01E01.\xff.mkv"))
    await downloads.work()
    await downloads.work()

    assert [os.fsdecode(b"Show.S01E01.\xff.mkv")] == list(await downloads.left())
    assert ["Show.S01E01.\\xff.mkv"] == [each["path"] for each in downloads.desk.told_facts]
    assert [] == downloads.desk.core.events


async def test_the_episodes_of_a_show_are_retimed_only_when_wanted(tmp_path):
    """As perpetual did: in order, a second apart, and only as an option."""
    downloads = Organized(tmp_path / "downloads", retimes=True)
    for name in ("Show.S01E02.mkv", "Show.S01E01.mkv", "Show.S02E01.mkv"):
        os.utime(downloads.put(name), (1, 1))
    await downloads.work()
    times = {path.name: path.stat().st_mtime_ns for path in (downloads.folder / "Show").iterdir()}
    order = sorted(times, key=times.__getitem__)

    assert ["Show.S01E01.mkv", "Show.S01E02.mkv", "Show.S02E01.mkv"] == order
    assert [10**9, 10**9] == [times[later] - times[earlier] for earlier, later in pairwise(order)]
    assert 0 < time.time_ns() - times[order[-1]] < 60e9
