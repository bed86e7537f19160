"""Which file is this? One spelling per place, and the table of rules that says what matches."""

import pytest

from projections.identity import (
    Identity,
    file_name,
    match,
    media_key,
    normal_name,
    normal_path,
    same_folder_name,
)

COMPOSED = "caf\u00e9.mkv"
DECOMPOSED = "cafe\u0301.mkv"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/films/x.mkv", "/films/x.mkv"),
        ("/films//a/../x.mkv", "/films/x.mkv"),
        ("/films/./x.mkv", "/films/x.mkv"),
        ("/films/" + DECOMPOSED, "/films/" + COMPOSED),
        ("/films/back\\slash.mkv", "/films/back\\slash.mkv"),
        ("/films/100% + more?.mkv", "/films/100% + more?.mkv"),
        ("/clips/https:/x.mkv", "/clips/https:/x.mkv"),
        ("/clips/https://x.mkv", "/clips/https:/x.mkv"),
        ("C:\\Films\\x.mkv", "c:/Films/x.mkv"),
        ("c:/Films/sub/../x.mkv", "c:/Films/x.mkv"),
        ("\\\\nas\\films\\x.mkv", "//nas/films/x.mkv"),
    ],
)
def test_a_path_has_one_spelling(path, expected):
    """What two players write differently for one place is the same here."""
    assert expected == normal_path(path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file:///films/a%20b.mkv", "/films/a b.mkv"),
        ("file://localhost/films/x.mkv", "/films/x.mkv"),
        ("file:///C:/Films/x.mkv", "c:/Films/x.mkv"),
        ("file://nas/films/x.mkv", "//nas/films/x.mkv"),
        ("HTTP://Host.Example/Films/X.mkv", "http://host.example/Films/X.mkv"),
        ("http://host:8096/x.mkv", "http://host:8096/x.mkv"),
        ("http://[::1]:8096/x.mkv", "http://[::1]:8096/x.mkv"),
    ],
)
def test_a_url_has_one_spelling(url, expected):
    """A `file:` URL is the path it names; elsewhere host and scheme know no capitals."""
    assert expected == normal_path(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://host/x.mkv?token=secret&t=5",
        "http://host/x.mkv#secret",
        "http://anna:secret@host/x.mkv",
        "http://anna:secret@host:8096/x.mkv?api_key=secret",
        "http://anna:secret@host:99999/x.mkv?api_key=secret",
        "http://anna:secret@[::1/x.mkv?api_key=secret",
        "http://anna:secret@host:port/x.mkv#secret",
    ],
)
def test_no_credential_of_a_url_is_kept(url):
    """Tokens and passwords never get into the log, not even from a URL that makes no sense."""
    assert "secret" not in normal_path(url)
    assert "anna" not in normal_path(url)


def test_a_rotating_token_is_the_same_file():
    """The same stream tomorrow, with tomorrow's token, resumes."""
    assert normal_path("http://host/x.mkv?token=1") == normal_path("http://host/x.mkv?token=2")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/films/x.mkv", "x.mkv"), ("/films/", "films"), ("x.mkv", "x.mkv"), ("/", "/")],
)
def test_the_name_is_the_last_part(path, expected):
    """A folder without a last slash has a name as well."""
    assert expected == file_name(path)


def test_a_key_is_the_best_that_is_known():
    """An explicit key, else the path, else the bare name, marked as such."""
    full = Identity(name="x.mkv", media="show:1", path="/films//x.mkv")

    assert "show:1" == media_key(full)
    assert "/films/x.mkv" == media_key(Identity(name="x.mkv", path="/films//x.mkv"))
    assert "name:" + COMPOSED == media_key(Identity(name=DECOMPOSED))
    assert COMPOSED == normal_name(DECOMPOSED)


def known(**fields):
    """A file whose position is kept under its path."""
    values = {"name": "ep.wav", "path": "/tv/s1/ep.wav", "device": "tv"} | fields
    return Identity(media=values["path"], **values)


def wanted(**fields):
    """The file a player asks about."""
    return Identity(
        **({"name": "ep.wav", "path": "/mnt/tv/s1/ep.wav", "device": "laptop"} | fields)
    )


@pytest.mark.parametrize(
    ("question", "file", "expected"),
    [
        pytest.param(wanted(path="/tv/s1/ep.wav"), known(), "path", id="same path elsewhere"),
        pytest.param(wanted(path="/tv//s1/./ep.wav"), known(), "path", id="path spelled oddly"),
        pytest.param(wanted(), known(), "name", id="two mount points"),
        pytest.param(wanted(path=None), known(), "name", id="only a name asked for"),
        pytest.param(
            wanted(path="/tv/s2/ep.wav", device="tv"), known(), None, id="two folders, one device"
        ),
        pytest.param(wanted(name="other.wav"), known(), None, id="another name"),
        pytest.param(wanted(size_bytes=5), known(size_bytes=5), "name", id="same size"),
        pytest.param(wanted(size_bytes=5), known(size_bytes=6), None, id="another size"),
        pytest.param(wanted(size_bytes=5), known(), "name", id="size unknown"),
        pytest.param(wanted(duration_s=100.9), known(duration_s=100.0), "name", id="rounded"),
        pytest.param(wanted(duration_s=102.0), known(duration_s=100.0), None, id="longer cut"),
        pytest.param(wanted(media="show:1"), known(), None, id="another explicit key"),
        pytest.param(wanted(media="/tv/s1/ep.wav"), known(), "media", id="the explicit key"),
    ],
)
def test_the_table_of_rules(question, file, expected):
    """What makes two files one, strongest evidence first, and what forbids it."""
    assert expected == match(question, file)


def test_equal_content_is_the_same_file_under_any_name():
    """A renamed and moved film resumes."""
    file = known(fingerprint="moviehash:1-5")

    assert "fingerprint" == match(wanted(name="renamed.mkv", fingerprint="moviehash:1-5"), file)


def test_different_content_is_another_file_under_the_same_name():
    """A fingerprint speaks louder than name and size."""
    file = known(fingerprint="moviehash:1-5", size_bytes=5)

    assert match(wanted(fingerprint="moviehash:2-5", size_bytes=5), file) is None


def test_a_name_matches_across_unicode_spellings():
    """macOS and Linux write the same accent differently."""
    file = known(name=DECOMPOSED, path="/Volumes/tv/" + DECOMPOSED)

    assert "name" == match(wanted(name=COMPOSED, path="/mnt/tv/" + COMPOSED), file)


def test_a_bookmark_of_an_old_client_is_found_by_name():
    """What TimestampSync's client saved is offered to a client that knows the path."""
    file = Identity(name="ep.wav", media="name:ep.wav")

    assert "name" == match(wanted(), file)
    assert "name" == match(wanted(path=None), file)


def test_folders_are_compared_by_name():
    """`S01/01.mkv` on another mount point is `S01/01.mkv`; without a folder nothing is said."""
    one = Identity(name="01.mkv", path="/mnt/tv/S01/01.mkv")

    assert same_folder_name(one, Identity(name="01.mkv", path="Z:\\S01\\01.mkv"))
    assert not same_folder_name(one, Identity(name="01.mkv", path="/mnt/tv/S02/01.mkv"))
    assert not same_folder_name(Identity(name="01.mkv"), Identity(name="01.mkv"))
