"""The mpv client in a real mpv: where it saves, where it resumes, and what it leaves alone."""

import os
import shutil
import time
import urllib.parse
from pathlib import Path

import pytest

from support.mpv import (
    LUA_CLIENT,
    WAIT_TIMEOUT_S,
    Mpv,
    require_mpv,
    require_program,
    wait_while,
    write_wav,
)
from support.mpv_client import RESUME_WAIT_MS, bound_keys

LENGTH_S = 300
HOSTILE_NAMES = [
    "x';touch PWNED;'.mkv",
    '"; touch PWNED; ".mkv',
    "$(touch PWNED) `touch PWNED`.mkv",
    "100% + 50%20 & more #1?.mkv",
    "Żółć 東京 🎬 é.mkv",
    'back\\slash "quoted"\ttab.mkv',
    "${filename} \\n {b1}.mkv",
    "@file.mkv",
    "-K evil.mkv",
]


@pytest.fixture(autouse=True)
def _programs():
    require_mpv()
    require_program("curl", "install curl to run this test")


def test_pause_in_one_instance_resumes_in_another(play, server, film):
    """A position saved by a pause is where the next player opens the file."""
    start = {"arguments": ["--start=120"], "heartbeat_interval": 600}
    with play(film, device="kitchen", **start) as first:
        first.wait_playing()
        paused_s = first.pause()
        report = server.wait_for_report("film.wav", reason="pause", device="kitchen")
        with play(film, device="attic", arguments=["--pause"]) as second:
            second.wait_playing()

            assert pytest.approx(report["position_s"], abs=0.1) == second.position_s()
    assert paused_s >= 119.9
    assert pytest.approx(paused_s, abs=0.5) == report["position_s"]


def test_quit_saves_where_the_viewer_was(play, server, film):
    """Quitting seconds after a seek saves the final position, not the starting one."""
    with play(film, heartbeat_interval=600) as player:
        player.wait_playing()
        player.seek(77)
        asked_s, reached_s = time.monotonic(), player.position_s()
        player.quit()
        played_s = time.monotonic() - asked_s

    report = server.wait_for_report("film.wav", reason="quit")
    assert reached_s - 0.1 <= report["position_s"] <= reached_s + played_s + 0.5
    assert (LENGTH_S, False) == (report["duration_s"], report["finished"])


def test_opening_at_the_position_shows_nothing_of_the_start(play, server, film):
    """The first position mpv ever reports is the resumed one: there is no visible jump."""
    server.seed("film.wav", 90.5)
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(90.5, abs=0.1) == player.position_s()


def test_installed_as_documented_it_works_without_further_arguments(server, film, tmp_path):
    """The folder in `scripts` and the file in `script-opts` are all there is to install."""
    (tmp_path / "config/script-opts").mkdir(parents=True)
    shutil.copytree(LUA_CLIENT, tmp_path / "config/scripts/playhead")
    example = (LUA_CLIENT.parent / "playhead.conf").read_text()
    settings = f"url={server.url}\nspool_dir={tmp_path}/new/spool folder\nresume_offset=5\n"
    settings += f"resume_wait_ms={RESUME_WAIT_MS}\n"
    (tmp_path / "config/script-opts/playhead.conf").write_text(example + settings)
    server.seed("film.wav", 90)
    with Mpv(tmp_path / "config", film, arguments=["--pause"], script=None) as player:
        player.wait_playing()
        assert pytest.approx(85, abs=0.1) == player.position_s()
        player.seek(100)
        player.quit()

    assert 100 == round(server.wait_for_report("film.wav", reason="quit")["position_s"])


def test_two_users_have_two_positions(play, server, film):
    """Each user resumes at their own position, though both share a computer and a spool."""
    server.users = {"ann": 'p"a\\ss:w', "bob": "secret"}
    for user, position_s in [("ann", 100), ("bob", 200)]:
        account = {"user": user, "password": server.users[user]}
        with play(film, arguments=["--pause"], **account) as player:
            player.wait_playing()
            player.seek(position_s)
            player.quit()
        server.wait_for_report("film.wav", user=user, reason="quit")

    for user, position_s in [("ann", 100), ("bob", 200)]:
        account = {"user": user, "password": server.users[user]}
        with play(film, arguments=["--pause"], **account) as player:
            player.wait_playing()

            assert pytest.approx(position_s, abs=0.1) == player.position_s()
    assert {100} == {round(r["position_s"]) for r in server.of("film.wav", "ann")}
    assert {200} == {round(r["position_s"]) for r in server.of("film.wav", "bob")}


def test_every_entry_of_a_playlist_is_saved(play, server, tmp_path):
    """Going to the next entry saves the one that was left."""
    files = [write_wav(tmp_path / f"part{n}.wav", LENGTH_S, seed=n) for n in (1, 2, 3)]
    with play(*files, arguments=["--pause"], heartbeat_interval=600) as player:
        for number in (1, 2, 3):
            player.wait_playing(f"part{number}.wav")
            player.seek(50 * number)
            if number < 3:
                player.command("playlist-next")
        player.quit()

    for number, reason in [(1, "next"), (2, "next"), (3, "quit")]:
        report = server.wait_for_report(f"part{number}.wav", reason=reason)
        assert pytest.approx(50 * number, abs=0.1) == report["position_s"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_is_code_and_every_name_resumes(play, server, tmp_path, name):
    """Whatever a file is called, it is saved under that name, resumes, and runs nothing."""
    film = write_wav(tmp_path / name, LENGTH_S, seed=None)
    with play(film, arguments=["--pause"], heartbeat_interval=600) as player:
        player.wait_playing()
        player.seek(66)
        player.quit()
    assert pytest.approx(66, abs=1) == server.wait_for_report(name)["position_s"]

    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(66, abs=1) == player.position_s()
    assert [] == [*tmp_path.rglob("PWNED"), *Path.cwd().glob("PWNED")]


def test_a_name_that_is_not_text_is_saved_as_replacement_characters(play, server, tmp_path):
    """Bytes that are not UTF-8 become U+FFFD alike in name and path, and the file resumes."""
    film = write_wav(tmp_path / os.fsdecode(b"caf\xe9 \xff.wav"), LENGTH_S, seed=5)
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()
        player.seek(88)
        player.quit()
    report = server.wait_for_report("caf\ufffd \ufffd.wav")
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(88, abs=0.1) == player.position_s()
    assert report["path"].endswith("/caf\ufffd \ufffd.wav")


def test_heartbeats_are_sent_while_playing(play, server, film):
    """A long session reaches the server as it goes, one session id for all of it."""
    server.seed("film.wav", 30)
    with play(film) as player:
        player.wait_playing()
        server.wait_for(
            lambda: len([r for r in server.reports if r.get("reason") == "heartbeat"]) >= 3,
            "three heartbeats",
        )
    beats = [r for r in server.reports if r.get("reason") == "heartbeat"]
    assert [b["position_s"] for b in beats] == sorted({b["position_s"] for b in beats})
    assert 1 == len({b["session"] for b in beats})


def test_a_dragged_seek_bar_is_saved_once(play, server, film):
    """Many seeks in a row make one report, of the last place; a pause of a second ends a row."""
    with play(film, arguments=["--pause"], heartbeat_interval=600) as player:
        player.wait_playing()
        started_s = time.monotonic()
        for position_s in range(50, 90, 4):
            player.seek(position_s)
        dragged_s = time.monotonic() - started_s
        server.wait_for_report("film.wav", reason="seek", position_s=86)

    assert len(server.of("film.wav")) <= 1 + int(dragged_s)


def test_a_finished_file_starts_from_the_beginning(play, server, film):
    """Playing to the end marks the file finished, and the next open does not jump to the end."""
    with play(film, arguments=["--idle", "--pause"]) as player:
        player.wait_playing()
        player.seek(LENGTH_S - 1)
        player.set("pause", False)
        assert server.wait_for_report("film.wav", reason="eof")["finished"]
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(0, abs=0.1) == player.position_s()


def test_a_stored_position_at_the_end_does_not_end_the_file_at_once(play, server, film):
    """
    A server that knows no duration may say "at the end"; the file still plays, from its start.
    """
    server.seed("film.wav", LENGTH_S)
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(0, abs=0.1) == player.position_s()


def test_the_credits_count_as_finished(play, server, film):
    """Quitting beyond finish_percent is finishing."""
    with play(film, arguments=["--pause"], finish_percent=90) as player:
        player.wait_playing()
        player.seek(275)
        player.quit()

    assert server.wait_for_report("film.wav", reason="quit")["finished"]


def test_a_short_look_keeps_the_stored_position(play, server, film):
    """Opening a file from its start for a few seconds does not erase where one really was."""
    server.seed("film.wav", 200)
    with play(film, resume="no", min_position=60) as player:
        player.wait_playing()
        player.quit()
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(200, abs=0.1) == player.position_s()
    assert 1 == len(server.of("film.wav"))


def test_start_over_overwrites_the_stored_position(play, server, film):
    """The key in the notice goes back to the start, now and for the next time."""
    server.seed("film.wav", 200, client_time_s=time.time() - 60)
    with play(film, arguments=["--pause"], osd_seconds=60) as player:
        player.wait(lambda: "BS" in bound_keys(player), "the notice's key")
        player.command("keypress", "BS")
        player.wait(lambda: player.position_s() < 1, "the start")
        server.wait_for_report("film.wav", position_s=0)
        player.quit()
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(0, abs=0.1) == player.position_s()


def test_start_given_by_the_user_is_left_alone(play, server, film):
    """`--start` wins over a stored position."""
    server.seed("film.wav", 200)
    with play(film, arguments=["--pause", "--start=33"]) as player:
        player.wait_playing()

        assert pytest.approx(33, abs=0.1) == player.position_s()


def test_watch_later_is_left_alone(play, server, film, tmp_path):
    """mpv's own saved position wins over a stored one."""
    folder = tmp_path / "config"
    with play(film, arguments=["--pause"], folder=folder, incognito="yes") as player:
        player.wait_playing()
        player.seek(44)
        player.command("quit-watch-later")
        player.process.wait(WAIT_TIMEOUT_S)
    server.seed("film.wav", 200)
    with play(film, arguments=["--pause"], folder=folder) as player:
        player.wait_playing()

        assert pytest.approx(44, abs=1) == player.position_s()


def test_the_same_name_in_two_folders_are_two_films(play, server, tmp_path):
    """Path and content tell s1/ep.wav and s2/ep.wav apart."""
    files = []
    for season in (1, 2):
        (tmp_path / f"s{season}").mkdir()
        files.append(write_wav(tmp_path / f"s{season}" / "ep.wav", LENGTH_S, seed=season))
    with play(files[0]) as player:
        player.wait_playing()
        player.seek(90)
        player.quit()
    server.wait_for_report("ep.wav", reason="quit")
    first, second = [urllib.parse.quote(str(path)) for path in files]
    with play(files[1]) as player:
        player.wait_playing()
        player.quit()
    questions = [r.path for r in server.requests if r.method == "GET"]

    assert first != second
    assert urllib.parse.quote(str(files[1]), safe="") in questions[-1]
    assert questions[0].split("fingerprint=")[1] != questions[1].split("fingerprint=")[1]


def test_a_renamed_file_resumes_by_its_content(play, server, film, tmp_path):
    """The fingerprint finds a file under another name."""
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()
        player.seek(130)
        player.quit()
    server.wait_for_report("film.wav", reason="quit")
    renamed = film.rename(tmp_path / "other name.wav")
    with play(renamed, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(130, abs=0.1) == player.position_s()


def test_silence_has_no_fingerprint(play, server, tmp_path):
    """Two blank files of one size must not be taken for one film."""
    film = write_wav(tmp_path / "blank.wav", LENGTH_S, seed=None)
    with play(film) as player:
        player.wait_playing()
        player.seek(100)
        player.quit()

    assert "fingerprint" not in server.wait_for_report("blank.wav")


def test_ask_waits_for_the_answer(play, server, film):
    """With resume=ask the file plays from its start until the viewer says yes."""
    server.seed("film.wav", 200)
    with play(film, resume="ask", arguments=["--pause"], ask_seconds=60) as player:
        player.wait_playing()
        assert player.position_s() < 1
        player.wait(lambda: "y" in bound_keys(player), "the question's keys")
        player.command("keypress", "y")

        player.wait(lambda: player.position_s() >= 199, "the stored position")
        player.wait(lambda: "y" not in bound_keys(player), "the keys to be gone")


def test_ask_answered_with_no_plays_on(play, server, film):
    """No means no: playback goes on where it is and the keys are gone."""
    server.seed("film.wav", 200)
    with play(film, resume="ask", arguments=["--pause"], ask_seconds=60) as player:
        player.wait_playing()
        player.wait(lambda: "n" in bound_keys(player), "the question's keys")
        player.command("keypress", "n")
        player.wait(lambda: not {"y", "n"} & bound_keys(player), "the keys to be gone")

        assert player.position_s() < 1


def test_a_late_answer_is_used_while_the_film_has_just_begun(play, server, film):
    """A slow server still resumes, by seeking, but does not hold up the start."""
    server.seed("film.wav", 200)
    server.behaviour.held = True
    with play(film, resume_wait_ms=100, arguments=["--pause"]) as player:
        player.wait_playing()
        assert player.position_s() < 100
        server.behaviour.held = False

        player.wait(lambda: player.position_s() >= 199, "the stored position")


def test_a_late_answer_is_ignored_once_the_viewer_has_sought(play, server, film):
    """The viewer's own seek is not undone."""
    server.seed("film.wav", 200)
    server.behaviour.held = True
    with play(film, resume_wait_ms=0, arguments=["--pause"]) as player:
        player.wait_playing()
        player.seek(3)
        server.behaviour.held = False
        server.wait_for(lambda: server.answers_count, "the late answer")

        wait_while(lambda: player.position_s() < 10, "where the viewer sought")


def test_old_server_gets_the_old_requests(play, server, tmp_path):
    """With protocol=timestampsync the requests are those an old TimestampSync server knows."""
    server.users = {"admin": "password"}
    film = write_wav(tmp_path / 'a "b" 100% é.wav', LENGTH_S)
    account = {"protocol": "timestampsync", "user": "admin", "password": "password"}
    with play(film, arguments=["--pause"], **account) as player:
        player.wait_playing()
        player.seek(99.5)
        player.quit()
    server.wait_for(lambda: 99 == server.legacy.get(("admin", film.name)), "the position")
    with play(film, arguments=["--pause"], **account) as player:
        player.wait_playing()
        assert pytest.approx(99, abs=0.6) == player.position_s()

    posts = [r for r in server.requests if r.method == "POST"]
    questions = {r.path for r in server.requests if r.method == "GET"}
    assert {"/timestamps"} == {r.path for r in posts}
    assert posts[0].body.startswith(b'{"seconds": ')
    assert {"/timestamps/" + urllib.parse.quote(film.name, safe="")} == questions


def test_old_server_position_at_the_end_does_not_end_the_file(play, server, film):
    """A film an old client left at its last second opens at its start."""
    server.legacy["", "film.wav"] = LENGTH_S
    with play(film, arguments=["--pause"], protocol="timestampsync") as player:
        player.wait_playing()

        assert pytest.approx(0, abs=0.1) == player.position_s()
