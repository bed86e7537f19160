"""Where a workstation has the files of a job, and what is wrong with them there."""

import pytest

from adapters.resolve.places import looked_at, places
from adapters.resolve.showing import command_for
from adapters.resolve.wire import JobFile


def file(**fields):
    """A file of a job."""
    return JobFile(path="ingest/originals/a.mov", name="a.mov", **fields)


@pytest.mark.parametrize(
    ("paths", "host", "system", "path"),
    [
        ({"server": "/srv/a.mov", "windows": "P:\\a.mov"}, "windows", "windows", "P:\\a.mov"),
        ({"server": "/srv/a.mov", "suite": "\\\\nas\\p\\a.mov"}, "suite", "windows", None),
        (
            {"server": "/srv/a.mov", "macos": "/Volumes/p/a.mov"},
            "macos",
            "macos",
            "/Volumes/p/a.mov",
        ),
        ({"server": "/srv/a.mov"}, "linux", "linux", "/srv/a.mov"),
    ],
)
def test_each_machine_has_its_own_path(paths, host, system, path):
    """A machine that sees the daemon's disks as the daemon does needs no entry."""
    (place,) = places([file(paths=paths)], host, system)

    assert (path or paths[host], "") == (place.path, place.problem)


@pytest.mark.parametrize(
    ("paths", "system"),
    [({"server": "/srv/a.mov"}, "windows"), ({"server": "srv/a.mov"}, "linux"), ({}, "macos")],
)
def test_a_path_that_is_none_here_is_missing(paths, system):
    """Resolve would take it for nothing at all, and say no word."""
    (place,) = places([file(paths=paths)], "suite", system)

    assert "missing" == place.problem
    assert "[[resolve_host]]" in place.detail


def test_former_places_are_those_of_the_machine():
    """By them a clip is known again whose file was moved."""
    former = {"server": ["/srv/old.mov"], "suite": ["/mnt/old.mov"]}
    (place,) = places([file(paths={"suite": "/mnt/a.mov"}, former_paths=former)], "suite", "linux")

    assert ("/mnt/old.mov",) == place.former


@pytest.mark.parametrize(
    ("content", "size_bytes", "problem", "word"),
    [
        (b"clip", 4, "", ""),
        (b"clip", 0, "", ""),
        (None, 4, "missing", "not there"),
        (b"", 4, "unreadable", "empty"),
        (b"cli", 4, "unreadable", "copied yet"),
    ],
)
def test_a_file_is_looked_at_before_resolve_is_asked(tmp_path, content, size_bytes, problem, word):
    """What Resolve would pass over in silence gets a sentence."""
    path = tmp_path / "a.mov"
    if content is not None:
        path.write_bytes(content)
    (place,) = places([file(paths={"suite": str(path)}, size_bytes=size_bytes)], "suite", "linux")
    found = looked_at(place)

    assert problem == found.problem
    assert word in found.detail


def test_a_directory_is_no_file(tmp_path):
    """Resolve would import everything in it."""
    (place,) = places([file(paths={"suite": str(tmp_path)})], "suite", "linux")

    assert "unreadable" == looked_at(place).problem


@pytest.mark.parametrize(
    ("system", "path", "command"),
    [
        ("windows", "P:\\a b\\c.mov", ["explorer.exe", "/select,", "P:\\a b\\c.mov"]),
        ("macos", "/Volumes/a b/c.mov", ["open", "-R", "/Volumes/a b/c.mov"]),
        ("linux", "/mnt/a b/c.mov", ["xdg-open", "/mnt/a b"]),
    ],
)
def test_each_system_shows_a_file_its_own_way(system, path, command):
    """As a list of words: no shell reads the path."""
    assert command == command_for(path, system)
