"""Playing and fetching files: in parts, again, under their names; and never what is not media."""

import io
import os

import pytest
from PIL import Image

from support.upload_daemon import ORIGINALS, PROJECT, UploadDaemon, film, sha256_of

MIB = 1024 * 1024
NAME = "Zürich 1.mov"
PATH = f"/media/{PROJECT}/{ORIGINALS}/{NAME}"
DOWNLOAD = f"/media/{PROJECT}/download/{ORIGINALS}/{NAME}"
DATA = film(3 * MIB)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon that has a film."""
    folder = tmp_path_factory.mktemp("serving")
    environment = {"PLAYHEAD_MEDIA_ALLOWED_ROOTS": str(folder)}
    with UploadDaemon(folder, environment=environment) as running:
        running.stored(NAME, DATA)
        yield running


@pytest.fixture(scope="module")
def outside(daemon):
    """Secrets that lie beside the projects, in their internals, and behind links."""
    root = daemon.root
    (root.parent / "secret.txt").write_text("secret")
    project = root / PROJECT
    for place in ("_manifest", "ingest/_metadata", "ingest/thumbnails", ".git"):
        (project / place).mkdir(parents=True, exist_ok=True)
        (project / place / "secret.mov").write_text("secret")
    (root / "_sources").mkdir(exist_ok=True)
    (root / "_sources/sources.json").write_text("secret")
    (project / "linked.mov").symlink_to(root.parent / "secret.txt")
    (project / "linked").symlink_to(root.parent)
    (project / ".hidden.mov").write_text("secret")
    os.mkfifo(project / "pipe.mov")
    return root


def test_a_film_is_sent_whole(daemon):
    """With its type, and what a browser needs to know."""
    answer = daemon.client.get(PATH)

    assert (200, DATA) == (answer.status_code, answer.content)
    assert "video/quicktime" == answer.headers["content-type"]
    assert str(len(DATA)) == answer.headers["content-length"]
    assert "bytes" == answer.headers["accept-ranges"]
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "inline" == answer.headers["content-disposition"].partition(";")[0]


def test_only_the_head_is_sent_where_that_is_asked_for(daemon):
    """The same headers, no film."""
    whole, head = daemon.client.get(PATH), daemon.client.head(PATH)

    assert b"" == head.content
    for name in ("content-length", "etag", "last-modified", "content-type", "accept-ranges"):
        assert whole.headers[name] == head.headers[name]


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=1048570-2097160", 1_048_570, 2_097_160),
        ("bytes=3145700-", 3_145_700, 3_145_727),
        ("bytes=-100", 3_145_628, 3_145_727),
    ],
)
def test_a_part_is_sent(daemon, wanted, first, last):
    """As a player that seeks asks for it."""
    answer = daemon.client.get(PATH, headers={"Range": wanted})

    assert 206 == answer.status_code
    assert DATA[first : last + 1] == answer.content
    assert f"bytes {first}-{last}/{len(DATA)}" == answer.headers["content-range"]


def test_several_parts_are_sent_together(daemon):
    """As multipart/byteranges."""
    answer = daemon.client.get(PATH, headers={"Range": "bytes=0-9,1000000-1000009"})

    assert 206 == answer.status_code
    assert answer.headers["content-type"].startswith("multipart/byteranges")
    assert DATA[:10] in answer.content
    assert DATA[1_000_000:1_000_010] in answer.content


def test_a_part_that_does_not_exist_is_refused(daemon):
    """416 tells how long the film is."""
    answer = daemon.client.get(PATH, headers={"Range": "bytes=99999999-"})

    assert (416, f"bytes */{len(DATA)}") == (answer.status_code, answer.headers["content-range"])


def test_what_a_client_has_is_not_sent_again(daemon):
    """304, by the hash of the content or by date."""
    first = daemon.client.get(PATH)
    by_tag = daemon.client.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    date = {"If-Modified-Since": first.headers["last-modified"]}
    by_date = daemon.client.get(PATH, headers=date)

    assert f'"{sha256_of(DATA)}"' == first.headers["etag"]
    assert (304, 304) == (by_tag.status_code, by_date.status_code)
    assert first.headers["etag"] == by_tag.headers["etag"]


def test_the_tag_of_a_touched_file_is_not_its_old_hash(daemon):
    """Somebody wrote to it by hand, and nobody has read it since."""
    stored = daemon.stored("touched.mov", b"before")
    path = f"/media/{PROJECT}/{stored['path']}"
    (daemon.root / PROJECT / stored["path"]).write_bytes(b"after!")
    answer = daemon.client.get(path, headers={"If-None-Match": f'"{stored["sha256"]}"'})

    assert (200, b"after!") == (answer.status_code, answer.content)
    assert stored["sha256"] not in answer.headers["etag"]


def test_the_rest_of_another_film_is_not_sent(daemon):
    """If-Range of what it was before: the whole film instead."""
    headers = {"Range": "bytes=5-", "If-Range": '"another"'}
    same = headers | {"If-Range": f'"{sha256_of(DATA)}"'}

    assert 200 == daemon.client.get(PATH, headers=headers).status_code
    assert 206 == daemon.client.get(PATH, headers=same).status_code


def test_a_download_has_its_name(daemon):
    """In ASCII for old clients, in full for others."""
    answer = daemon.client.get(DOWNLOAD)

    assert (200, DATA) == (answer.status_code, answer.content)
    assert (
        "attachment; filename=\"Zurich 1.mov\"; filename*=UTF-8''Z%C3%BCrich%201.mov"
        == answer.headers["content-disposition"]
    )


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "script.js", "page.xhtml", "noname"])
def test_an_uploaded_page_never_becomes_active(daemon, name):
    """It is sent as bytes to be saved, and could do nothing if it were shown."""
    stored = daemon.stored(name, f"<script>alert('{name}')</script>".encode())
    answer = daemon.client.get(f"/media/{PROJECT}/{stored['path']}")

    assert "application/octet-stream" == answer.headers["content-type"]
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "index.json",
        "INDEX.JSON",
        "_manifest/secret.mov",
        "_Manifest/secret.mov",
        "_manifest/files.jsonl",
        "ingest/_metadata/secret.mov",
        "ingest/thumbnails/secret.mov",
        ".git/secret.mov",
        ".hidden.mov",
        "linked.mov",
        "linked/secret.txt",
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "ingest/../../secret.txt",
        "ingest//originals",
        "ingest/originals",
        "pipe.mov",
        "a%00b.mov",
        "a%0ab.mov",
        "x" * 300,
        "missing.mov",
    ],
)
def test_nothing_but_media_is_served(daemon, outside, path):
    """Whatever the path says: our own files, hidden ones, what lies outside, what is no file."""
    for prefix in (f"/media/{PROJECT}", f"/media/{PROJECT}/download"):
        request = daemon.client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=f"{prefix}/{path}".encode())
        answer = daemon.client.send(request)

        assert answer.status_code in {400, 404}, answer.text
        assert "secret" not in answer.json()["detail"].replace("secret.", "")


@pytest.mark.parametrize("project", ["_sources", "_playhead", "..", ".", "P9-Unknown", "%2e%2e"])
def test_only_projects_are_served(daemon, outside, project):
    """What else lies in a root is nobody's business."""
    request = daemon.client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=f"/media/{project}/sources.json".encode())

    assert daemon.client.send(request).status_code in {400, 404}


def test_an_unknown_source_is_not_found(daemon):
    """404."""
    assert 404 == daemon.client.get(PATH, params={"source": "nowhere"}).status_code


def test_a_folder_that_is_called_download_can_be_played_from(daemon):
    """Its address is that of a download, which there is none of."""
    folder = daemon.root / PROJECT / "download"
    folder.mkdir(exist_ok=True)
    (folder / "clip.mov").write_bytes(b"in the folder")
    answer = daemon.client.get(f"/media/{PROJECT}/download/clip.mov")

    assert (200, b"in the folder") == (answer.status_code, answer.content)
    assert 404 == daemon.client.get(f"/media/{PROJECT}/download/other.mov").status_code


def photograph():
    """A picture as a camera would send it."""
    data = io.BytesIO()
    Image.new("RGB", (1_600, 900), "teal").save(data, "JPEG")
    return data.getvalue()


def test_a_picture_has_a_thumbnail(daemon):
    """A drawing says that it is not there yet; then it is there for good."""
    stored = daemon.stored("photograph.jpg", photograph())
    path = f"/thumbnails/{PROJECT}/{stored['sha256']}.jpg"
    statuses = []

    def is_made():
        answer = daemon.client.get(path)
        statuses.append(answer.headers.get("x-thumb-status"))
        return statuses[-1] is None

    daemon.wait_until(is_made)
    answer = daemon.client.get(path)

    assert set(statuses[:-1]) <= {"pending"}
    assert "image/jpeg" == answer.headers["content-type"]
    assert "immutable" in answer.headers["cache-control"]
    assert 640 == Image.open(io.BytesIO(answer.content)).width
    etag = {"If-None-Match": answer.headers["etag"]}
    assert 304 == daemon.client.get(path, headers=etag).status_code


def test_what_has_no_picture_gets_a_drawing(daemon):
    """It says why, and nobody keeps it."""
    stored = daemon.stored("broken.jpg", b"this is no picture")
    path = f"/thumbnails/{PROJECT}/{stored['sha256']}.jpg"
    daemon.wait_until(lambda: daemon.client.get(path).headers["x-thumb-status"] != "pending")
    answer = daemon.client.get(path)

    assert "failed" == answer.headers["x-thumb-status"]
    assert (200, "image/svg+xml") == (answer.status_code, answer.headers["content-type"])
    assert "no-store" == answer.headers["cache-control"]
    assert answer.text.startswith("<svg")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (f"{sha256_of(b'never seen')}.jpg", 404),
        (f"{sha256_of(b'never seen')}.png", 400),
        ("clip.jpg", 400),
        ("..%2f..%2fsecret.jpg", 404),
    ],
)
def test_there_is_no_thumbnail_of_what_is_not_there(daemon, name, status):
    """A name is a hash and nothing else."""
    assert status == daemon.client.get(f"/thumbnails/{PROJECT}/{name}").status_code
