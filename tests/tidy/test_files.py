"""Where files may be, what they may be called, and what they may not say."""

import os
import re

from support import checkout

NAMES_THAT_SAY_NOTHING = {"base2", "common", "helper", "helpers", "misc", "new", "util", "utils"}
# A word at the start of a comment, in any of our languages, and no issue number in the same line.
LEFTOVER = re.compile(r"(?:#|//|--|;|/\*|<!--)\s*(?:TODO|FIXME|XXX|HACK)\b(?!.*#\d+)")
# Folders of one machine, not of the user's: root's home, a container's work folder.
MACHINE_PATH = re.compile(r"(?<![\w.~*-])/(?:root|work)/")


def lines_that_match(pattern):
    """Every line of every text file in which the pattern is found, this file excepted."""
    here = checkout.Path(__file__).resolve().relative_to(checkout.ROOT)
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in checkout.files()
        if path != here
        for number, line in enumerate((checkout.text(path) or "").splitlines(), start=1)
        if pattern.search(line)
    ]


def ops_scripts():
    """The files of ops/ and .ci/ that start with a bash line."""
    return [
        path
        for path in checkout.files()
        if path.parts[0] in {"ops", ".ci"}
        and (checkout.text(path) or "").startswith("#!/usr/bin/env bash")
    ]


def test_no_leftover_without_an_issue():
    """What remains to be done names the issue where it will be."""
    assert [] == lines_that_match(LEFTOVER)


def test_no_text_names_a_folder_of_one_machine():
    """The project is the same wherever it is checked out."""
    assert [] == lines_that_match(MACHINE_PATH)


def test_no_file_has_a_name_that_says_nothing():
    """A file is named after what it contains."""
    nameless = [str(path) for path in checkout.files() if path.stem in NAMES_THAT_SAY_NOTHING]

    assert [] == nameless


def test_test_folders_are_not_packages():
    """A package named like one of ours, or `tests`, would hide the real one from imports."""
    packages = [str(path) for path in checkout.python_files("tests") if path.name == "__init__.py"]

    assert [] == packages


def test_every_package_folder_is_a_package():
    """A folder without `__init__.py` can be imported, but our tools would overlook it."""
    packages = {
        path.parent
        for path in checkout.python_files(*checkout.PACKAGES)
        if path.name == "__init__.py"
    }

    missing = {str(path.parent) for path in checkout.python_files(*checkout.PACKAGES)} - set(
        map(str, packages)
    )

    assert set() == missing


def test_every_top_folder_has_a_readme():
    """Documentation lives where it is used."""
    folders = {path.parts[0] for path in checkout.files() if len(path.parts) > 1}

    silent = [
        name
        for name in folders
        if not name.startswith(".") and not (checkout.ROOT / name / "README.md").exists()
    ]

    assert [] == sorted(silent)


def test_every_script_can_be_run():
    """The executable bit is set, so that the documented command works as written."""
    scripts = ops_scripts()

    stuck = [str(path) for path in scripts if not os.access(checkout.ROOT / path, os.X_OK)]

    assert scripts
    assert [] == stuck


def test_every_script_says_how_to_call_it_and_stops_at_the_first_error():
    """A script begins with its usage as a comment; its first command makes errors fatal."""
    careless = []
    for path in ops_scripts():
        lines = (checkout.text(path) or "").splitlines()
        commands = [line for line in lines if line and not line.startswith("#")]
        if not lines[1].startswith("# Usage: ") or commands[0] != "set -euo pipefail":
            careless.append(str(path))

    assert [] == careless
