"""identity.lua: what a file is called on every machine."""

import random
import struct
import urllib.parse
import uuid

import pytest

CHUNK_BYTES = 65536


def moviehash(data):
    """The OpenSubtitles hash, the plain way."""
    total = len(data)
    for chunk in (data[:CHUNK_BYTES], data[-CHUNK_BYTES:]):
        total += sum(struct.unpack(f"<{CHUNK_BYTES // 8}Q", chunk))
    return f"{total % 2**64:016x}"


@pytest.fixture
def identity(lua):
    return lua.require("identity")


def test_clean_text_is_what_python_makes_of_the_same_bytes(identity):
    """Every byte string becomes valid UTF-8, damaged pieces replaced exactly as Python does."""
    generator = random.Random(7)
    interesting = [
        0x41,
        0x7F,
        0x80,
        0xBF,
        0xC2,
        0xE0,
        0xA0,
        0xED,
        0x9F,
        0xEF,
        0xF0,
        0x90,
        0xF4,
        0xFF,
    ]
    for _ in range(500):
        data = bytes(generator.choices(interesting, k=generator.randrange(12)))

        cleaned = identity.clean_utf8(data.decode("latin-1")).encode("latin-1")
        assert data.decode("utf-8", "replace") == cleaned.decode("utf-8")


def test_percent_encoding_is_that_of_python(identity, to_raw):
    """Encoding agrees with `urllib.parse.quote`, and decoding undoes it."""
    text = "a b+c%d/é東🎬~_-.'\"\\\n"

    encoded = identity.percent_encode(to_raw(text))
    assert urllib.parse.quote(text, safe="") == encoded
    assert to_raw(text) == identity.percent_decode(encoded)


@pytest.mark.parametrize(
    ("path", "expected", "name"),
    [
        ("/films/x.mkv", "/films/x.mkv", "x.mkv"),
        ("x.mkv", "/home/ann/x.mkv", "x.mkv"),
        ("./a/../x.mkv", "/home/ann/x.mkv", "x.mkv"),
        ("../bob//x.mkv", "/home/bob/x.mkv", "x.mkv"),
        ("/../../x.mkv", "/x.mkv", "x.mkv"),
        ("file:///films/a%20b.mkv", "/films/a b.mkv", "a b.mkv"),
        ("file://localhost/films/x.mkv", "/films/x.mkv", "x.mkv"),
        ("/films/back\\slash.mkv", "/films/back\\slash.mkv", "back\\slash.mkv"),
        ("C:\\Films\\x.mkv", "C:\\Films\\x.mkv", "x.mkv"),
        ("C:/Films/x.mkv", "C:/Films/x.mkv", "x.mkv"),
        ("\\\\nas\\films\\x.mkv", "\\\\nas\\films\\x.mkv", "x.mkv"),
        ("odd:name.mkv", "/home/ann/odd:name.mkv", "odd:name.mkv"),
    ],
)
def test_local_paths_become_absolute(lua, identity, path, expected, name):
    """A path means the same wherever it was typed."""
    located = identity.locate(path, "/home/ann", lua.table({}))

    assert (expected, name) == (located.path, located.name)
    assert expected == located.file


def test_a_relative_path_on_windows_keeps_its_separators(lua, identity):
    """The working directory says which separator the system uses."""
    located = identity.locate("Films\\x.mkv", "C:\\Users\\Ann", lua.table({}))

    assert ("C:\\Users\\Ann\\Films\\x.mkv", "x.mkv") == (located.path, located.name)


@pytest.mark.parametrize(
    ("url", "expected", "name"),
    [
        (
            "https://u:p@Host.example:8443/a/My%20F.mkv?t=1#x",
            "https://host.example:8443/a/My%20F.mkv",
            "My F.mkv",
        ),
        ("HTTP://h/a@b.mkv", "http://h/a@b.mkv", "a@b.mkv"),
        ("https://h/watch?list=1&v=abc", "https://h/watch;v=abc", "watch;v=abc"),
        ("https://h?ticket=1", "https://h", "h"),
        ("https://h/#frag?v=1", "https://h/", "h"),
        ("smb://nas/films/x.mkv/", "smb://nas/films/x.mkv/", "x.mkv"),
    ],
)
def test_urls_lose_their_secrets(lua, identity, url, expected, name):
    """User, password, query and fragment are dropped; keys that say what is played are kept."""
    located = identity.locate(url, "/", lua.table({"v": True}))

    assert (expected, name, None) == (located.path, located.name, located.file)


@pytest.mark.parametrize("extra", [0, 1, 12345, CHUNK_BYTES])
def test_the_fingerprint_is_the_opensubtitles_hash(lua, identity, tmp_path, extra):
    """All 64 bits are right, though Lua counts in doubles."""
    data = random.Random(extra).randbytes(2 * CHUNK_BYTES + extra)
    path = tmp_path / "x.bin"
    path.write_bytes(data)

    found = identity.fingerprint(str(path), len(data), lua.eval("os.clock"))
    assert f"moviehash:{moviehash(data)}-{len(data)}" == found


def test_the_fingerprint_survives_the_largest_sums(lua, identity, tmp_path):
    """Words of all ones overflow 64 bits many times over."""
    data = b"\xff" * (2 * CHUNK_BYTES - 1) + b"\x7f"
    path = tmp_path / "x.bin"
    path.write_bytes(data)

    found = identity.fingerprint(str(path), len(data), lua.eval("os.clock"))
    assert f"moviehash:{moviehash(data)}-{len(data)}" == found


@pytest.mark.parametrize(
    "data",
    [b"\0" * 200_000, b"header" * 10 + b"\x80" * 200_000, random.Random(1).randbytes(100_000)],
    ids=["zeros", "silence behind a header", "too small"],
)
def test_what_could_be_anything_has_no_fingerprint(lua, identity, tmp_path, data):
    """Blank or tiny files would share one hash with others of their size."""
    path = tmp_path / "x.bin"
    path.write_bytes(data)

    assert identity.fingerprint(str(path), len(data), lua.eval("os.clock")) is None


def test_a_slow_disk_gets_no_fingerprint(lua, identity, tmp_path):
    """When the first read took too long the second is not tried."""
    path = tmp_path / "x.bin"
    path.write_bytes(random.Random(1).randbytes(200_000))
    times = iter([0.0, 0.5])

    assert identity.fingerprint(str(path), 200_000, lambda: next(times)) is None


def test_a_missing_file_has_no_fingerprint(lua, identity, tmp_path):
    """A file that vanished meanwhile is no error."""
    assert identity.fingerprint(str(tmp_path / "no"), 200_000, lua.eval("os.clock")) is None


def test_ids_are_time_ordered_uuids(lua, identity):
    """Ids are version 7 UUIDs that carry their millisecond."""
    random_bytes = lua.require("clock").random("salt")

    ids = [uuid.UUID(identity.uuid7(1795251599.123 + n, random_bytes)) for n in range(50)]
    assert {(7, uuid.RFC_4122)} == {(i.version, i.variant) for i in ids}
    assert ids == sorted(set(ids))
    assert 1795251599123 == ids[0].int >> 80


def test_wall_time_has_fractions_and_follows_the_clock(lua):
    """Whole seconds are refined, never ahead of true time, and a changed clock is followed."""
    times = {"true": 1000.7, "monotonic": 5.0}
    wall = lua.require("clock").wall(lambda: int(times["true"]), lambda: times["monotonic"])
    for _ in range(40):
        now = wall()
        assert times["true"] - 1 <= now <= times["true"] + 1e-6
        times["true"] += 0.37
        times["monotonic"] += 0.37
    assert pytest.approx(times["true"], abs=0.05) == wall()

    times["true"] -= 500
    assert pytest.approx(times["true"], abs=1) == wall()
