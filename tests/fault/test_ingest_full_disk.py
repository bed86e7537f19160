"""A daemon whose library lies on a disk that fills up: 507, and it goes on when there is room."""

import base64

import pytest

from support.media_clips import require_ffmpeg, write_clip
from support.mpv import wait_until
from support.small_disk import small_disk
from support.watched_library import WatchedLibrary

DISK_BYTES = 6_000_000
PROJECT = "P1-Full"
TUS = {"Tus-Resumable": "1.0.0"}
OFFSET = TUS | {"Content-Type": "application/offset+octet-stream"}
FILM = bytes(range(250)) * 12_000
FIRST_BYTES = 1_000_000


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A small disk."""
    folder = tmp_path_factory.mktemp("full")
    with small_disk(folder / "projects", size_bytes=DISK_BYTES) as mounted:
        yield mounted


@pytest.fixture(scope="module")
def library(disk):
    """A daemon whose projects are on it."""
    settings = {"free_bytes_min": "0"}
    with WatchedLibrary(disk.folder.parent, settings=settings) as running:
        (running.root / PROJECT).mkdir()
        yield running


def announced(library, name):
    """The address of an upload of the film."""
    metadata = ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}"
        for key, value in {"filename": name, "project": PROJECT}.items()
    )
    headers = TUS | {"Upload-Length": str(len(FILM)), "Upload-Metadata": metadata}
    answer = library.client.post("/api/uploads", headers=headers)
    assert 201 == answer.status_code, answer.text
    return answer.headers["location"]


def add(library, address, offset):
    """The answer to the rest of the film."""
    headers = OFFSET | {"Upload-Offset": str(offset)}
    return library.client.patch(address, headers=headers, content=FILM[offset:])


def test_what_had_come_of_an_upload_outlives_a_full_disk(disk, library):
    """It is gone on with when there is room again, and what is stored is what was sent."""
    address = announced(library, "film.mov")
    headers = OFFSET | {"Upload-Offset": "0"}
    library.client.patch(address, headers=headers, content=FILM[:FIRST_BYTES]).raise_for_status()
    disk.fill()

    full = add(library, address, FIRST_BYTES)
    offset = int(library.client.head(address, headers=TUS).headers["upload-offset"])
    again = add(library, address, offset)
    disk.free()
    done = add(library, address, offset)
    path = library.root / PROJECT / done.headers["playhead-path"]

    assert [507, 507] == [full.status_code, again.status_code]
    assert FIRST_BYTES <= offset < len(FILM)
    assert "stored" == done.headers["playhead-result"]
    assert FILM == path.read_bytes()
    path.unlink()


def test_the_index_is_written_when_there_is_room_again(disk, library):
    """Nothing else has to happen for that."""
    library.put(f"{PROJECT}/a.mov", b"a")
    library.wait_for_index(PROJECT, "a.mov")
    before = library.index(PROJECT)["seq"]
    disk.fill()
    body = {"relative_paths": ["a.mov"], "add_tags": ["gold"]}
    library.client.post(f"/api/projects/{PROJECT}/media/tags", json=body).raise_for_status()
    wait_until(lambda: told(library, "index_not_written"), "a full disk to be told of")
    assert before == library.index(PROJECT)["seq"]

    disk.free()

    wait_until(lambda: before < library.index(PROJECT)["seq"], "the index")


def told(library, event):
    """How often the daemon told of something."""
    return sum(line.get("event") == event for line in library.lines)


def test_clips_that_find_no_room_are_not_joined(disk, library, tmp_path):
    """The refusal says why, and nothing is left."""
    require_ffmpeg()
    clip = write_clip(tmp_path / "clip.mp4")
    files = [("files", (f"{number}.mp4", clip.read_bytes())) for number in range(2)]
    disk.fill()
    answer = library.client.post(f"/api/projects/{PROJECT}/compose/upload", files=files)
    disk.free()

    assert 507 == answer.status_code, answer.text
    assert [] == library.litter()


def test_a_form_that_finds_no_room_leaves_nothing(disk, library):
    """It is refused in the middle of its file."""
    disk.fill()
    answer = library.client.post(
        f"/api/projects/{PROJECT}/upload", files={"file": ("form.mov", FILM)}
    )
    disk.free()

    assert 507 == answer.status_code
    assert [] == library.litter()
    assert [] == [path.name for path in (library.root / PROJECT).rglob("form*")]
