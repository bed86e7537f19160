"""The units that are shipped: understood by systemd, hardened, and of commands that exist."""

import os
import re
import shlex
import shutil
import subprocess

import pytest
from click.testing import CliRunner

from daemon.cli.main import cli
from support.checkout import ROOT
from support.mpv import require_program

FOLDER = ROOT / "ops" / "packaging" / "systemd"
SYSTEM = sorted(FOLDER.glob("*.*"))
USER = sorted((FOLDER / "user").glob("*.*"))
SERVICES = [unit for unit in SYSTEM if unit.suffix == ".service"]
TIMERS = [unit for unit in SYSTEM if unit.suffix == ".timer"]
PROGRAM = re.compile(r"(?<==)\S+/bin/playhead\b")
EXPOSURE_MAX = "15"
"""In tenths, of 100."""


def analyze(*arguments, folder):
    """The exit code of systemd-analyze and what it says about units of ours."""
    program = require_program("systemd-analyze", "install systemd to run this test")
    done = subprocess.run(
        [program, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
    )
    lines = (done.stdout + done.stderr).splitlines()
    return done.returncode, [line for line in lines if "playhead" in line]


def with_a_program(units, folder):
    """Copies of units that start a program which is there."""
    there = str(shutil.which("true"))
    for unit in units:
        text = unit.read_text(encoding="utf-8")
        (folder / unit.name).write_text(PROGRAM.sub(there, text), encoding="utf-8")
    return [str(folder / unit.name) for unit in units]


@pytest.mark.parametrize(("units", "manager"), [(SYSTEM, "--system"), (USER, "--user")])
def test_systemd_understands_them(tmp_path, units, manager):
    """Every line of them, without a word of doubt."""
    copies = with_a_program(units, tmp_path)

    assert (0, []) == analyze("verify", manager, "--man=no", *copies, folder=tmp_path)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_little_is_left_to_a_service_that_was_taken_over(tmp_path, unit):
    """By the measure of systemd itself: 1.5 of 10, where 0 is nothing at all."""
    options = ("--offline=yes", "--no-pager", f"--threshold={EXPOSURE_MAX}")
    code, told = analyze("security", *options, str(unit), folder=tmp_path)

    assert 0 == code, told


@pytest.mark.parametrize("unit", [*SERVICES, *USER], ids=lambda unit: str(unit.relative_to(FOLDER)))
def test_they_start_commands_that_exist(unit):
    """With options that these commands have."""
    line = re.search(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    _, *words = shlex.split(line[1])
    done = CliRunner().invoke(cli, [*words, "--help"])

    assert 0 == done.exit_code, done.output


@pytest.mark.parametrize("timer", TIMERS, ids=lambda timer: timer.stem)
def test_a_timer_has_its_service(timer):
    """And makes up for the night in which the machine was off."""
    assert timer.with_suffix(".service").is_file()
    assert "Persistent=yes" in timer.read_text(encoding="utf-8")
