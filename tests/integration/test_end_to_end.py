"""A real mpv, the real daemon, and the log between them: the reason Playhead exists."""

import json
import shutil
import signal
import time

import pytest

from support.command import playhead
from support.daemon import DaemonProcess
from support.mpv import WAIT_TIMEOUT_S, require_mpv, require_program, wait_until, write_wav
from support.mpv_client import Players
from support.people import bearer

LENGTH_S = 300
CLOCK_S = 1.5
"""How far the time that a player tells may be from ours: it counts whole seconds at first."""

HOSTILE_NAMES = [
    "x';touch PWNED;'.mkv",
    "100% + 50%20 & more #1?.mkv",
    'Żółć 東京 🎬 "quoted".mkv',
]


@pytest.fixture(autouse=True)
def _programs():
    require_mpv()
    require_program("curl", "install curl to run this test")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A daemon for tests that look at nothing but their own film."""
    with DaemonProcess(tmp_path_factory.mktemp("shared") / "data") as process:
        yield process


@pytest.fixture
def players(tmp_path, shared):
    with Players(tmp_path, shared.url) as several:
        yield several


@pytest.fixture
def film(tmp_path):
    """A film that no other test has, neither under this name nor with this content."""
    name = tmp_path.name
    return write_wav(tmp_path / f"{name}.wav", LENGTH_S, seed=name)


def reports_of(daemon, name, **wanted):
    """The reports of a file that the log holds, oldest first."""
    events = daemon.events(type="position.reported")
    found = [event["data"] for event in events if event["data"]["name"] == name]
    return [data for data in found if all(data.get(key) == wanted[key] for key in wanted)]


def wait_for_report(daemon, name, **wanted):
    """The last such report, once there is one."""
    wait_until(lambda: reports_of(daemon, name, **wanted), f"report of {name} with {wanted}")
    return reports_of(daemon, name, **wanted)[-1]


def test_a_film_paused_in_one_mpv_resumes_at_the_same_place_in_another(
    shared, players, film, tmp_path
):
    """Two machines see one file under two paths; the second opens it where the first paused."""
    other = tmp_path / "mnt" / "media" / film.name
    other.parent.mkdir(parents=True)
    shutil.copyfile(film, other)
    with players.start(
        film, device="kitchen", arguments=["--start=120"], heartbeat_interval=600
    ) as first:
        first.wait_playing()
        paused_s = first.pause()
        report = wait_for_report(shared, film.name, reason="pause")

        with players.start(other, device="attic", arguments=["--pause"]) as second:
            second.wait_playing()

            assert pytest.approx(report["position_s"], abs=0.1) == second.position_s()
    assert paused_s >= 119.9
    assert pytest.approx(paused_s, abs=0.5) == report["position_s"]


def test_every_step_is_readable_in_the_audit_log(tmp_path):
    """The command line shows the reports in order, and the log and the views verify."""
    film = write_wav(tmp_path / "film.wav", LENGTH_S, seed=1)
    data = tmp_path / "data"
    with DaemonProcess(data) as daemon, Players(tmp_path, daemon.url) as players:
        with players.start(film, device="kitchen") as player:
            player.wait_playing()
            player.seek(120)
            player.pause()
            wait_for_report(daemon, "film.wav")
            player.quit()
        wait_for_report(daemon, "film.wav", reason="quit")

        told = playhead("log", "--json", folder=tmp_path).stdout
        events = [json.loads(line) for line in told.splitlines()]
        assert "daemon.started" == events[0]["type"]
        assert list(range(1, len(events) + 1)) == [event["seq"] for event in events]
        reports = [event["data"] for event in events if event["type"] == "position.reported"]
        assert {"kitchen"} == {report["device"] for report in reports}
        assert "Everything holds." in playhead("verify", folder=tmp_path).stdout


def test_two_users_of_one_player_have_two_positions(tmp_path):
    """Each user resumes at their own position, and only there."""
    data = tmp_path / "data"
    tokens = {
        user: playhead("token", "add", "--user", user, folder=tmp_path).stdout.strip()
        for user in ("ann", "bob")
    }
    film = write_wav(tmp_path / "film.wav", LENGTH_S, seed=1)
    with DaemonProcess(data) as daemon, Players(tmp_path, daemon.url) as players:
        for user, position_s in (("ann", 100), ("bob", 200)):
            with players.start(film, token=tokens[user], arguments=["--pause"]) as player:
                player.wait_playing()
                player.seek(position_s)
                player.quit()
            wait_until(lambda user=user: at_of(daemon, tokens[user]), f"a position of {user}")
        for user, position_s in (("ann", 100), ("bob", 200)):
            with players.start(film, token=tokens[user], arguments=["--pause"]) as player:
                player.wait_playing()

                assert pytest.approx(position_s, abs=0.1) == player.position_s()


def at_of(daemon, token):
    """The positions of whoever holds a token."""
    return daemon.client.get("/api/positions", headers=bearer(token)).json()["positions"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_only_a_name(shared, players, tmp_path, name):
    """It is recorded as it is, resumed, and nothing in it is executed."""
    film = write_wav(tmp_path / name, LENGTH_S, seed=name)
    with players.start(film, arguments=["--pause"]) as player:
        player.wait_playing()
        player.seek(90)
        player.quit()
    wait_for_report(shared, name, reason="quit")
    with players.start(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(90, abs=0.1) == player.position_s()
    assert [] == list(tmp_path.rglob("PWNED"))


def test_what_was_watched_while_the_daemon_was_down_arrives_later(tmp_path):
    """Reports wait in the player's spool and reach the log with the time they were made."""
    film = write_wav(tmp_path / "film.wav", LENGTH_S, seed=1)
    with DaemonProcess(tmp_path / "data") as daemon:
        address = daemon.url.removeprefix("http://")
        daemon.kill()
    with Players(tmp_path, daemon.url) as players:
        with players.start(film, arguments=["--pause"], heartbeat_interval=600) as player:
            player.wait_playing()
            player.seek(150)
            player.quit()
        assert "film.wav" in players.spooled()
        quit_s = time.time()

        with (
            DaemonProcess(daemon.data, bind=address) as again,
            players.start(film, arguments=["--pause"]) as player,
        ):
            player.wait_playing()
            resumed_s = player.position_s()
            report = wait_for_report(again, "film.wav", reason="quit")

    assert pytest.approx(150, abs=0.1) == resumed_s
    assert pytest.approx(150, abs=0.1) == report["position_s"]
    assert report["client_time_s"] < quit_s + CLOCK_S


def test_a_killed_player_loses_at_most_one_heartbeat(shared, players, film):
    """SIGKILL leaves no time to say goodbye; the last heartbeat is what the next player gets."""
    with players.start(film, heartbeat_interval=1) as player:
        player.wait_playing()
        player.seek(60)
        wait_until(
            lambda: [r for r in reports_of(shared, film.name) if r["position_s"] > 61],
            "a heartbeat after the seek",
        )
        beat_s = reports_of(shared, film.name)[-1]["position_s"]
        read_s, reached_s = time.monotonic(), player.position_s()
        player.signal(signal.SIGKILL)
        played_s = time.monotonic() - read_s
    with players.start(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert beat_s - 0.1 <= player.position_s() <= reached_s + played_s + 0.5


def test_a_finished_film_starts_over(shared, players, film):
    """Watched to its end, it neither resumes at its end nor makes the player quit at once."""
    with players.start(film, arguments=["--idle", "--pause"]) as player:
        player.wait_playing()
        player.seek(LENGTH_S - 1)
        player.set("pause", False)
        wait_for_report(shared, film.name, reason="eof", finished=True)
    with players.start(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert player.position_s() < 1


def test_the_end_of_the_last_film_arrives_although_the_player_exits(shared, players, film):
    """mpv quits by itself at the end; that the film is finished is known at once, and told once."""
    with players.start(film, arguments=[f"--start={LENGTH_S - 2}"]) as player:
        player.process.wait(WAIT_TIMEOUT_S)
        wait_for_report(shared, film.name, reason="eof", finished=True)

    assert 1 == len(reports_of(shared, film.name, reason="eof"))


def test_an_old_client_and_a_new_one_share_bookmarks(shared, players, film):
    """What TimestampSync's protocol saved is resumed by the new client, and the other way round."""
    shared.client.post("/timestamps", content=f'{{"seconds": 45.000000, "name": "{film.name}"}}')
    with players.start(film, arguments=["--pause"]) as player:
        player.wait_playing()
        resumed_s = player.position_s()
        player.seek(80.5)
        player.quit()
    wait_for_report(shared, film.name, reason="quit")

    assert pytest.approx(45, abs=0.1) == resumed_s
    assert 80 == int(shared.client.get(f"/timestamps/{film.name}").text)


def test_the_old_protocol_of_the_new_client_works_against_us(shared, players, tmp_path):
    """The client's TimestampSync mode saves and resumes through `/timestamps`."""
    film = write_wav(tmp_path / "with space + plus.wav", LENGTH_S, seed="plus")
    options = {"protocol": "timestampsync", "arguments": ["--pause"]}
    with players.start(film, **options) as player:
        player.wait_playing()
        player.seek(70.5)
        player.quit()
    wait_for_report(shared, film.name)
    with players.start(film, **options) as player:
        player.wait_playing()

        assert pytest.approx(70, abs=0.6) == player.position_s()
