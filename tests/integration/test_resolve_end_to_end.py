"""
From the explorer's wish to the clip in Resolve and back: the real daemon, the real agent, and a
double of Resolve. The workstation has the files under another path than the daemon.
"""

from contextlib import contextmanager
from pathlib import Path

import httpx
import opentimelineio as otio
import pytest

from support.command import playhead
from support.library import ORIGINALS, library
from support.media_clips import require_ffmpeg, write_clip
from support.mpv import wait_until
from support.people import make_token, make_user
from support.resolve_agent import AgentProcess
from support.resolve_double import FREE, ResolveDouble

PROJECT = "P1-Harbour"
CUT = "Harbour"
A = f"{ORIGINALS}/a.mov"
JOBS = "/api/resolve/jobs"

CONFIG = """
[[resolve_host]]
name = "suite"
paths = {{ "{root}" = "{mount}" }}
"""


class House:
    """A daemon with a library, its credentials, and a workstation with a double of Resolve."""

    def __init__(self, running, folder, token):
        self.library, self.token = running, token
        self.mount = folder / "mount"
        self.folder = folder
        self.double = ResolveDouble(folder / "resolve")

    def ask(self, *paths, mode="import", **fields):
        """The id of a new job for clips of the project."""
        body = {
            "project": CUT,
            "media_project": PROJECT,
            "media_rel_paths": list(paths or (A,)),
            "mode": mode,
            "bin": "Tag 1",
        }
        answer = self.library.post("/api/resolve/open", body | fields)
        return answer["job_id"]

    def job(self, job_id):
        """A job as it stands."""
        return self.library.get(f"{JOBS}/{job_id}")

    def ended(self, job_id):
        """A job that is done or failed, waited for."""
        wait_until(lambda: self.job(job_id)["status"] in {"done", "failed"}, f"end of {job_id}")
        return self.job(job_id)

    def agent(self, *arguments):
        """A running agent on the workstation."""
        options = ("--resolve-wait-s", "2", *arguments)
        url, environment = self.library.daemon.url, self.double.environment
        return AgentProcess(url, *options, environment=environment, token=self.token)

    def mark(self, marker_id, position_s, **fields):
        """Marks a moment of the clip, as a player does."""
        body = {"id": marker_id, "position_s": position_s, "asset_id": self.asset_id} | fields
        self.library.post("/api/markers", body)

    @property
    def asset_id(self):
        """What the clip holds."""
        return self.library.files(PROJECT)[A]["asset_id"]

    def command(self, *arguments, environment=None, code=0):
        """What the command says that is run once."""
        done = playhead(
            "resolve-agent",
            "--url",
            self.library.daemon.url,
            "--host",
            "suite",
            *arguments,
            folder=self.folder,
            environment={"PLAYHEAD_TOKEN": self.token, **(environment or {})},
            code=code,
        )
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """One daemon for all tests, with a clip of 29.97 frames a second."""
    require_ffmpeg()
    folder = tmp_path_factory.mktemp("house")
    root, data = folder / "projects", folder / "data"
    data.mkdir()
    admin, agent = make_token(data, "ann", "admin"), make_token(data, "suite", "media")
    make_user(data, "eve", "correct horse", "play")
    config = folder / "playhead.toml"
    config.write_text(CONFIG.format(root=root, mount=folder / "mount"), encoding="utf-8")
    (root / PROJECT / ORIGINALS).mkdir(parents=True)
    (folder / "mount").symlink_to(root)
    timecode = ("-timecode", "01:00:00:00")
    write_clip(root / PROJECT / A, *timecode, seconds=2, rate="30000/1001", sound=False)
    environment = {"PLAYHEAD_CONFIG": str(config)}
    with library(folder, environment=environment, token=admin) as running:
        running.measured(PROJECT, A)
        yield House(running, folder, agent)


@pytest.fixture
def house(standing):
    """The same, with an empty queue and an open project in Resolve."""
    standing.double.reset()
    standing.double.have(CUT, is_open=True)
    yield standing
    for job in standing.library.get(JOBS)["jobs"]:
        if job["status"] in {"pending", "claimed"}:
            standing.library.post(f"{JOBS}/{job['id']}/cancel")


def test_a_clip_gets_into_resolve_with_its_markers(house):
    """Asked for in the explorer, reported there; a marker that is set later follows by itself."""
    house.mark("01900000-0000-7000-8000-000000000001", 1.001, note="Here")
    with house.agent():
        job = house.ended(house.ask())
        house.mark("01900000-0000-7000-8000-000000000002", 0.5005, colour="Red")
        wait_until(lambda: len(house.double.clips(CUT)[0]["markers"]) == 2, "the second marker")
    (clip,) = house.double.clips(CUT)

    assert ("done", "suite", ["imported"]) == (
        job["status"],
        job["host"],
        [each["outcome"] for each in job["results"]],
    )
    assert (f"{house.mount}/{PROJECT}/{A}", "Tag 1") == (clip["path"], clip["bin"])
    assert house.asset_id == clip["stamps"]["asset_id"]
    assert {"25": "Here", "12": "Marker by ann"} == {
        frame: marker["name"] for frame, marker in clip["markers"].items()
    }


def test_with_the_free_edition_a_file_lies_beside_the_project(house):
    """The job says where, and what to click; the file holds the clip as it really is."""
    house.double.reset(product=FREE)
    with house.agent():
        job = house.ended(house.ask())
    (clip,) = otio.adapters.read_from_file(job["artifact"]).find_clips()

    assert ["handed_off"] == [each["outcome"] for each in job["results"]]
    assert "free edition" in job["note"]
    assert job["artifact"].startswith(f"{house.mount}/{PROJECT}/exports/Tag 1-")
    assert f"file://{house.mount}/{PROJECT}/{A}" == clip.media_reference.target_url
    assert (108_000, 60, 30_000 / 1_001) == (
        clip.source_range.start_time.value,
        clip.source_range.duration.value,
        clip.source_range.duration.rate,
    )
    assert "hasAudio" not in Path(job["artifact"]).with_suffix(".fcpxml").read_text("utf-8")


@contextmanager
def at_work(house, *arguments):
    """An agent in the middle of an import that takes a minute, and its job."""
    house.double.break_down(slow_s=60)
    with house.agent("--lease-s", "3", *arguments) as agent:
        job_id = house.ask()
        wait_until(lambda: "ImportMedia" in house.double.calls(), "an import that takes its time")
        yield agent, job_id
    house.double.break_down()


def test_when_an_agent_dies_another_one_finishes_its_job(house):
    """As soon as its lease has run out; nothing is there twice."""
    with at_work(house, "--name", "first") as (agent, job_id):
        agent.kill()
    with house.agent("--name", "second"):
        job = house.ended(job_id)

    assert ("done", "second", 2) == (job["status"], job["claimed_by"], job["attempts"])
    assert 1 == len(house.double.clips(CUT))


def test_an_agent_that_is_ended_returns_its_job(house):
    """The queue has it again at once, and says why."""
    with at_work(house, "--lease-s", "600") as (agent, job_id):
        agent.stop()
        job = house.job(job_id)

    assert ("pending", 1) == (job["status"], job["attempts"])
    assert "The agent was stopped" in job["error"]


def test_an_agent_that_has_gone_gets_no_job(house):
    """The daemon notices that nobody waits any more: the next agent need not wait for a lease."""
    query = {"wait_s": 20, "lease_s": 600}
    with pytest.raises(httpx.ReadTimeout):
        house.library.client.post(f"{JOBS}/next", params=query, timeout=0.5)
    job_id = house.ask()
    (job,) = house.library.post(f"{JOBS}/next", query=query)["jobs"]

    assert (job_id, 1) == (job["id"], job["attempts"])


def test_a_job_that_is_cancelled_stops(house):
    """At the next heartbeat; nothing more is done in Resolve."""
    with at_work(house) as (agent, job_id):
        house.library.post(f"{JOBS}/{job_id}/cancel")
        agent.wait_for("is not ours any more")
        wait_until(lambda: not agent.children(), "the end of the child")

    assert "cancelled" == house.job(job_id)["status"]
    assert [] == house.double.clips(CUT)


def test_one_job_can_be_done_by_hand(house):
    """`--once` does what is there and ends; also when nothing is there, or nobody answers."""
    job_id = house.ask()
    done = house.command("--once", environment=house.double.environment)
    idle = house.command("--once")
    locked = house.command("--once", environment={"PLAYHEAD_TOKEN": "0p3n-s3same"}, code=1)

    assert "done" == house.job(job_id)["status"]
    assert f"job {job_id} done: 1 result." in done
    assert "job" not in idle
    assert "playhead token add" in locked
    assert "0p3n-s3same" not in locked


def test_the_doctor_finds_all_that_is_needed(house):
    """Resolve, its edition, the daemon, the credential, and the files of the last jobs."""
    house.ask()
    told = house.command("--doctor", environment=house.double.environment)

    assert "ok       scripting module in" in told
    assert "note     no scripting library at" in told
    assert "ok       DaVinci Resolve Studio 21.0.1.4, ready" in told
    assert "ok       OpenTimelineIO" in told
    assert "as suite" in told
    assert "files of the last jobs can be read" in told
    assert "missing" not in told


def test_the_doctor_says_what_is_missing(house, tmp_path):
    """Without Resolve files are handed off; without a scope, or the disks, nothing is done."""
    house.ask()
    nothing = {"RESOLVE_SCRIPT_API": str(tmp_path)}
    elsewhere = house.command("--doctor", "--host", "nowhere", environment=nothing)
    house.double.break_down(none=True)
    closed = house.command("--doctor", environment=house.double.environment)
    password = tmp_path / "password"
    password.write_text("correct horse\n")
    eve = ("--doctor", "--user", "eve", "--password-file", str(password))
    weak = house.command(*eve, environment={**nothing, "PLAYHEAD_TOKEN": ""}, code=1)
    wrong = house.command("--doctor", environment={**nothing, "PLAYHEAD_TOKEN": "x"}, code=1)

    assert "note     no scripting module in" in elsewhere
    assert "Install DaVinci Resolve" in elsewhere
    assert "note     Resolve: Resolve gives no handle" in closed
    assert "missing  daemon at" in weak
    assert "--scope media" in weak
    assert "missing  daemon:" in wrong
