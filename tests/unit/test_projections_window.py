"""Which files are played, and in which order."""

from itertools import permutations

import pytest

from projections.window import DAY_NS, WindowFile, WindowRules, window
from support.clock import START_NS

EVERYTHING = WindowRules(days=0, order="oldest")
MINUTE_NS = DAY_NS // 1_440


def written(**minutes):
    """Files `/v/NAME.mkv`, written so many minutes before now."""
    return [
        WindowFile(f"/v/{name}.mkv", START_NS - ago * MINUTE_NS, 1, number)
        for number, (name, ago) in enumerate(minutes.items())
    ]


def names(files, rules=EVERYTHING, **options):
    """What is played, without folder and extension."""
    found = window(files, rules, now_ns=START_NS, **options)
    return [path.rpartition("/")[2].removesuffix(".mkv") for path in found]


def test_files_of_the_last_days_are_played():
    """The oldest or the newest first; a file that is just as old as allowed is among them."""
    files = written(b=1, a=2 * 1_440, c=2 * 1_440 + 1)

    assert ["a", "b"] == names(files, WindowRules(days=2, order="oldest"))
    assert ["b", "a"] == names(files, WindowRules(days=2, order="newest"))
    assert ["c", "a", "b"] == names(files)
    assert [] == names(files, WindowRules(days=0.0001, order="oldest"))


def test_names_decide_between_files_of_the_same_time():
    """In the same direction, whichever comes first."""
    files = written(b=5, c=5, a=5)

    assert ["a", "b", "c"] == names(files)
    assert ["a", "b", "c"] == names(files, WindowRules(days=0, order="newest"))


def test_file_of_the_future_is_new():
    """A camera's clock may be wrong; the file is there nevertheless."""
    files = written(b=1, a=-1_000_000)

    assert ["b", "a"] == names(files, WindowRules(days=1, order="oldest"))


def test_file_is_as_old_as_its_filing():
    """An old file that was filed today is new today."""
    filed = WindowFile("/v/old.mkv", START_NS - 90 * DAY_NS, 1, 9, filed_ns=START_NS - MINUTE_NS)
    files = [*written(b=2, a=0), filed]

    assert ["b", "old", "a"] == names(files, WindowRules(days=1, order="oldest"))


def test_what_is_left_out_leaves():
    """And its show's other episodes have the places that remain."""
    files = written(Show_S01E02=3, x=2, Show_S01E01=1, Show_S01E03=0)

    found = names(files, left_out={"/v/Show_S01E01.mkv"})

    assert ["Show_S01E02", "x", "Show_S01E03"] == found


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_episodes_take_the_places_of_their_show(order):
    """Whenever each was written: first season, then episode, up or down; other files stay."""
    marks = ["S01E02", "S01E10", "S02E01"]
    ordered = marks if order == "oldest" else marks[::-1]
    expected = [f"Show.{ordered[0]}", "film", *(f"Show.{mark}" for mark in ordered[1:])]
    ages = [4, 2, 1] if order == "oldest" else [1, 3, 4]
    for shuffled in permutations(marks):
        times = {f"Show.{mark}": ago for mark, ago in zip(shuffled, ages, strict=True)}
        files = written(film=3 if order == "oldest" else 2, **times)

        assert expected == names(files, WindowRules(days=0, order=order))


def test_show_is_known_by_its_name_or_else_by_its_folder():
    """However it is spelled, wherever it lies; shows of the same folder are kept apart."""
    paths = [
        "/v/The Show/The.Show.S01E02.mkv",
        "/v/Other.S01E02.mkv",
        "/v/the_show_s01e01.mkv",
        "/v/Other.S01E01.mkv",
        "/v/Bare/Season 2/S02E01.mkv",
        "/v/Else/S01E01.mkv",
        "/v/Bare/Season 1/S01E01.mkv",
    ]
    files = [WindowFile(path, number, 1, number) for number, path in enumerate(paths)]
    swapped = [paths[place] for place in (2, 3, 0, 1, 6, 5, 4)]

    assert swapped == window(files, EVERYTHING, now_ns=START_NS)


def test_two_files_of_one_episode_keep_their_order():
    """The older one first, or the newer one."""
    files = written(**{"Show.S01E02": 9, "Show.S01E01.720p": 5, "Show.S01E01.480p": 7})

    oldest, newest = names(files), names(files, WindowRules(days=0, order="newest"))

    assert ["Show.S01E01.480p", "Show.S01E01.720p", "Show.S01E02"] == oldest
    assert ["Show.S01E02", "Show.S01E01.720p", "Show.S01E01.480p"] == newest
