"""Uploads in one request, as media-sync-api's clients send them."""

import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from support.upload_daemon import ORIGINALS, PROJECT, UploadDaemon, film, sha256_of

MIB = 1024 * 1024
LIMIT_BYTES = 4 * MIB
MTIME_MS = 1_700_000_000_123
BOUNDARY = "playhead-test-boundary"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon with a small limit."""
    environment = {
        "PLAYHEAD_MEDIA_UPLOAD_BYTES_MAX": str(LIMIT_BYTES),
        "PLAYHEAD_MEDIA_UPLOAD_IDLE_S": "1",
    }
    with UploadDaemon(tmp_path_factory.mktemp("uploads"), environment=environment) as running:
        yield running


@pytest.fixture
def project(daemon, request):
    """A project that no other test looks at."""
    name = f"P1-{sum(request.node.name.encode())}-{len(request.node.name)}"
    (daemon.root / name).mkdir(exist_ok=True)
    return name


def part(name, filename, data):
    """One file of a form, as bytes."""
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"


def send_raw(daemon, project, body, *, size_bytes=None):
    """Sends a form, or the beginning of one, by hand; gives the connection."""
    address = urlsplit(daemon.url)
    connection = socket.create_connection((address.hostname, address.port), timeout=10)
    head = (
        f"POST /api/projects/{project}/upload HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body) if size_bytes is None else size_bytes}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def test_a_file_is_stored(daemon, project):
    """The answer has the fields of media-sync-api; the file is there under its name."""
    data = film(MIB)
    answer = daemon.send({"file": ("Clip 01.mov", data)}, project=project).json()

    base = f"{daemon.url}/media/{project}"
    path = f"{ORIGINALS}/Clip 01.mov"
    assert ("stored", path, sha256_of(data), MIB, "Clip 01.mov") == (
        answer["status"],
        answer["path"],
        answer["sha256"],
        answer["size"],
        answer["filename"],
    )
    assert {
        "stream_url": f"{base}/ingest/originals/Clip%2001.mov?source=primary",
        "download_url": f"{base}/download/ingest/originals/Clip%2001.mov?source=primary",
    } == answer["served"]
    assert {"uploaded_at", "instructions"} <= answer.keys()
    assert {"Clip 01.mov": data} == daemon.on_disk(project)
    assert data == httpx.get(answer["served"]["stream_url"], trust_env=False).content


def test_the_same_bytes_are_a_duplicate(daemon, project):
    """Under whatever name: the answer says where they are, and there is no second file."""
    first = daemon.stored("one.mov", b"the same", project=project)
    second = daemon.send({"file": ("two.mov", b"the same")}, project=project).json()

    assert ("duplicate", first["path"], 8) == (second["status"], second["path"], second["size"])
    assert first["served"] == second["served"]
    assert "uploaded_at" not in second
    assert ["one.mov"] == list(daemon.on_disk(project))


def test_another_film_of_the_same_name_gets_another_name(daemon, project):
    """Nothing is ever written over."""
    daemon.stored("clip.mov", b"one", project=project)
    answer = daemon.stored("clip.mov", b"two", project=project)

    assert "stored" == answer["status"]
    assert f"{ORIGINALS}/clip.mov" != answer["path"]
    assert [b"one", b"two"] == sorted(daemon.on_disk(project).values())


def test_a_file_that_vanished_is_stored_again(daemon, project):
    """De-duplication looks at the disk."""
    first = daemon.stored("gone.mov", b"come back", project=project)
    (daemon.root / project / first["path"]).unlink()

    assert "stored" == daemon.stored("gone.mov", b"come back", project=project)["status"]
    assert b"come back" in daemon.on_disk(project).values()


@pytest.mark.parametrize("field", ["files", "files[]"])
def test_several_files_are_answered_with_a_list(daemon, project, field):
    """In the order in which they came."""
    daemon.stored("old.mov", b"old", project=project)
    forms = [(field, ("a.mov", b"first")), (field, ("b.mov", b"old")), ("file", ("c.mov", b"3"))]
    answer = daemon.send(forms, project=project).json()

    assert ("ok", project, "primary", None, None) == (
        answer["status"],
        answer["project"],
        answer["source"],
        answer["batch_id"],
        answer["batch_snapshot"],
    )
    assert {"total": 3, "stored": 2, "duplicate": 1, "error": 0} == answer["counts"]
    assert ["stored", "duplicate", "stored"] == [item["status"] for item in answer["items"]]
    assert [item["served"]["download_url"] for item in answer["items"]] == answer["served_urls"]


def test_a_file_that_cannot_be_taken_does_not_hold_up_the_others(daemon, project):
    """It is counted, with a sentence."""
    forms = [("files", ("con.mov", b"x" * MIB)), ("files", ("good.mov", b"good"))]
    answer = daemon.send(forms, project=project)

    assert 200 == answer.status_code
    assert {"total": 2, "stored": 1, "duplicate": 0, "error": 1} == answer.json()["counts"]
    failed = answer.json()["items"][0]
    assert ("error", "con.mov") == (failed["status"], failed["filename"])
    assert "Windows" in failed["detail"]
    assert {"good.mov": b"good"} == daemon.on_disk(project)


@pytest.mark.parametrize(
    "name",
    [
        "../clip.mov",
        "..",
        "a/b.mov",
        "a\\b.mov",
        ".hidden.mov",
        "nul",
        "clip.mov.",
        "x" * 300 + ".mov",
        "a?.mov",
        "clip.mov.part",
        "index.json",
    ],
)
def test_hostile_names_are_refused_with_a_sentence(daemon, project, name):
    """Alone, such a file is refused with its status, and nothing is written."""
    answer = daemon.send({"file": (name, b"x")}, project=project)

    assert 400 == answer.status_code, answer.text
    assert answer.json()["detail"]
    assert answer.json()["hint"]
    assert {} == daemon.on_disk(project)


@pytest.mark.parametrize("name", ["clip..mov", "Zürich 🎬.mov", "a'b.mov", "1%2e2.mov", "x.xyz"])
def test_unusual_names_are_kept(daemon, project, name):
    """What no system stumbles over is not refused."""
    daemon.stored(name, name.encode(), project=project)

    assert name in daemon.on_disk(project)


@pytest.mark.parametrize("control", ["\n", "\0", "\x7f"])
def test_control_characters_are_refused(daemon, project, control):
    """However a client manages to send them."""
    body = part("file", f"a{control}b.mov", b"x") + f"--{BOUNDARY}--\r\n".encode()
    with send_raw(daemon, project, body) as connection:
        head = connection.recv(4_096)

    assert b"400" in head.split(b"\r\n")[0]
    assert {} == daemon.on_disk(project)


def test_the_time_of_writing_may_be_told(daemon, project):
    """The field before a file is the file's, and no other's."""
    forms = [
        ("mtime", (None, str(MTIME_MS))),
        ("files", ("dated.mov", b"dated")),
        ("files", ("undated.mov", b"undated")),
    ]
    daemon.send(forms, project=project).raise_for_status()

    folder = daemon.root / project / ORIGINALS
    assert MTIME_MS * 1_000_000 == (folder / "dated.mov").stat().st_mtime_ns
    assert MTIME_MS * 1_000_000 < (folder / "undated.mov").stat().st_mtime_ns


def test_the_content_may_be_told(daemon, project):
    """What arrives damaged is not kept."""
    right = [("sha256", (None, sha256_of(b"right"))), ("file", ("right.mov", b"right"))]
    wrong = [("sha256", (None, sha256_of(b"right"))), ("file", ("wrong.mov", b"wrong"))]

    assert 200 == daemon.send(right, project=project).status_code
    assert 400 == daemon.send(wrong, project=project).status_code
    assert ["right.mov"] == list(daemon.on_disk(project))


@pytest.mark.parametrize("form", [{"file": ("", b"")}, {"other": ("a.mov", b"x")}])
def test_a_form_without_a_file_is_refused(daemon, project, form):
    """As media-sync-api said it."""
    answer = daemon.send(form, project=project)

    assert 400 == answer.status_code
    assert "upload requires multipart file or files[]" == answer.json()["detail"]


def test_what_is_no_form_is_refused(daemon, project):
    """415 says what to send."""
    path = f"/api/projects/{project}/upload"

    assert 415 == daemon.client.post(path, content=b"film").status_code


def test_an_unknown_project_is_not_made(daemon):
    """404, and no directory appears."""
    answer = daemon.send({"file": ("a.mov", b"x")}, project="P9-Unknown")

    assert 404 == answer.status_code
    assert not (daemon.root / "P9-Unknown").exists()


@pytest.mark.parametrize("name", ["_playhead", ".git", "..", "a%2Fb"])
def test_names_that_are_no_project_are_refused(daemon, name):
    """Our own directory is none."""
    answer = daemon.client.post(f"/api/projects/{name}/upload", files={"file": ("a.mov", b"x")})

    assert answer.status_code in {400, 404}


def test_an_unknown_source_is_not_found(daemon, project):
    """404."""
    answer = daemon.send({"file": ("a.mov", b"x")}, project=project, source="nowhere")

    assert 404 == answer.status_code


def test_a_form_that_is_too_large_is_refused_before_it_is_received(daemon, project):
    """413 comes though not a byte of the body was sent."""
    with send_raw(daemon, project, b"", size_bytes=100 * LIMIT_BYTES) as connection:
        head = connection.recv(4_096)

    assert b" 413 " in head.split(b"\r\n")[0]
    assert [] == daemon.parts()


@pytest.mark.parametrize("size_bytes", [LIMIT_BYTES + 2 * MIB, 12 * LIMIT_BYTES])
def test_a_client_that_sends_all_before_it_listens_gets_its_refusal(daemon, project, size_bytes):
    """As most libraries do: it is not hung up on, and not left waiting."""
    with httpx.Client(base_url=daemon.url, timeout=10, trust_env=False) as client:
        answer = client.post(
            f"/api/projects/{project}/upload", files={"file": ("large.mov", bytes(size_bytes))}
        )

    assert 413 == answer.status_code
    assert "close" == answer.headers["connection"]
    assert 200 == daemon.client.get("/healthz").status_code


def test_a_file_that_turns_out_too_large_is_refused(daemon, project):
    """Whatever was said before; nothing of it is left."""

    def body():
        yield part("file", "large.mov", b"")[:-2]
        for _ in range(LIMIT_BYTES // MIB + 2):
            yield bytes(MIB)

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    try:
        answer = daemon.client.post(
            f"/api/projects/{project}/upload", content=body(), headers=headers
        )
        assert 413 == answer.status_code
    except httpx.WriteError:
        pass  # the connection was ended in the middle of the body, as it may be

    daemon.wait_until(lambda: daemon.parts() == [])
    assert {} == daemon.on_disk(project)


def test_a_client_that_goes_away_leaves_nothing(daemon, project):
    """The part is gone, the project empty."""
    connection = send_raw(daemon, project, part("file", "a.mov", bytes(MIB)), size_bytes=2 * MIB)
    daemon.wait_until(lambda: len(daemon.parts()) == 1)
    connection.close()

    daemon.wait_until(lambda: daemon.parts() == [])
    assert {} == daemon.on_disk(project)


def test_a_client_that_stands_still_is_given_up(daemon, project):
    """408 after upload_idle_s; nothing is left."""
    body = part("file", "a.mov", bytes(MIB))
    with send_raw(daemon, project, body, size_bytes=2 * MIB) as connection:
        head = connection.recv(4_096)

    assert b" 408 " in head.split(b"\r\n")[0]
    daemon.wait_until(lambda: daemon.parts() == [])
    assert {} == daemon.on_disk(project)


def test_twenty_clients_with_the_same_bytes_store_one_file(daemon, project):
    """One of them is told that it stored it, the others where it is."""
    data = film(MIB, seed=20)
    with ThreadPoolExecutor(20) as clients:
        answers = list(
            clients.map(
                lambda number: daemon.stored(f"{number}.mov", data, project=project), range(20)
            )
        )

    assert ["duplicate"] * 19 + ["stored"] == sorted(answer["status"] for answer in answers)
    assert 1 == len({answer["path"] for answer in answers})
    assert [data] == list(daemon.on_disk(project).values())
    assert [] == daemon.parts()


def test_only_needed_contents_are_asked_for(daemon, project):
    """What the project has need not be sent; what vanished from the disk must."""
    here = daemon.stored("here.mov", b"here", project=project)
    gone = daemon.stored("gone.mov", b"gone", project=project)
    daemon.stored("elsewhere.mov", b"elsewhere", project=PROJECT)
    (daemon.root / project / gone["path"]).unlink()
    hashes = [sha256_of(data) for data in (b"here", b"gone", b"new", b"elsewhere", b"new")]

    body = {"project": project, "sha256": [hashes[0].upper(), *hashes[1:]]}
    answer = daemon.client.post("/api/uploads/check", json=body).json()

    assert hashes[1:4] == answer["needed"]
    assert [
        {"sha256": hashes[0], "relative_path": here["path"], "served": here["served"]}
    ] == answer["present"]


def test_a_question_about_an_unknown_project_is_not_found(daemon):
    """It is not the same as an empty one."""
    body = {"project": "P9-Unknown", "sha256": []}

    assert 404 == daemon.client.post("/api/uploads/check", json=body).status_code
