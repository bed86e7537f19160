"""Organizers of a running daemon: by themselves, over HTTP, and from the command line."""

import json

import httpx
import pytest

from daemon.datadir import DataDirectory
from daemon.eventlog.store import EventLog
from support.command import playhead
from support.mpv import wait_until
from support.organizing_daemon import OrganizingDaemon, write_config

LOST = '[[organizer]]\nname = "Lost"\nfolder = "/nowhere/at/all"\n'


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon with an organizer, and another whose directory is not there."""
    with OrganizingDaemon(tmp_path_factory.mktemp("organizer"), others=LOST) as running:
        yield running


def test_what_arrives_is_filed_and_told(daemon):
    """By itself, with an event, a metric and a page to look it up."""
    daemon.put("Alpha.S01E02.The.Title.720p.WEB-GRP.mkv")
    daemon.wait_for("Alpha/Alpha.S01E02.The.Title.mkv")
    (filing,) = [each for each in daemon.get("filings")["filings"] if each["show"] == "Alpha"]
    (event,) = [
        each for each in daemon.events(type="organizer.filed") if each["data"]["show"] == "Alpha"
    ]
    metrics = daemon.client.get("/metrics").text

    assert ("Alpha", 1, [2], "The Title") == tuple(
        filing[name] for name in ("show", "season", "episodes", "title")
    )
    assert ("filed", None, str(daemon.downloads)) == (
        filing["state"],
        filing["undone_at"],
        filing["folder"],
    )
    assert (event["seq"], event["data"]["id"]) == (filing["seq"], filing["id"])
    assert 'playhead_organizer_filed_total{result="filed"}' in metrics


def test_a_plan_says_what_stays_and_why(daemon):
    """Of an organizer whose directory is not there, it says that."""
    daemon.put("Some.Film.2023.mkv")
    wait_until(lambda: "Some.Film.2023.mkv" in daemon.leaves(), "the film to be left")
    leave = daemon.leaves()["Some.Film.2023.mkv"]
    mine, lost = daemon.get("plan")["organizers"]

    assert ("no_episode", "its name tells no episode") == (leave["why"], leave["reason"])
    assert "is not there" in lost["problem"]
    assert [mine] == daemon.get("plan", name="DOWNLOADS")["organizers"]


def test_filings_come_in_pages_and_go_back(daemon):
    """Latest first; undone as shown, and not before it is confirmed."""
    daemon.put("Beta.S01E01.mkv")
    daemon.put("Beta.S01E02.mkv")
    daemon.wait_for("Beta/Beta.S01E01.mkv", "Beta/Beta.S01E02.mkv")
    first = daemon.get("filings", organizer="downloads", limit=1)
    second = daemon.get("filings", organizer="downloads", limit=1, before=first["next"])
    ids = [page["filings"][0]["id"] for page in (first, second)]
    shown = daemon.post("undo", ids=ids)
    between = daemon.files()
    done = daemon.post("undo", ids=ids, confirm=True)
    after = daemon.files()
    again = daemon.post("undo", ids=ids, confirm=True)

    assert (False, True) == (shown["done"], done["done"])
    assert shown["steps"] == done["steps"]
    assert "Beta/Beta.S01E01.mkv" in between
    assert {"Beta.S01E01.mkv", "Beta.S01E02.mkv"} <= after.keys()
    assert ["it is undone already"] * 2 == [step["refused"] for step in again["steps"]]


def test_an_order_to_work_says_what_was_done(daemon):
    """Which files are where, and that what was put back stays."""
    answer = daemon.post("run", names=["downloads"])
    (mine,) = answer["organizers"]

    assert "" == mine["problem"]
    assert {"undone", "no_episode"} >= {leave["why"] for leave in mine["leaves"]}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "plan?name=nobody", None, 404),
        ("GET", "plan?names=nobody", None, 422),
        ("POST", "run", {"names": ["nobody"]}, 404),
        ("POST", "run", {"name": "nobody"}, 422),
        ("POST", "undo", {}, 422),
        ("POST", "undo", {"last": True, "since": "2h"}, 422),
        ("POST", "undo", {"since": "tomorrow"}, 422),
        ("POST", "undo", {"ids": ["nothing"]}, 404),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(daemon, method, path, body, status):
    """With a sentence and a hint."""
    answer: httpx.Response = daemon.client.request(method, f"/api/organizer/{path}", json=body)

    assert status == answer.status_code
    assert answer.json()["detail"]
    assert answer.json()["hint"]


def test_the_command_asks_the_running_daemon(daemon, tmp_path):
    """Files it now; undoing is shown first, and done with --yes."""
    daemon.put("Gamma.S01E01.mkv")
    daemon.wait_for("Gamma/Gamma.S01E01.mkv")
    config = ("--config", daemon.config, "--url", daemon.url)
    worked = playhead("organize", "downloads", *config, folder=tmp_path)
    shown = playhead("organize", "--undo", "last", *config, folder=tmp_path)
    between = daemon.files()
    done = playhead("organize", "--since", "1h", "--yes", *config, folder=tmp_path)

    assert "0 files filed" in worked.stdout
    assert "Gamma/Gamma.S01E01.mkv  ->  Gamma.S01E01.mkv" in shown.stdout
    assert "Repeat it with --yes" in shown.stdout
    assert "Gamma/Gamma.S01E01.mkv" in between
    assert "put back" in done.stdout
    assert "Gamma.S01E01.mkv" in daemon.files()


@pytest.fixture
def videos(tmp_path):
    """A directory with two files of one episode, notes and a name that a terminal would obey."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("Show.S01E01.mkv", "Show.S01E01.nfo", "show_s01e01_720p.mkv", "a\x1b[31m.mkv"):
        (folder / name).write_bytes(name.encode())
    return folder


def test_a_dry_run_needs_no_daemon_and_changes_nothing(tmp_path, videos):
    """Nothing on the disk, no data directory; without a configuration, of any directory."""
    config = write_config(tmp_path, videos, stable_s=0)
    before = sorted(tmp_path.rglob("*"))
    tried = playhead("organize", "--dry-run", "--folder", videos, "--json", folder=tmp_path)
    (plan,) = json.loads(tried.stdout)["organizers"]
    shown = playhead("organize", "--dry-run", "--config", config, folder=tmp_path).stdout

    assert before == sorted(tmp_path.rglob("*"))
    assert {"Show.S01E01.mkv", "show_s01e01_720p.mkv", "a\x1b[31m.mkv"} == set(plan["unfinished"])
    assert "a\\u001b[31m.mkv" in shown
    assert "Show/Show.S01E01 (2).mkv  its name is taken" in shown
    assert "2 files to file, 1 left alone, 0 unfinished" in shown


def test_without_a_daemon_the_command_does_it_itself(tmp_path, videos):
    """And puts it on record, so that it can be undone."""
    config = ("--config", write_config(tmp_path, videos, stable_s=0))
    EventLog.create(DataDirectory(tmp_path / "data").log).close()
    before = sorted(videos.rglob("*"))
    done = playhead("organize", *config, folder=tmp_path).stdout
    between = sorted(path.name for path in videos.rglob("*"))
    undone = playhead("organize", "--since", "1h", "--yes", *config, folder=tmp_path).stdout
    nothing = playhead("organize", "--undo", "last", *config, folder=tmp_path).stdout

    assert "2 files filed" in done
    assert ["Show", "Show.S01E01 (2).mkv", "Show.S01E01.mkv", "Show.S01E01.nfo"] == between[:4]
    assert "2 files put back" in undone
    assert before == sorted(videos.rglob("*"))
    assert "There is nothing to undo." in nothing


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--folder", "."], 2, "--dry-run"),
        (["--undo", "last", "--since", "2h"], 2, "Give either --undo or --since"),
        (["--undo", "last", "downloads"], 2, "no NAME"),
        (["--dry-run"], 1, "No organizer is configured"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(tmp_path, arguments, code, said):
    """It says what is missing."""
    done = playhead("organize", *arguments, folder=tmp_path, code=code)

    assert said in done.stderr
