"""The process that reads names: asked when it is needed, ended when it takes too long."""

import subprocess
import sys
import time

import pytest

from adapters.organizer.recognizing import PROGRAM, NamesUnread, Recognizer
from support.roots import CHILD_OPTIONS, CHILD_TIMEOUT_S

HOSTILE = "1-2_season1-9999x1.S011x_seasonS01'.mkv"
"""guessit is busy with it for minutes; here a stand-in is, which is quick to start."""

BUSY = """
import json, sys, time
names = json.load(sys.stdin)
if any("9999" in name for name in names):
    time.sleep(60)
seen = {"season": 1, "episodes": [1], "show_begin": 0, "show_end": 4, "begin": 5, "end": 9}
print(json.dumps([seen] * len(names)))
"""

COUNTING = """
import pathlib, sys
pathlib.Path(sys.argv[1]).open("a").write("asked ")
from adapters.organizer.sighting import main
main()
"""

LOADED = """
import sys
import daemon.wiring
print("guessit" in sys.modules)
"""


@pytest.fixture
def asked(tmp_path):
    """A reader of names, and what says how often the process was started."""
    told = tmp_path / "asked"
    told.touch()
    program = (sys.executable, "-c", COUNTING, str(told))
    return Recognizer(program=program), lambda: told.read_text().split()


async def test_plain_names_need_no_process_and_others_need_one(asked):
    """One for many names, and none for those that are known."""
    recognizer, starts = asked
    plain = await recognizer.recognized(["Show.S01E01.mkv", "Show.2024.01.15.mkv"])
    before = starts()
    names = ["Show.1x01.mkv", "Show.1x02.mkv", "Film.2023.mkv", "\udcff.mkv"]
    first = await recognizer.recognized(names)
    again = await recognizer.recognized(names)

    assert [(1,), ()] == [each.episodes for each in plain.values()]
    assert [] == before
    assert [(1,), (2,), None, None] == [each and each.episodes for each in first.values()]
    assert first == again
    assert ["asked"] == starts()


async def test_a_name_that_takes_too_long_tells_nothing():
    """The others that were asked about with it are read all the same."""
    recognizer = Recognizer(program=(sys.executable, "-S", "-c", BUSY), start_s=0.5)
    started_s = time.monotonic()
    found = await recognizer.recognized([HOSTILE, "Show.1x01.mkv"])

    assert found[HOSTILE] is None
    assert (1,) == found["Show.1x01.mkv"].episodes
    assert time.monotonic() - started_s < 20


async def test_a_process_that_breaks_down_tells_nothing():
    """It may run out of memory over a name."""
    recognizer = Recognizer(program=(sys.executable, "-c", "raise SystemExit(1)"))

    assert {"Show.1x01.mkv": None} == await recognizer.recognized(["Show.1x01.mkv"])


async def test_a_process_that_cannot_be_started_is_told():
    """Nothing is remembered: it may be possible later."""
    recognizer = Recognizer(program=("/nowhere/python",))

    with pytest.raises(NamesUnread):
        await recognizer.recognized(["Show.1x01.mkv"])


def test_the_process_does_not_look_where_it_was_started(tmp_path):
    """A module that somebody put there is none of ours."""
    (tmp_path / "guessit.py").write_text("raise SystemExit('hijacked')")
    done = subprocess.run(
        PROGRAM,
        input=b'["Show.1x01.mkv"]',
        check=True,
        capture_output=True,
        cwd=tmp_path,
        timeout=CHILD_TIMEOUT_S,
    )

    assert b'"season":1' in done.stdout


def test_the_daemon_does_not_load_guessit():
    """It takes a third of a second and 11 MiB."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        check=True,
        capture_output=True,
        timeout=CHILD_TIMEOUT_S,
        **CHILD_OPTIONS,
    )

    assert b"False" == done.stdout.strip()
