"""Plans for a directory, from what lies in it: no disk is asked."""

import pytest

from projections.filing_names import recognized_plainly
from projections.filing_plan import plan_filing
from projections.filing_survey import Lying, Mark, candidates, is_partial, is_release, survey
from support.organized import rules_with

RULES = rules_with()
FOLDER = Lying(kind="folder")
CROWD = ["Show.S01E01.mkv", *(f"Show.S01E01 ({number}).mkv" for number in range(2, 100))]


def file(size_bytes=4, inode=1, *, is_finished=True):
    """A file."""
    return Lying(kind="file", mark=Mark(size_bytes, 0, inode), is_finished=is_finished)


def planned(names, shows=None, *, contents=None, undone=None, **folders):
    """The plan for a directory with these names in it."""
    listing = {"": names, **folders}
    seen = {
        path: recognized_plainly(path.rpartition("/")[2]) for path in candidates(listing, RULES)
    }
    found = survey(listing, seen, RULES)
    return plan_filing(found, shows or {}, contents=contents or {}, undone=undone or {})


def moves(plan):
    """Where the files of a plan go."""
    return {move.path: move.new_path for move in plan.moves}


def test_files_of_one_size_are_read_before_more_is_said():
    """Only then; files of another size cannot be alike."""
    names = {"Show": FOLDER, "Show.S01E01.720p.mkv": file(5), "Show.S01E02.mkv": file(6)}
    shows = {"Show": {"Show.S01E01.mkv": file(5, 2), "Show.S01E02.mkv": file(7, 3)}}
    first = planned(names, shows)
    alike = {"Show.S01E01.720p.mkv": "a", "Show/Show.S01E01.mkv": "a"}
    same = planned(names, shows, contents=alike)
    other = planned(names, shows, contents={**alike, "Show/Show.S01E01.mkv": "b"})

    assert ("Show.S01E01.720p.mkv", "Show/Show.S01E01.mkv") == first.unread
    assert {"Show.S01E02.mkv": "Show/Show.S01E02 (2).mkv"} == moves(first)
    assert [("duplicate", "Show/Show.S01E01.mkv")] == [
        (leave.why, leave.other) for leave in same.leaves
    ]
    assert "Show/Show.S01E01 (2).mkv" == moves(other)["Show.S01E01.720p.mkv"]


def test_a_name_is_taken_in_any_case():
    """Some disks take upper for lower case; and people do."""
    names = {"Show": FOLDER, "Show.S01E01.mkv": file(5)}
    shows = {"Show": {"SHOW.s01e01.MKV": file(6)}}

    assert {"Show.S01E01.mkv": "Show/Show.S01E01 (2).mkv"} == moves(planned(names, shows))


def test_a_file_and_those_of_its_name_get_one_name():
    """Subtitles that lie there already keep a film from taking their name."""
    names = {"Show": FOLDER, "Show.S01E01.mkv": file(5), "Show.S01E01.srt": file(6)}
    shows = {"Show": {"Show.S01E01.srt": file(7)}}
    (move,) = planned(names, shows).moves

    assert "Show/Show.S01E01 (2).mkv" == move.new_path
    assert {"Show.S01E01.srt": "Show/Show.S01E01 (2).srt"} == move.companions


def test_too_many_of_one_name_are_left():
    """A hundred files of one episode are a mistake; there is an end to it."""
    names = {"Show": FOLDER, "Show.S01E01.720p.mkv": file(5)}
    shows = {"Show": dict.fromkeys(CROWD, file(6))}
    (leave,) = planned(names, shows).leaves

    assert "crowded" == leave.why


@pytest.mark.parametrize("kind", ["file", "other"])
def test_what_is_no_folder_is_in_the_way(kind):
    """A file or a link that is called like a show stays what it is."""
    plan = planned({"Show": Lying(kind=kind), "Show.S01E01.mkv": file()})

    assert [("Show.S01E01.mkv", "blocked", "Show")] == [
        (leave.path, leave.why, leave.other) for leave in plan.leaves
    ]


def test_of_two_folders_of_a_show_the_first_is_used():
    """They differ in case only, and the disk knows both."""
    plan = planned({"SHOW": FOLDER, "show": FOLDER, "Show.S01E01.mkv": file()})

    assert {"Show.S01E01.mkv": "SHOW/Show.S01E01.mkv"} == moves(plan)


def test_a_file_put_back_is_left_as_long_as_it_is_the_same():
    """Its size, its time of writing and its inode tell."""
    names = {"Show.S01E01.mkv": file(5, 7)}

    assert {} == moves(planned(names, undone={"Show.S01E01.mkv": Mark(5, 0, 7)}))
    assert {} != moves(planned(names, undone={"Show.S01E01.mkv": Mark(5, 0, 8)}))


def test_an_unfinished_companion_holds_its_video_back():
    """They go together."""
    names = {"Show.S01E01.mkv": file(), "Show.S01E01.srt": file(is_finished=False)}
    plan = planned(names)

    assert ((), ("Show.S01E01.mkv",)) == (plan.moves, plan.unfinished)


def test_nothing_is_said_of_a_film_before_it_is_complete():
    """It grows, and at each look it would be another file to tell of."""
    plan = planned({"Film.2023.mkv": file(is_finished=False)})

    assert ((), ("Film.2023.mkv",)) == (plan.leaves, plan.unfinished)


def test_long_names_leave_room_for_those_that_go_along():
    """All of them fit, also when they are kept beside another."""
    name = f"Show.S01E01.{'é' * 100}"
    names = {f"{name}.mkv": file(), f"{name}.forced.de.srt": file()}
    (move,) = planned(names).moves
    (companion,) = move.companions.values()

    assert companion.endswith(".forced.de.srt")
    assert len(companion.removeprefix("Show/").encode()) <= 255 - len(" (99)")


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("Show.S01E01.720p.WEB-GRP", True),
        ("Show - 2024-01-15", True),
        ("Show", False),
        ("Season 01", False),
        (".Show.S01E01", False),
    ],
)
def test_folders_named_after_an_episode_are_looked_into(folder, expected):
    """Those of shows are not: what lies there is filed."""
    assert expected is is_release(folder)


def test_a_neighbour_tells_that_a_file_is_on_its_way():
    """Firefox puts an empty file beside its part, aria2 its notes beside the file."""
    names = {"a.mkv": file(), "a.mkv.part": file(), "b.mkv": file()}

    assert is_partial("a.mkv", names)
    assert is_partial("a.mkv.part", names)
    assert not is_partial("b.mkv", names)
