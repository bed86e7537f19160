"""Jobs for Resolve beyond the ancestor: leases, long polls, paths of other machines, markers."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.library import ORIGINALS, library
from support.mpv import wait_until

A, B = f"{ORIGINALS}/a.mov", f"{ORIGINALS}/b.mov"
OPEN, NEXT, JOBS = "/api/resolve/open", "/api/resolve/jobs/next", "/api/resolve/jobs"

CONFIG = """
[resolve]
lease_s = 2

[[resolve_host]]
name = "windows"
paths = {{ "{root}" = "P:\\\\projects" }}

[[resolve_host]]
name = "macos"
paths = {{ "{root}" = "/Volumes/projects" }}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A library with two clips, whose files two other machines have elsewhere."""
    folder = tmp_path_factory.mktemp("queue")
    config = folder / "playhead.toml"
    config.write_text(CONFIG.format(root=folder / "projects"), encoding="utf-8")
    with library(folder, environment={"PLAYHEAD_CONFIG": str(config)}) as running:
        running.stock("P1-Harbour", a_mov=b"a", b_mov=b"b")
        running.stock("P2-Attic", c_mov=b"c")
        yield running


@pytest.fixture(autouse=True)
def nothing_left(house):
    """Each test begins with an empty queue."""
    yield
    for job in house.get(JOBS)["jobs"]:
        if job["status"] in {"pending", "claimed"}:
            house.post(f"{JOBS}/{job['id']}/cancel")


def asked(house, status=200, **fields):
    """The id of a new job."""
    body = {"project": "P1-Harbour", "media_rel_paths": [A]} | fields
    return house.post(OPEN, body, status=status).get("job_id")


def claimed(house, **query):
    """The jobs an agent of ours gets, for a minute."""
    values = {"host": "windows", "lease_s": 60, "claimed_by": "suite"} | query
    return house.post(NEXT, query=values)["jobs"]


def job_of(house, job_id):
    """A job as it stands."""
    return house.get(f"{JOBS}/{job_id}")


def test_a_job_says_where_each_machine_has_the_files(house):
    """With what tells one file from another, and the bin."""
    asked(house, bin="Tag 1")
    (job,) = claimed(house)
    (file,) = job["files"]

    assert {
        "server": f"{house.root}/P1-Harbour/{A}",
        "windows": "P:\\projects\\P1-Harbour\\ingest\\originals\\a.mov",
        "macos": f"/Volumes/projects/P1-Harbour/{A}",
    } == file["paths"]
    assert ("a.mov", 1, f"sha256:{file['sha256']}") == (
        file["name"],
        file["size_bytes"],
        file["asset_id"],
    )
    assert ("Tag 1", "existing", "P1-Harbour") == (
        job["bin"],
        job["resolve_project"]["mode"],
        job["resolve_project"]["name"],
    )


def test_a_job_is_told_how_it_went_file_by_file(house):
    """Until then a heartbeat keeps it; the token is shown to nobody else."""
    job_id = asked(house, media_rel_paths=[A, B])
    (job,) = claimed(house)
    token = job["token"]
    kept = house.post(f"{JOBS}/{job_id}/heartbeat", {"token": token, "note": "1 of 2"})
    seen = job_of(house, job_id)
    results = [{"path": A, "outcome": "imported"}, {"path": B, "outcome": "missing"}]
    done = {"token": token, "results": results, "note": "Save it.", "artifact": "P:\\x.otio"}
    house.post(f"{JOBS}/{job_id}/complete", done)
    ended = job_of(house, job_id)

    assert ("claimed", True) == (kept["status"], kept["lease_until"] > time.time())
    assert (None, "1 of 2", "windows", 1) == (
        seen["token"],
        seen["note"],
        seen["host"],
        seen["attempts"],
    )
    assert ("done", "Save it.", "P:\\x.otio") == (
        ended["status"],
        ended["note"],
        ended["artifact"],
    )
    assert ["imported", "missing"] == [each["outcome"] for each in ended["results"]]


def test_an_agent_that_falls_silent_loses_its_job(house):
    """Soon after its lease ran out, to whoever asks; what it tells then is refused."""
    job_id = asked(house)
    (lost,) = claimed(house, lease_s=1)
    wait_until(lambda: job_of(house, job_id)["status"] == "pending", "the lease to run out")
    (job,) = claimed(house, claimed_by="laptop")
    late = house.post(f"{JOBS}/{job_id}/complete", {"token": lost["token"]}, status=409)
    beat = house.post(f"{JOBS}/{job_id}/heartbeat", {"token": lost["token"]}, status=409)

    assert (job_id, 2, "laptop") == (job["id"], job["attempts"], job["claimed_by"])
    assert "laptop" in late["detail"]
    assert "laptop" in beat["detail"]


def test_a_long_poll_gets_the_job_as_soon_as_it_is_there(house):
    """And an empty answer when none comes."""
    assert [] == claimed(house, wait_s=0.1)
    with ThreadPoolExecutor(1) as pool:
        begun = threading.Event()

        def wait():
            begun.set()
            return claimed(house, wait_s=30)

        waiting = pool.submit(wait)
        begun.wait()
        job_id = asked(house)
        (job,) = waiting.result(timeout=20)

    assert job_id == job["id"]


def test_the_same_wish_under_one_key_is_one_job(house):
    """In the body or as the header of that name."""
    first = asked(house, idempotency_key="k1")
    again = asked(house, idempotency_key="k1")
    body = {"project": "P1-Harbour", "media_rel_paths": [A]}
    answer = house.client.post(OPEN, json=body, headers={"Idempotency-Key": "k1"}).json()

    assert first == again == answer["job_id"]


def test_jobs_are_listed_cancelled_and_tried_again(house):
    """Page by page, by state; an agent learns of it at its next heartbeat."""
    ids = [asked(house, mode=mode) for mode in ("import", "reveal", "relink")]
    (job,) = claimed(house)
    house.post(f"{JOBS}/{ids[0]}/cancel")
    refused = house.post(f"{JOBS}/{ids[0]}/heartbeat", {"token": job["token"]}, status=409)
    page = house.get(JOBS, limit=2)
    rest = house.get(JOBS, limit=1, before=page["next"])
    retried = house.post(f"{JOBS}/{ids[0]}/retry")

    assert "cancelled" in refused["detail"]
    assert [ids[2], ids[1]] == [each["id"] for each in page["jobs"]]
    assert [ids[0]] == [each["id"] for each in rest["jobs"]]
    assert ("pending", 0) == (retried["status"], retried["attempts"])
    assert set(ids) == {each["id"] for each in house.get(JOBS, state="pending")["jobs"]}
    house.get(f"{JOBS}/nope", status=404)
    house.post(f"{JOBS}/nope/cancel", status=404)


def test_a_failure_may_be_tried_again(house):
    """Unless it is final; how it failed may stand in the body."""
    job_id = asked(house)
    (job,) = claimed(house)
    failed = {"token": job["token"], "error": "Resolve does not answer.", "is_final": False}
    house.post(f"{JOBS}/{job_id}/fail", failed)

    assert ("pending", "Resolve does not answer.") == (
        job_of(house, job_id)["status"],
        job_of(house, job_id)["error"],
    )
    house.post(f"{JOBS}/{job_id}/fail", {"token": job["token"]}, status=422)


def test_a_moved_clip_is_known_by_where_it_was(house):
    """So that clips in Resolve can be pointed at where their files are now."""
    house.stock("P1-Harbour", moved_mov=b"moved")
    old, new = f"{ORIGINALS}/moved.mov", f"{ORIGINALS}/moved.mov"
    body = {"relative_paths": [old], "target_project": "P2-Attic"}
    house.post("/api/projects/P1-Harbour/media/move", body)
    asked(house, project="P2-Attic", media_rel_paths=[new], mode="relink")
    (job,) = claimed(house)
    (file,) = job["files"]

    assert [f"{house.root}/P1-Harbour/{old}"] == file["former_paths"]["server"]
    assert [f"P:\\projects\\P1-Harbour\\{old}".replace("/", "\\")] == file["former_paths"][
        "windows"
    ]
    assert "relink" == job["mode"]


def test_a_marker_goes_with_the_clip(house):
    """Into its import, and by a job of its own once it is in Resolve; repeats are harmless."""
    path = f"P:\\projects\\P1-Harbour\\{B}".replace("/", "\\")
    marker = {"path": path, "position_s": 1.5, "colour": "Red", "note": "cut", "device": "sofa"}
    first = house.post("/api/markers", marker | {"id": "01994c3e-7c00-7000-8000-000000000001"})
    again = house.post("/api/markers", marker | {"id": "01994c3e-7c00-7000-8000-000000000001"})
    job_id = asked(house, media_rel_paths=[B])
    (job,) = claimed(house)
    house.post(f"{JOBS}/{job_id}/complete", {"token": job["token"]})
    house.post("/api/markers", {"asset_id": first["asset_id"], "position_s": 2})
    (later,) = claimed(house)

    assert first == again
    assert ("P1-Harbour", B, "cut") == (first["project"], first["media_path"], first["note"])
    assert [("Red", 1.5)] == [(m["colour"], m["position_s"]) for m in job["files"][0]["markers"]]
    assert ("markers", [1.5, 2.0]) == (
        later["mode"],
        [each["position_s"] for each in later["files"][0]["markers"]],
    )
    listed = house.get("/api/markers", asset_id=first["asset_id"])["markers"]
    assert [1.5, 2.0] == [each["position_s"] for each in listed]


def test_markers_are_listed_and_taken_away(house):
    """By file, by path or all; one that names no file is refused."""
    placed = house.post("/api/markers", {"path": "/elsewhere/x.mov", "position_s": 3})
    asking = {"params": {"path": "/elsewhere/x.mov"}}
    found = house.client.get("/api/markers", **asking).json()["markers"]
    gone = house.client.delete(f"/api/markers/{placed['id']}")

    assert [("x.mov", "", 3.0)] == [
        (each["name"], each["asset_id"], each["position_s"]) for each in found
    ]
    assert 200 == gone.status_code
    assert [] == house.client.get("/api/markers", **asking).json()["markers"]
    assert 404 == house.client.delete(f"/api/markers/{placed['id']}").status_code
    house.post("/api/markers", {"position_s": 3}, status=422)
    house.post("/api/markers", {"position_s": 3, "path": "/x", "id": "no"}, status=422)


def test_no_job_is_lost_or_given_twice(house):
    """32 agents, 300 jobs, long polls and leases: each is done once."""
    with ThreadPoolExecutor(8) as pool:
        wanted = set(pool.map(lambda _: asked(house), range(300)))

    def work(number):
        done = []
        while jobs := claimed(house, limit=5, claimed_by=f"agent-{number}"):
            for job in jobs:
                house.post(f"{JOBS}/{job['id']}/complete", {"token": job["token"]})
                done.append(job["id"])
        return done

    with ThreadPoolExecutor(32) as pool:
        done = [job_id for mine in pool.map(work, range(32)) for job_id in mine]

    assert wanted == set(done)
    assert len(wanted) == len(done)
