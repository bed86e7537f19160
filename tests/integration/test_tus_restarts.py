"""Uploads that come in parts, over the end of one daemon and the start of the next."""

import base64

import pytest

from support.upload_daemon import ORIGINALS, PROJECT, UploadDaemon, film

MIB = 1024 * 1024
DATA = film(2 * MIB, seed=11)
SPEAKS = {"Tus-Resumable": "1.0.0"}
NAMED = base64.b64encode(b"film.mov").decode()
ANNOUNCING = SPEAKS | {
    "Upload-Length": str(len(DATA)),
    "Upload-Metadata": f"filename {NAMED},project {base64.b64encode(PROJECT.encode()).decode()}",
}
ADDING = SPEAKS | {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def daemon(tmp_path):
    """A daemon that may be ended."""
    with UploadDaemon(tmp_path) as running:
        yield running


@pytest.fixture
def address(daemon):
    """An upload of which one half has come."""
    found = daemon.client.post("/api/uploads", headers=ANNOUNCING).headers["location"]
    headers = ADDING | {"Upload-Offset": "0"}
    daemon.client.patch(found, content=DATA[:MIB], headers=headers).raise_for_status()
    return found


def test_an_upload_goes_on_after_a_restart(daemon, address):
    """The rest is sent to the daemon that comes after; that one, too, remembers the end."""
    daemon.stop()
    daemon.restart()
    asked = daemon.client.head(address, headers=SPEAKS)
    headers = ADDING | {"Upload-Offset": str(MIB)}
    answer = daemon.client.patch(address, content=DATA[MIB:], headers=headers)
    daemon.stop()
    daemon.restart()
    later = daemon.client.head(address, headers=SPEAKS)

    assert str(MIB) == asked.headers["upload-offset"]
    assert ("stored", f"{ORIGINALS}/film.mov") == (
        answer.headers["playhead-result"],
        answer.headers["playhead-path"],
    )
    assert answer.headers["playhead-path"] == later.headers["playhead-path"]
    assert {"film.mov": DATA} == daemon.on_disk()


def test_what_came_before_the_daemon_was_killed_is_not_sent_again(daemon, address):
    """What was acknowledged is on the disk."""
    daemon.kill()
    daemon.restart()

    assert str(MIB) == daemon.client.head(address, headers=SPEAKS).headers["upload-offset"]


def test_an_upload_whose_end_was_missed_is_finished_when_it_is_asked_about(daemon, address):
    """All its bytes are there, but the daemon died: a client must not take that for done."""
    daemon.kill()
    part = daemon.root / "_playhead" / "uploads" / daemon.parts()[0]
    part.write_bytes(DATA)
    daemon.restart()
    answer = daemon.client.head(address, headers=SPEAKS)

    assert (200, str(len(DATA)), "stored") == (
        answer.status_code,
        answer.headers["upload-offset"],
        answer.headers["playhead-result"],
    )
    assert {"film.mov": DATA} == daemon.on_disk()
    assert [] == daemon.parts()


def test_an_upload_that_nobody_goes_on_with_expires(tmp_path):
    """What had come of it is gone."""
    environment = {"PLAYHEAD_MEDIA_UPLOAD_EXPIRES_H": "0.00001"}
    with UploadDaemon(tmp_path, environment=environment) as daemon:
        address = daemon.client.post("/api/uploads", headers=ANNOUNCING).headers["location"]
        daemon.stop()
        daemon.restart()
        daemon.wait_until(lambda: daemon.client.head(address, headers=SPEAKS).status_code == 404)

        assert [] == daemon.parts()
