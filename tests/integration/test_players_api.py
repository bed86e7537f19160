"""
A real daemon and a real mpv that it starts: the list, the positions, the routes and the metrics.
"""

import json
import socket
from pathlib import Path

import pytest

from support.daemon import DaemonProcess
from support.mpv import require_mpv, wait_until, write_wav
from support.players import short_folder

FILM_S = 400


def table(name, socket, **fields):
    """A `[[player]]` table."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    return "\n".join(["[[player]]", f'name = "{name}"', f'socket = "{socket}"', *lines, ""])


@pytest.fixture(scope="module")
def place():
    """A folder with two films."""
    with short_folder() as made:
        for name in ("a.wav", "b.wav"):
            write_wav(made / "films" / name, FILM_S, seed=name)
        yield made


@pytest.fixture(scope="module")
def daemon(place):
    """A daemon that starts a player for the folder, and waits for another that never comes."""
    command = [require_mpv(), "--no-config", "--vo=null", "--ao=null", "--really-quiet"]
    own = table(
        "Tv",
        place / "tv.sock",
        folder=str(place / "films"),
        extensions=["wav"],
        days=0,
        stable_s=0.1,
        user="mara",
        launch=command,
    )
    other = table("den", place / "den.sock")
    (place / "playhead.toml").write_text(own + other)
    arguments = ["--config", str(place / "playhead.toml")]
    with DaemonProcess(place / "data", arguments=arguments) as running:
        yield running


def shown(daemon, name="Tv"):
    """A player as the daemon shows it."""
    players = daemon.client.get("/api/players").json()
    return next(player for player in players if player["name"] == name)


def test_a_player_is_started_and_its_list_kept(daemon, place):
    """It plays the first film; a film that comes is listed; what it does is told everywhere."""
    wait_until(lambda: shown(daemon)["playing"], "it plays")
    write_wav(place / "films" / "c.wav", 1)
    wait_until(lambda: shown(daemon)["entries_count"] == 3, "the new film")
    player, other = shown(daemon), shown(daemon, "den")
    entries = daemon.client.get("/api/players/tv/playlist").json()["entries"]
    asked = daemon.client.post("/api/players/TV/sync")
    metrics = daemon.client.get("/metrics").text
    told = [line["event"] for line in daemon.lines]

    assert ("connected", "a.wav", 3) == (
        player["state"],
        player["playing"]["name"],
        player["files_count"],
    )
    assert player["launches_count"] >= 1
    assert ("absent", False, None) == (other["state"], other["connected"], other["playing"])
    assert ["a.wav", "b.wav", "c.wav"] == [entry["name"] for entry in entries]
    assert [True, False, False] == [entry["playing"] for entry in entries]
    assert {"player": "Tv", "status": "asked"} == asked.json()
    assert 'playhead_player_connected{player="Tv"} 1.0' in metrics
    assert 'playhead_player_connected{player="den"} 0.0' in metrics
    assert 'playhead_player_launches_total{player="Tv"} 1.0' in metrics
    assert {"player_launched", "player_connected", "playlist_synced"} <= set(told)


def test_a_player_that_is_not_there_is_told(daemon):
    """An unknown name is not found; one that does not answer is a conflict, with a hint."""
    wait_until(lambda: shown(daemon)["connected"], "the player that is there")
    unknown = daemon.client.get("/api/players/attic/playlist")
    absent = daemon.client.post("/api/players/den/sync")
    status = daemon.client.get("/api/status").json()

    assert 404 == unknown.status_code
    assert "Known: Tv, den." == unknown.json()["hint"]
    assert 409 == absent.status_code
    assert (2, 1) == (status["players_count"], status["players_connected_count"])


def test_the_daemon_ends_with_the_place_on_record(daemon, place):
    """
    Stopped while its player plays, it reports where, ends the player, and goes on there. One that
    takes its time to stop has told of the seek before, and then the end is no other place.
    """
    wait_until(lambda: shown(daemon)["playing"], "it plays")
    events = daemon.events(type="player.connected")
    process = int(events[-1]["data"]["process"].partition(":")[0])
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(place / "tv.sock"))
        connection.sendall(b'{"command": ["seek", 100, "absolute+exact"]}\n')
        wait_until(lambda: shown(daemon)["playing"]["position_s"] >= 100, "it is seen there")
    daemon.stop()
    is_there = Path(f"/proc/{process}/exe").exists()
    daemon.restart()
    wait_until(lambda: (shown(daemon)["playing"] or {}).get("position_s"), "it plays again")
    again = shown(daemon)["playing"]
    reports = daemon.events(type="position.reported")

    assert not is_there
    assert "a.wav" == again["name"]
    assert again["position_s"] >= 99
    assert {"quit", "seek"} & {event["data"]["reason"] for event in reports}
    assert {"mara"} == {event["data"]["user"] for event in reports}
