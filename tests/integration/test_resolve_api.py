"""Jobs for Resolve over HTTP: the ancestor's four URLs, as events."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.library import ORIGINALS, library

A = f"{ORIGINALS}/a.mov"
OPEN, NEXT = "/api/resolve/open", "/api/resolve/jobs/next"


def stocked(running):
    """Two projects, and one clip that only one of them has."""
    running.stock("P1-Harbour", a_mov=b"a", both_mov=b"x")
    running.stock("P2-Attic", both_mov=b"x")
    return running


@pytest.fixture
def own(tmp_path):
    """A library for one test alone."""
    with library(tmp_path) as running:
        yield stocked(running)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One library for all tests that make no job."""
    with library(tmp_path_factory.mktemp("resolve")) as running:
        yield stocked(running)


def asked(own, status=200, **fields):
    """The answer to a wish."""
    body = {"project": "P1-Harbour", "media_rel_paths": [A]} | fields
    return own.post(OPEN, body, status=status)


def claimed(own, **query):
    """The jobs an agent gets."""
    return own.post(NEXT, query=query)["jobs"]


def test_a_job_goes_its_way(own):
    """Asked for, claimed, done; then there is nothing more to do."""
    job_id = asked(own)["job_id"]
    (job,) = claimed(own, claimed_by="suite")
    done = own.post(f"/api/resolve/jobs/{job_id}/complete")

    assert (job_id, "claimed", "suite") == (job["id"], job["status"], job["claimed_by"])
    assert ("P1-Harbour", "P1-Harbour", [A], "import", "primary") == tuple(
        job[key] for key in ("project", "media_project", "media_rel_paths", "mode", "source")
    )
    assert job["claimed_at"] >= job["created_at"] > 1_700_000_000
    assert [None] * 4 == [job[key] for key in ("done_at", "failed_at", "error", "new_project_name")]
    assert {"ok": True} == done
    assert [] == claimed(own)
    kinds = ["resolve.requested", "resolve.claimed", "resolve.finished"]
    assert [1, 1, 1] == [len(own.daemon.events(type=kind)) for kind in kinds]


def test_jobs_survive_a_restart(own):
    """Also a kill: what was acknowledged is on record, what was claimed stays claimed."""
    first, second = asked(own)["job_id"], asked(own, mode="reveal")["job_id"]
    claimed(own)
    own.daemon.kill()
    own.daemon.restart()
    (job,) = claimed(own)
    own.post(f"/api/resolve/jobs/{first}/fail", query={"error": "No project is open."})

    assert (second, "reveal_in_explorer") == (job["id"], job["mode"])
    (event,) = own.daemon.events(type="resolve.finished")
    assert ("failed", "No project is open.") == (event["data"]["state"], event["data"]["error"])


def test_old_clients_name_no_project_of_ours(own):
    """The files are looked for, so that the job can be carried out; ambiguity is told."""
    new = asked(own, project="__new__", new_project_name="Cut 1")
    chosen = asked(
        own,
        project="__select__",
        media_project="P2-Attic",
        media_rel_paths=["ingest/originals/both.mov"],
    )
    both = {"media_rel_paths": ["ingest/originals/both.mov"]}
    asked(own, status=409, project="__select__", **both)
    asked(own, status=404, project="__select__", media_rel_paths=["ghost.mov"])
    asked(own, status=400, project="__new__")
    first, second = claimed(own, limit=5)

    assert [new["job_id"], chosen["job_id"]] == [first["id"], second["id"]]
    assert ("__new__", "Cut 1", "P1-Harbour") == tuple(
        first[key] for key in ("project", "new_project_name", "media_project")
    )
    assert ("__select__", "P2-Attic") == (second["project"], second["media_project"])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"media_rel_paths": []}, 400),
        ({"media_rel_paths": ["/etc/passwd"]}, 400),
        ({"media_rel_paths": ["../P2-Attic/a.mov"]}, 400),
        ({"media_rel_paths": ["ghost.mov"]}, 404),
        ({"mode": "explode"}, 400),
        ({"project": "P99-Ghost"}, 404),
        ({"project": ".."}, 400),
        ({"source": "nowhere"}, 400),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(house, fields, status):
    """With the ancestor's status, and no job."""
    assert asked(house, status=status, **fields)["detail"]
    assert [] == claimed(house)


def test_a_limit_is_one(own):
    """The ancestor gave a job away for 0 and for -5."""
    asked(own)
    for limit in (0, -5, 101):
        own.post(NEXT, query={"limit": limit}, status=422)

    assert 1 == len(claimed(own))


def test_what_was_not_claimed_cannot_be_finished(own):
    """409, and 404 for a job that never was."""
    job_id = asked(own)["job_id"]
    own.post(f"/api/resolve/jobs/{job_id}/complete", status=409)
    own.post("/api/resolve/jobs/nope/complete", status=404)
    own.post("/api/resolve/jobs/nope/fail", query={"error": "x"}, status=404)
    own.post(f"/api/resolve/jobs/{job_id}/fail", status=422)

    assert 1 == len(claimed(own))


def test_no_job_goes_to_two_agents(own):
    """Sixteen agents, forty jobs: each is claimed once, none is left."""
    wanted = {asked(own)["job_id"] for _ in range(40)}

    def work(number):
        got = []
        while jobs := claimed(own, limit=2, claimed_by=f"agent-{number}"):
            got += [job["id"] for job in jobs]
        return got

    with ThreadPoolExecutor(16) as pool:
        got = [job_id for mine in pool.map(work, range(16)) for job_id in mine]

    assert wanted == set(got)
    assert len(wanted) == len(got)
