"""Batches of uploads, as an iPhone Shortcut uses them."""

import pytest

from support.upload_daemon import PROJECT, UploadDaemon

UPLOAD = f"/api/projects/{PROJECT}/upload"
ALIAS = f"/api/projects/{PROJECT}/upload-batch"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon with two projects."""
    with UploadDaemon(tmp_path_factory.mktemp("batches")) as running:
        (running.root / "P2-Other").mkdir()
        yield running


@pytest.fixture
def batch(daemon):
    """A batch that takes uploads."""
    headers = {"User-Agent": "Shortcuts/1"}
    return daemon.client.post(UPLOAD, params={"op": "start"}, headers=headers).json()


def finalize(daemon, batch_id):
    """The answer to the end of a batch."""
    return daemon.client.post(UPLOAD, params={"op": "finalize"}, json={"batch_id": batch_id})


def test_a_batch_is_started(daemon, batch):
    """The answer has the addresses that come next."""
    base = f"{daemon.url}{UPLOAD}"

    assert (True, PROJECT, "primary") == (batch["ok"], batch["project"], batch["source"])
    assert 32 == len(batch["batch_id"])
    assert batch["upload_url"].startswith(f"{base}?op=upload&batch_id={batch['batch_id']}")
    assert batch["finalize_url"].startswith(f"{base}?op=finalize")
    assert {"batch_path", "instructions"} <= batch.keys()


def test_uploads_of_a_batch_are_summed_up(daemon, batch, request):
    """Stored, duplicate and failed ones, in order; the same when asked again."""
    name = f"{request.node.name}.mov"
    for filename in (name, f"copy-{name}", "a|b.mov"):
        answer = daemon.client.post(batch["upload_url"], files={"file": (filename, name.encode())})
        assert 200 == answer.status_code
        assert batch["batch_id"] == answer.json()["batch_id"]

    first = daemon.client.post(batch["finalize_url"], json={"batch_id": batch["batch_id"]}).json()
    second = finalize(daemon, batch["batch_id"]).json()

    assert first == second
    assert {"total": 3, "stored": 1, "duplicate": 1, "error": 1} == first["counts"]
    assert ["stored", "duplicate", "error"] == [item["status"] for item in first["items"]]
    stored, duplicate, failed = first["items"]
    assert {
        *("timestamp", "status", "filename", "relative_path", "sha256", "size"),
        *("uploaded_at", "served"),
    } <= stored.keys()
    assert stored["relative_path"] == duplicate["relative_path"]
    assert duplicate["uploaded_at"] is None
    assert "Windows" in failed["detail"]
    assert [stored["served"]["download_url"]] * 2 == first["served_urls"]


def test_a_closed_batch_takes_no_more(daemon, batch):
    """409, before the file is received."""
    finalize(daemon, batch["batch_id"]).raise_for_status()
    answer = daemon.client.post(batch["upload_url"], files={"file": ("late.mov", b"late")})

    assert 409 == answer.status_code
    assert "late.mov" not in daemon.on_disk()


def test_a_batch_shows_how_far_it_is(daemon, batch, request):
    """With what is known of it; closed_at only when it is."""
    daemon.client.post(
        batch["upload_url"], files={"file": ("a.mov", request.node.name.encode())}
    ).raise_for_status()
    query = {"op": "snapshot", "batch_id": batch["batch_id"]}
    before = daemon.client.post(UPLOAD, params=query).json()
    finalize(daemon, batch["batch_id"]).raise_for_status()
    after = daemon.client.get(f"{ALIAS}/{batch['batch_id']}").json()

    assert (True, PROJECT, "primary", 1) == (
        before["ok"],
        before["project"],
        before["source"],
        before["count"],
    )
    assert {"remote": "127.0.0.1", "user_agent": "Shortcuts/1"} == before["meta"]["client"]
    assert (False, True) == (before["meta"]["closed"], after["meta"]["closed"])
    assert "closed_at" not in before["meta"]
    assert after["meta"]["closed_at"]
    assert before["items"] == after["items"]


def test_an_upload_can_show_the_last_ones_of_its_batch(daemon, batch, request):
    """Five at most, the latest last."""
    for number in range(6):
        data = f"{request.node.name} {number}".encode()
        answer = daemon.client.post(
            batch["upload_url"],
            params={"include_batch_snapshot": "true", "batch_id": batch["batch_id"]},
            files={"file": (f"{number}.mov", data)},
        )

    names = [item["filename"] for item in answer.json()["batch_snapshot"]]
    assert [f"{number}.mov" for number in range(1, 6)] == names


def test_the_older_names_do_the_same(daemon):
    """upload-batch/start, finalize and {batch_id}."""
    started = daemon.client.post(f"{ALIAS}/start").json()
    body = {"batch_id": started["batch_id"]}
    ended = daemon.client.post(f"{ALIAS}/finalize", json=body).json()

    assert {"total": 0, "stored": 0, "duplicate": 0, "error": 0} == ended["counts"]
    assert daemon.client.get(f"{ALIAS}/{started['batch_id']}").json()["meta"]["closed"]


@pytest.mark.parametrize("batch_id", ["0" * 32, "../../etc/passwd", "a b", "%2e%2e"])
def test_an_unknown_batch_is_not_found(daemon, batch_id):
    """An id is no path, and nothing is made of one."""
    before = daemon.on_disk()
    query = {"batch_id": batch_id}
    upload = daemon.client.post(UPLOAD, params=query, files={"file": ("a.mov", b"x")})
    ended = finalize(daemon, batch_id)
    shown = daemon.client.post(UPLOAD, params=query | {"op": "snapshot"})

    assert [404, 404, 404] == [upload.status_code, ended.status_code, shown.status_code]
    assert before == daemon.on_disk()
    assert [] == daemon.parts()
    assert [] == [path for path in daemon.root.rglob("*") if batch_id in path.name]


def test_a_batch_of_another_project_is_not_found(daemon, batch):
    """It belongs to the project it was started in."""
    other = f"/api/projects/P2-Other/upload-batch/{batch['batch_id']}"
    query = {"batch_id": batch["batch_id"]}
    upload = daemon.client.post(
        "/api/projects/P2-Other/upload", params=query, files={"file": ("a.mov", b"x")}
    )

    assert 404 == daemon.client.get(other).status_code
    assert 404 == upload.status_code


@pytest.mark.parametrize("operation", ["finalize", "snapshot"])
def test_an_operation_without_a_batch_is_refused(daemon, operation):
    """As media-sync-api said it."""
    answer = daemon.client.post(UPLOAD, params={"op": operation})

    assert (400, "batch_id is required") == (answer.status_code, answer.json()["detail"])
