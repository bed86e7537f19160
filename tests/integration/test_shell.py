"""The shell in which tests type what documents say."""

import pytest

from support.mpv import wait_until
from support.reader import LISTENING
from support.shell import Shell


@pytest.fixture
def shell(tmp_path):
    """Somebody's terminal."""
    with Shell(tmp_path, environment={"PLAYHEAD_SERVER_BIND": "127.0.0.1:0"}) as shell:
        yield shell


def test_what_was_set_stays_set(shell):
    """Folders and variables, as in a terminal; what is typed is the command's input."""
    shell.run("mkdir inner; cd inner; WORD=said")
    told = shell.run("pwd; echo $WORD; cat; false", typed="typed\n")

    assert (1, f"{shell.home}/inner\nsaid\ntyped\n") == (told.code, told.text)


def test_playhead_is_found_whatever_becomes_of_the_path(shell):
    """Pipes, exit codes and standard error are those of the real command."""
    shell.run("PATH=/usr/bin:/bin")
    version = shell.run("playhead --version | cat")
    refused = shell.run("playhead verify")

    assert "playhead, version" in version.text
    assert 1 == refused.code
    assert "There is no" in refused.text


def test_what_goes_on_is_ended_by_its_interrupt(shell):
    """A daemon gets the signal, ends in good order, and its answer is all it has said."""
    job = shell.start("playhead serve")
    wait_until(lambda: LISTENING.search(job.text), "a daemon")
    running = job.has_ended
    told = job.interrupt()

    assert (False, 0) == (running, told.code)
    assert '"event": "stopped"' in told.text
