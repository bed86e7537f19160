"""What is played, named as the Lua client names it."""

import os

import pytest

from adapters.mpv.identifying import CHUNK_BYTES, fingerprint, located, looked_into

FOLDER = "/home/mara"


@pytest.mark.parametrize(
    ("path", "told", "name", "file"),
    [
        ("/films/a.mkv", "/films/a.mkv", "a.mkv", "/films/a.mkv"),
        ("a.mkv", "/home/mara/a.mkv", "a.mkv", "/home/mara/a.mkv"),
        ("./b/../a.mkv", "/home/mara/a.mkv", "a.mkv", "/home/mara/a.mkv"),
        ("//films//a.mkv", "/films/a.mkv", "a.mkv", "/films/a.mkv"),
        ("/caf\udce9.mkv", "/caf\ufffd.mkv", "caf\ufffd.mkv", "/caf\udce9.mkv"),
        (
            "file:///films/a%20b%E9.mkv",
            "/films/a b\ufffd.mkv",
            "a b\ufffd.mkv",
            "/films/a b\udce9.mkv",
        ),
        ("file://localhost/films/a.mkv", "/films/a.mkv", "a.mkv", "/films/a.mkv"),
        ("http://mara:pw@Host/a%20b.mkv?token=1#t", "http://host/a%20b.mkv", "a b.mkv", ""),
        ("https://tube/watch?v=ab&list=c", "https://tube/watch;v=ab", "watch;v=ab", ""),
    ],
)
def test_a_path_is_told_cleanly(path, told, name, file):
    """Absolute, as text, without credentials; and still what opens the file."""
    found = located(path, FOLDER)

    assert (told, name, file) == (found.path, found.name, found.file)


@pytest.mark.parametrize(
    "path", ["", "-", "edl://a;b", "memory://x", "fd://3", "DVD://1", "av://lavfi:testsrc"]
)
def test_what_says_nothing_about_a_file_is_not_remembered(path):
    """Such addresses hold the content itself, or a device."""
    assert None is located(path, FOLDER)


def test_a_file_is_known_by_its_content(tmp_path):
    """The hash of OpenSubtitles over both ends, as the Lua client takes it."""
    data = bytes(range(256)) * 1_024
    (tmp_path / "a.mkv").write_bytes(data)
    found = looked_into(located(str(tmp_path / "a.mkv"), "/"))
    words = [int.from_bytes(data[i : i + 8], "little") for i in range(0, CHUNK_BYTES, 8)]
    total = (2 * sum(words) + len(data)) % 2**64

    assert f"moviehash:{total:016x}-{len(data)}" == found.fingerprint
    assert len(data) == found.size_bytes
    assert (tmp_path / "a.mkv").stat().st_ino == found.inode


@pytest.mark.parametrize("kind", ["small", "missing", "directory", "pipe"])
def test_what_has_no_two_ends_has_no_fingerprint(tmp_path, kind):
    """And looking never waits, not even at a pipe that nobody writes to."""
    path = tmp_path / "a.mkv"
    if kind == "small":
        path.write_bytes(b"RIFF")
    elif kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)

    assert None is looked_into(located(str(path), "/")).fingerprint


def test_silence_has_no_fingerprint():
    """Every silent file of a size would share it."""
    silence = b"\x80" * CHUNK_BYTES

    assert None is fingerprint(b"RIFF" + silence[4:], silence, 2 * CHUNK_BYTES)
