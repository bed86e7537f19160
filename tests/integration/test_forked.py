"""What is forked from an interpreter that is ready is what an interpreter of its own would be."""

import os
import re
import signal
from pathlib import Path

import pytest

from support.checkout import PACKAGES, python_files, text
from support.command import playhead
from support.daemon import DaemonProcess
from support.forked import Interpreter, suffices
from support.forking import AT_THE_START
from support.media_clips import is_running
from support.mpv import wait_until

LINE = (
    '{"id":"00000000-0000-0000-0000-000000000001","at":"2026-11-21T09:01:00Z","source":"http",'
    '"type":"position.reported","actor":"mara","data":{"user":"mara","media":"/f/ä.mkv",'
    '"name":"ä.mkv","position_s":10.0}}\n'
)
OF_A_PROCESS = re.compile(
    r"(?m)^\w+\b.* = .*\b(time|secrets|random|os\.getpid|os\.urandom|uuid\.uuid\d)\b[\w.]*\("
)
SAID = [
    (["--version"], 0, ""),
    (["import", "--data", "data"], 0, LINE),
    (["log"], 0, ""),
    (["sleep"], 2, ""),
    (["log", "--data", "nowhere"], 1, ""),
    (["config", "show"], 0, ""),
    (["config", "check"], 0, ""),
]


@pytest.mark.slow
def test_a_fork_says_what_an_interpreter_says(tmp_path):
    """Output, complaints and exit code are the same, of the same folder, variables and input."""
    told = {}
    for own in (True, False):
        folder = tmp_path / str(own) / "x"
        folder.mkdir(parents=True)
        told[own] = [
            playhead(
                *words,
                folder=folder,
                code=code,
                typed=typed,
                environment={"PLAYHEAD_GC_SCHEDULE": "@weekly"},
                own_interpreter=own,
            )
            for words, code, typed in SAID
        ]

    for one, other in zip(told[True], told[False], strict=True):
        assert one.stdout == other.stdout
        assert one.stderr.replace("/True/", "/False/") == other.stderr


def test_its_exit_code_tells_how_it_ended(tmp_path):
    """Stopped in good order, and killed."""
    with DaemonProcess(tmp_path / "data") as daemon:
        assert daemon.process.poll() is None
        assert 0 == daemon.stop()
        daemon.restart()
        daemon.kill()

    assert -signal.SIGKILL == daemon.process.poll()


def connections_of(process):
    """The sockets and pipes that a process holds, but for its standard output."""
    folder = Path(f"/proc/{process}/fd")
    names = {str(entry.readlink()) for entry in folder.iterdir() if entry.name != "1"}
    return {name for name in names if name.startswith(("socket:", "pipe:"))}


def test_it_has_no_descriptor_but_its_own(tmp_path):
    """Two daemons at once: neither holds a socket or a pipe of the other."""
    with DaemonProcess(tmp_path / "one") as one, DaemonProcess(tmp_path / "two") as two:
        held = [connections_of(daemon.pid) for daemon in (one, two)]

    assert all(held)
    assert set() == held[0] & held[1]


def test_nothing_survives_whoever_had_it_forked(tmp_path):
    """The interpreter and all it forked end with the process of the tests."""
    own = Interpreter()
    reading, writing = os.pipe()
    streams = (reading, 1, 2)
    process = own.fork(["import"], environment=os.environ, streams=streams, folder=tmp_path)
    own.close()

    wait_until(lambda: not is_running(process.pid), "the end of what was forked")
    assert -signal.SIGKILL == process.wait()
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LD_PRELOAD", "OTEL_SDK_DISABLED"])
def test_what_matters_to_an_interpreter_asks_for_one(name):
    """Only settings of Playhead itself are read after the start."""
    assert suffices({**os.environ, "PLAYHEAD_DATA": "/d"})
    assert not suffices({**os.environ, name: "1"})


def test_each_fork_has_a_name_and_a_beginning_of_its_own():
    """What a module notes of its process at import is noted again in every fork."""
    found = [path for path in python_files(*PACKAGES) if OF_A_PROCESS.search(text(path))]

    assert sorted(AT_THE_START) == [".".join(path.with_suffix("").parts) for path in found]
