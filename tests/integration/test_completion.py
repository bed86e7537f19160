"""Shell completion: the script is sound, and completes what there is."""

import os
import shutil
import subprocess

import pytest

from support.checkout import ROOT
from support.command import playhead

PROGRAM = ROOT / ".venv" / "bin" / "playhead"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(tmp_path, shell):
    """One that asks us by our name."""
    told = playhead("completion", shell, folder=tmp_path).stdout

    assert "_PLAYHEAD_COMPLETE" in told
    assert "playhead" in told


def test_bash_takes_the_script(tmp_path):
    """Without a word of complaint."""
    script = playhead("completion", "bash", folder=tmp_path).stdout
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-n"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("words", "number", "expected"),
    [("playhead ver", 1, "plain,verify"), ("playhead adopt per", 2, "plain,perpetual")],
)
def test_commands_are_completed(words, number, expected):
    """Also those of groups, which are loaded when they are used."""
    asked = {"_PLAYHEAD_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
    done = subprocess.run(
        [PROGRAM], env=os.environ | asked, capture_output=True, text=True, check=False, timeout=60
    )

    assert expected in done.stdout.splitlines(), done.stderr
