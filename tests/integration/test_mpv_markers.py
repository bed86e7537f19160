"""From a key pressed in a real mpv to the job for DaVinci Resolve."""

import os
import signal

import pytest

from support.library import ORIGINALS, library
from support.mpv import wait_until, write_wav
from support.mpv_client import Players

JOBS = "/api/resolve/jobs"
PROJECT = "P1-Harbour"
CLIP = f"{ORIGINALS}/clip.wav"
HALT_S = 0.1
"""What was on its way to be heard when the player was paused is still counted."""


@pytest.fixture
def house(tmp_path):
    """A library with a clip too short to be resumed, which is in Resolve already."""
    with library(tmp_path) as running:
        place = running.root / PROJECT / CLIP
        place.parent.mkdir(parents=True)
        write_wav(place, 40)
        running.look(PROJECT)
        running.post("/api/resolve/open", {"project": PROJECT, "media_rel_paths": [CLIP]})
        (job,) = running.post(f"{JOBS}/next", query={"host": "linux", "lease_s": 60})["jobs"]
        running.post(f"{JOBS}/{job['id']}/complete", {"token": job["token"]})
        yield running


def markers(house):
    """The markers there are."""
    return house.get("/api/markers")["markers"]


def test_a_key_in_mpv_marks_the_clip_in_resolve(house, tmp_path):
    """At the position, with colour and note, also when the server hung meanwhile."""
    with Players(tmp_path, house.daemon.url) as players:
        player = players.start(house.root / PROJECT / CLIP, marker_colour="Green")
        player.wait_playing("clip.wav")
        player.seek(12)
        at_s = player.pause()
        player.command("keypress", "Alt+m")
        wait_until(lambda: len(markers(house)) == 1, "the marker")
        os.kill(house.daemon.process.pid, signal.SIGSTOP)
        player.command("script-message", "playhead-mark-as", "Red", 'cut "here", $(now)')
        wait_until(lambda: '"Red"' in players.spooled(), "the marker to wait")
        os.kill(house.daemon.process.pid, signal.SIGCONT)
        player.command("script-message", "playhead-flush")
        wait_until(lambda: len(markers(house)) == 2, "the second marker")
        wait_until(lambda: '"marker"' not in players.spooled(), "the spool to be settled")
    (job,) = house.post(f"{JOBS}/next", query={"host": "linux", "lease_s": 60})["jobs"]
    (file,) = job["files"]

    assert "markers" == job["mode"]
    assert {("Green", ""), ("Red", 'cut "here", $(now)')} == {
        (each["colour"], each["note"]) for each in file["markers"]
    }
    assert [pytest.approx(at_s, abs=HALT_S)] * 2 == [each["position_s"] for each in file["markers"]]
    assert {CLIP} == {each["media_path"] for each in markers(house)}


def test_what_must_not_be_recorded_is_not_marked(house, tmp_path):
    """Incognito, and files that are excluded."""
    with Players(tmp_path, house.daemon.url) as players:
        player = players.start(house.root / PROJECT / CLIP, incognito="yes")
        player.wait_playing("clip.wav")
        player.command("keypress", "Alt+m")
        player.command("script-message", "playhead-incognito")
        player.command("script-message", "playhead-mark")
        wait_until(lambda: len(markers(house)) == 1, "the marker after incognito")

    assert 1 == len(markers(house))
