"""Outside programs: their answers, their failures, and that nothing of them is left running."""

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from adapters.files.tool_errors import ToolFailed, ToolMissing, ToolTimeout
from adapters.files.tools import Toolbox, complaint, file_url
from support.media_clips import is_running, write_script
from support.mpv import require_program, wait_until

ROOT = Path(__file__).parents[2]
PARENT = """
import sys, anyio
from adapters.files.tools import Toolbox
async def main():
    await Toolbox(anyio.CapacityLimiter(1)).run(sys.argv[1], [sys.argv[2]], timeout_s=60)
anyio.run(main)
"""
HANG = 'sleep 60 & echo $! > "$1"; sleep 60'


@pytest.fixture
def tools():
    """Two programs at a time."""
    return Toolbox(anyio.CapacityLimiter(2))


async def run(tools, program, *arguments, timeout_s=10.0, **options):
    """The answer of a program."""
    return await tools.run(
        str(program), [str(each) for each in arguments], timeout_s=timeout_s, **options
    )


def written(path):
    """Whether a file holds something already."""
    return path.exists() and path.read_text()


async def test_the_output_of_a_program_is_returned(tools, tmp_path):
    """What the program writes comes back, byte for byte; arguments are not words of a shell."""
    echo = write_script(tmp_path / "echo", 'printf %s "$1"; cat')

    assert b"a $(b) 'c'; d" == await run(tools, echo, "a $(b) 'c'; d")


async def test_a_missing_program_says_how_to_get_it(tools):
    """The operator reads which package to install."""
    toolbox = Toolbox(anyio.CapacityLimiter(1), ffprobe="/nowhere/ffprobe")

    with pytest.raises(ToolMissing, match="ffprobe is not installed") as raised:
        await toolbox.ffprobe([], timeout_s=1)

    assert "apt-get install ffmpeg" in raised.value.hint


async def test_a_failure_ends_with_the_program_s_last_words(tools, tmp_path):
    """The reason is the last line that says something, and names no folder of ours."""
    words = "echo '[mov @ 0x55d] moov atom not found' >&2\n"
    words += 'echo "$1: Invalid data found when processing input" >&2; exit 1'
    broken = write_script(tmp_path / "ffx", words)

    with pytest.raises(ToolFailed) as raised:
        await run(tools, broken, file_url(tmp_path / "a.mov"))

    assert "ffx gave up: moov atom not found." == str(raised.value)


async def test_a_silent_failure_tells_the_status(tools, tmp_path):
    """A program that says nothing and fails has failed."""
    with pytest.raises(ToolFailed, match=r"ended with status 7\."):
        await run(tools, write_script(tmp_path / "mute", "exit 7"))


async def test_a_program_that_hangs_is_killed_with_all_it_started(tools, tmp_path):
    """After the deadline neither the program nor its children run any more."""
    child = tmp_path / "child"
    started = time.monotonic()

    with pytest.raises(ToolTimeout, match=r"hang took longer than 0\.5 s"):
        await run(tools, write_script(tmp_path / "hang", HANG), child, timeout_s=0.5)

    assert 20 > time.monotonic() - started
    wait_until(lambda: not is_running(int(child.read_text())), "the child is gone")


async def test_cancelling_kills_the_program(tools, tmp_path):
    """Whoever waits may leave; the program goes too, and its place is free."""
    child = tmp_path / "child"
    hang = write_script(tmp_path / "hang", HANG)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, tools, hang, child)
        await anyio.to_thread.run_sync(wait_until, lambda: written(child), "a child")
        tasks.cancel_scope.cancel()

    wait_until(lambda: not is_running(int(child.read_text())), "the child is gone")
    assert 0 == tools.limiter.borrowed_tokens


async def test_a_program_that_talks_for_ever_is_stopped(tools, tmp_path):
    """The output has a maximum; what exceeds it counts as a failure."""
    with pytest.raises(ToolFailed, match="wrote more than 1000 bytes"):
        await run(tools, write_script(tmp_path / "yes", "exec yes"), output_bytes_max=1000)


async def test_a_program_that_complains_for_ever_does_not_fill_the_memory(tools, tmp_path):
    """Only the end of the complaints is kept, and a full pipe does not stop the program."""
    loud = write_script(tmp_path / "loud", "yes | head -c 5000000 >&2; echo last words >&2; exit 1")

    with pytest.raises(ToolFailed, match=r"loud gave up: last words\."):
        await run(tools, loud)


async def test_lines_arrive_while_the_program_runs(tools, tmp_path):
    """Progress is heard line by line, and not kept."""
    lines = []

    answer = await run(
        tools, write_script(tmp_path / "p", "printf 'a\\nb\\n'"), on_line=lines.append
    )

    assert (["a", "b"], b"") == (lines, answer)


async def test_no_more_programs_run_than_there_are_places(tmp_path):
    """The second program begins when the first has ended."""
    tools = Toolbox(anyio.CapacityLimiter(1))
    log = tmp_path / "log"
    slow = write_script(tmp_path / "slow", 'echo in >> "$1"; sleep 0.1; echo out >> "$1"')

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(run, tools, slow, log)

    assert ["in", "out"] * 3 == log.read_text().split()


async def test_programs_step_behind_requests(tools, tmp_path):
    """A program runs at lower priority than whoever started it."""
    answer = await run(tools, write_script(tmp_path / "nice", "exec nice"))

    assert min(os.nice(0) + 10, 19) == int(answer)


def test_programs_die_with_whoever_started_them(tmp_path):
    """A daemon that is killed leaves no encoder behind that writes on into its folders."""
    require_program("setpriv", "install util-linux to run this test")
    pid = tmp_path / "pid"
    slow = write_script(tmp_path / "slow", 'echo $$ > "$1"; exec sleep 60')

    with subprocess.Popen([sys.executable, "-c", PARENT, slow, pid], cwd=ROOT) as parent:
        wait_until(lambda: written(pid), "a program")
        parent.kill()

    wait_until(lambda: not is_running(int(pid.read_text())), "the program is gone")


async def test_programs_run_where_nothing_may_be_set_for_them(tools, tmp_path, monkeypatch):
    """A sandbox that refuses what `setpriv` does, as that of our unit, refuses no thumbnail."""
    write_script(tmp_path / "setpriv", "exit 127")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert b"done" == await run(tools, write_script(tmp_path / "tool", "printf done"))


async def test_a_worker_that_hangs_is_killed(tools):
    """A function that does not return costs its process, and no more than its time."""
    assert 4 == await tools.in_worker(len, "warm", timeout_s=30)
    started = time.monotonic()

    with pytest.raises(ToolTimeout, match=r"longer than 0\.5 s"):
        await tools.in_worker(time.sleep, 60, timeout_s=0.5)

    assert 20 > time.monotonic() - started
    assert 0 == tools.limiter.borrowed_tokens


async def test_a_worker_that_crashes_fails_one_call(tools):
    """A decoder that takes its process down is a failure; the next call has a new process."""
    with pytest.raises(ToolFailed, match="broke down"):
        await tools.in_worker(signal.raise_signal, signal.SIGSEGV, timeout_s=30)

    assert 4 == await tools.in_worker(len, "next", timeout_s=30)


async def test_a_worker_that_was_killed_while_idle_fails_nothing(tools):
    """Whoever comes next is served by a new process."""
    worker = await tools.in_worker(os.getpid, timeout_s=30)

    os.kill(worker, signal.SIGKILL)

    assert worker != await tools.in_worker(os.getpid, timeout_s=30)


def test_a_worker_that_loads_the_daemon_s_module_starts_no_daemon():
    """Workers load the main module under another name, which must do nothing."""
    assert "main" in runpy.run_module("daemon.__main__", run_name="__mp_main__")


def test_a_path_is_never_an_option_or_an_address():
    """Whatever a file is called, the tools see a file."""
    assert "file:/a/-i http:.mov" == file_url(Path("/a/-i http:.mov"))


def test_a_complaint_keeps_the_paths_to_itself():
    """The server's folders are nobody's business."""
    command = ["-i", "file:/secret/a.mov"]

    said = complaint("Error opening file:/secret/a.mov: Permission denied\n", command)

    assert "Error opening the file: Permission denied." == said
