"""The credentials file: what is kept of a secret, and what happens to a file that is not right."""

import json
import os
import stat

import pytest

from daemon.auth.credentials import (
    Credentials,
    Token,
    User,
    hash_password,
    new_token,
    token_hash,
    unknown_password,
    verify_password,
)
from daemon.errors import StartupRefused

HASH = "scrypt$2$00ff$00ff"


def one_of_each():
    """A file with a user and a token."""
    user = User(name="mara", password=HASH, scopes=("admin",))
    token = Token(
        id="t1", user="mara", label="mpv", hash=token_hash("ph_x"), created="2026-11-21T09:00:00Z"
    )
    return Credentials(users=(user,), tokens=(token,))


def test_a_password_is_verified_against_its_hash_only():
    """The right password passes, any other does not, and two hashes of it differ."""
    stored = hash_password("correct hörse")

    assert verify_password("correct hörse", stored)
    assert not verify_password("correct horse", stored)
    assert "hörse" not in stored
    assert stored != hash_password("correct hörse")


def test_nobody_has_the_unknown_password():
    """It costs what a real one costs to refuse, and no two are alike."""
    stored = unknown_password()
    kind, cost, salt, digest = hash_password("").split("$")

    assert [kind, cost] == stored.split("$")[:2]
    assert [len(salt), len(digest)] == [len(text) for text in stored.split("$")[2:]]
    assert not verify_password("", stored)
    assert stored != unknown_password()


def test_a_token_can_be_recognised_but_not_read_back():
    """The prefix is for secret scanners; only a hash of it is kept."""
    secret = new_token()

    assert secret.startswith("ph_")
    assert len(secret) > 40
    assert secret != new_token()
    assert secret not in token_hash(secret)


def test_what_is_written_is_read(tmp_path):
    """Users and tokens survive a restart."""
    file = tmp_path / "credentials.json"

    one_of_each().write(file)

    assert one_of_each() == Credentials.read(file)
    assert [file] == list(tmp_path.iterdir())


def test_the_file_is_for_its_owner_only(tmp_path):
    """Whatever the umask says, also when an open file is replaced."""
    file = tmp_path / "credentials.json"
    file.touch(mode=0o666)
    before = os.umask(0)
    try:
        one_of_each().write(file)
    finally:
        os.umask(before)

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_no_file_means_nobody(tmp_path):
    """Before the first user is made there is nothing to read."""
    assert Credentials() == Credentials.read(tmp_path / "credentials.json")


def test_a_file_others_can_read_is_refused(tmp_path):
    """The hint is the command that repairs it."""
    file = tmp_path / "credentials.json"
    one_of_each().write(file)
    file.chmod(0o640)

    with pytest.raises(StartupRefused, match="may be read by other users") as raised:
        Credentials.read(file)
    assert f"Run: chmod 600 {file}" == raised.value.hint


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"users": [{"name": "mara"}]}',
        '{"users": [{"name": "mara", "password": "hunter2"}]}',
        '{"users": [{"name": "mara", "password": "scrypt$x$00$00"}]}',
        '{"users": [{"name": "mara", "password": "scrypt$2$00$00", "scopes": ["everything"]}]}',
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content):
    """Nobody gets in, or is locked out, because of a file that cannot be understood."""
    file = tmp_path / "credentials.json"
    file.write_text(content)
    file.chmod(0o600)

    with pytest.raises(StartupRefused, match="is damaged") as raised:
        Credentials.read(file)
    assert "hunter2" not in str(raised.value)


def test_a_directory_in_its_place_is_refused(tmp_path):
    """An error of the file system is told in a sentence."""
    with pytest.raises(StartupRefused, match="cannot be read"):
        Credentials.read(tmp_path)


def test_the_file_can_be_read_by_people(tmp_path):
    """An operator can see who is in it."""
    file = tmp_path / "credentials.json"
    one_of_each().write(file)

    text = file.read_text()

    assert "mara" == json.loads(text)["users"][0]["name"]
    assert '\n  "users": [' in text
    assert text.endswith("}\n")
