"""Uploads to a disk that has no room: 507, and nothing half there."""

import pytest

from support.upload_daemon import PROJECT, UploadDaemon

MORE_THAN_ANY_DISK = str(10**18)
TUS = {
    "Tus-Resumable": "1.0.0",
    "Upload-Length": "4",
    "Upload-Metadata": "filename Y2xpcC5tb3Y=,project UDEtRGVtbw==",
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon that must leave more free than there is."""
    environment = {"PLAYHEAD_MEDIA_FREE_BYTES_MIN": MORE_THAN_ANY_DISK}
    with UploadDaemon(tmp_path_factory.mktemp("full"), environment=environment) as running:
        yield running


def test_a_file_is_refused(daemon):
    """With what to do about it."""
    answer = daemon.send({"file": ("clip.mov", b"film")})

    assert 507 == answer.status_code
    assert answer.json()["hint"]
    assert {} == daemon.on_disk()
    assert [] == daemon.parts()


def test_several_files_are_counted_as_errors(daemon):
    """Each with its sentence."""
    answer = daemon.send([("files", ("a.mov", b"a")), ("files", ("b.mov", b"b"))])

    assert {"total": 2, "stored": 0, "duplicate": 0, "error": 2} == answer.json()["counts"]
    assert {} == daemon.on_disk(PROJECT)


def test_an_announcement_is_refused(daemon):
    """Before anything is sent in vain."""
    answer = daemon.client.post("/api/uploads", headers=TUS)

    assert 507 == answer.status_code
    assert [] == daemon.parts()
