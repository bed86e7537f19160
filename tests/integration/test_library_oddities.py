"""What strange disks and strange moments do to a library: nothing that lasts."""

import base64
import hashlib
import json
import os

import pytest

from support.watched_library import WatchedLibrary

TUS = {"Tus-Resumable": "1.0.0"}
OFFSET = TUS | {"Content-Type": "application/offset+octet-stream"}
DEEP = 200_000
YEARS = {"long-ago": -(10**10), "far-off": 10**10, "never": 2**40}
"""Times of writing in unix seconds; a disk makes of them what it can."""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A daemon that watches its root."""
    folder = tmp_path_factory.mktemp("oddities")
    with WatchedLibrary(folder, settings={"allowed_roots": str(folder)}) as running:
        yield running


def write_deep(path):
    """A document that is nothing but brackets."""
    path.write_text('{"files": ' + "[" * DEEP + "]" * DEEP + "}")


def write_endless(path):
    """A link to what never ends."""
    path.symlink_to("/dev/zero")


def test_an_index_that_cannot_be_read_is_replaced(library):
    """Whoever wrote it; the project is looked at like any other."""
    writers = {"P1-Deep": write_deep, "P1-Pipe": os.mkfifo, "P1-Endless": write_endless}
    for project, write in writers.items():
        (library.root / project).mkdir()
        write(library.root / project / "index.json")
        library.put(f"{project}/a.mov", project.encode())

    for project in writers:
        library.wait_for_paths(project, "a.mov")
        library.wait_for_index(project, "a.mov")
    assert library.process.poll() is None


NOTES = {
    "deep": '{"origin": ' + "[" * 30_000 + "]" * 30_000 + "}",
    "strange": json.dumps({"tags": {"manual": ["a" * 5_000, "bell\a", "", "plain"]}}),
    "other": '{"tags": {"manual": [1, {}]}}',
}


def test_a_note_of_media_sync_api_may_be_anything(library):
    """What cannot be a tag is none; the file is indexed all the same."""
    for name, note in NOTES.items():
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        library.put(f"P4-Notes/ingest/_metadata/{sha256}.json", note.encode())
    for name in NOTES:
        library.put(f"P4-Notes/{name}.mov", name.encode())

    library.wait_for_paths("P4-Notes", *(f"{name}.mov" for name in NOTES))
    tags = {item["name"]: item["tags"] for item in library.items(project="P4-Notes")}
    assert {"deep.mov": [], "other.mov": [], "strange.mov": ["plain"]} == tags


def test_times_that_no_clock_shows_are_kept_as_near_as_can_be(library):
    """The file is indexed, sent, and not read again at every look."""
    names = [f"{year}.mov" for year in YEARS]
    for year, moment_s in YEARS.items():
        file = library.put(f"P2-Times/{year}.mov", year.encode())
        os.utime(file, (moment_s, moment_s))
    library.put("P2-Times/today.mov", b"today")

    library.wait_for_paths("P2-Times", "today.mov", *names)
    again = library.client.post("/api/projects/P2-Times/reindex").json()
    answers = [library.client.get(f"/media/P2-Times/{name}") for name in names]
    assert (0, 0) == (again["indexed"], again["read_bytes"])
    assert [200] * len(names) == [answer.status_code for answer in answers]


def test_a_directory_can_become_a_source_under_another_name(library):
    """It is within reach at once."""
    disk = library.root.parent / "renamed"
    (disk / "P1-There").mkdir(parents=True)
    library.client.post("/api/sources", json={"name": "before", "root": str(disk)})
    assert 200 == library.client.get("/api/projects", params={"source": "before"}).status_code

    library.client.delete("/api/sources/before").raise_for_status()
    library.client.post("/api/sources", json={"name": "after", "root": str(disk)})
    answer = library.client.get("/api/projects/P1-There", params={"source": "after"})

    assert 200 == answer.status_code, answer.text


def test_what_is_the_daemons_own_is_no_source(library):
    """Its secrets would be served as somebody's projects."""
    body = {"name": "own", "root": str(library.data)}
    answer = library.client.post("/api/sources", json=body)

    assert 400 == answer.status_code
    assert "Playhead" in answer.json()["detail"]


def announced(library, **pairs):
    """The address of an upload of ten bytes."""
    metadata = ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items()
    )
    headers = TUS | {"Upload-Length": "10", "Upload-Metadata": metadata}
    answer = library.client.post("/api/uploads", headers=headers)
    assert 201 == answer.status_code, answer.text
    return answer.headers["location"]


def add(library, address, offset, data):
    """The answer to bytes that are added."""
    headers = OFFSET | {"Upload-Offset": str(offset)}
    return library.client.patch(address, headers=headers, content=data)


def test_a_source_that_is_switched_off_takes_no_file(library):
    """What has come of it waits until the source is switched on again."""
    disk = library.root.parent / "switched"
    (disk / "P1-There").mkdir(parents=True)
    library.client.post("/api/sources", json={"name": "lamp", "root": str(disk)})
    address = announced(library, filename="a.mov", project="P1-There", source="lamp")
    add(library, address, 0, b"12345").raise_for_status()

    library.client.post("/api/sources/lamp/toggle", params={"enabled": False}).raise_for_status()
    refused = add(library, address, 5, b"67890")
    assert 503 == refused.status_code
    assert "'lamp' is disabled" in refused.json()["detail"]
    assert [] == list(disk.rglob("*.mov"))

    library.client.post("/api/sources/lamp/toggle", params={"enabled": True}).raise_for_status()
    done = library.client.head(address, headers=TUS)
    assert "stored" == done.headers["playhead-result"]
    assert b"1234567890" == (disk / "P1-There/ingest/originals/a.mov").read_bytes()


@pytest.mark.parametrize("path", ["/api/library", "/api/trash"])
def test_a_cursor_without_a_bottom_is_refused(library, path):
    """It is none of ours."""
    text = b'["a","k",' + b"[" * 1_400 + b"]" * 1_400 + b"]"
    cursor = base64.urlsafe_b64encode(text).decode().rstrip("=")

    assert 422 == library.client.get(path, params={"cursor": cursor}).status_code


@pytest.mark.parametrize("depth", [500, 962, 963, 2_000])
def test_an_album_that_is_on_record_is_answered(library, depth):
    """However deep it is: either it is refused, or it is recorded and told so."""
    (library.root / "P3-Album").mkdir(exist_ok=True)
    body = b'{"x":' + b"[" * depth + b"]" * depth + b"}"
    answer = library.client.post("/api/projects/P3-Album/sync-album", content=body)

    assert answer.status_code in {200, 400}, answer.text
