"""The mpv client in a real mpv when things go wrong, and what it keeps to itself."""

import json
import os
import random
import re
import signal
import stat
import time
from pathlib import Path

import pytest

from support.mpv import require_mpv, require_program, write_wav
from support.mpv_client import FileServer
from support.playhead_double import HANG_S_MAX

LENGTH_S = 300
CLOCK_S = 1.5
"""How far the time that a player tells may be from ours: it counts whole seconds at first."""
QUESTION_S = 2.5
"""The client gives up asking where to resume half a second later."""


@pytest.fixture(autouse=True)
def _programs():
    require_mpv()
    require_program("curl", "install curl to run this test")


def command_lines(folder):
    """
    The command lines of the client's curl processes, as any user of the machine can read them; the
    name of the folder of secrets tells them from those of other tests.
    """
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" "))
        except OSError:
            continue
    return [line for line in lines if line.startswith(b"curl") and os.fsencode(folder) in line]


def test_server_down_at_quit_then_up(players, play, server, film):
    """What was watched without a server arrives later, once, with the time it was measured."""
    server.stop()
    with play(film) as player:
        player.wait_playing()
        player.seek(150)
        before_s = time.time()
        player.quit()
    after_s = time.time()
    assert '"reason":"quit"' in players.spooled()

    server.start()
    with play(arguments=["--idle"]) as player:
        report = server.wait_for_report("film.wav", reason="quit")
        player.wait(lambda: players.spooled() == "", "an empty spool")
    assert before_s - CLOCK_S <= report["client_time_s"] <= after_s + CLOCK_S
    ids = [r["id"] for r in server.reports]
    assert sorted(set(ids)) == sorted(ids)


def test_resumes_from_the_spool_while_the_server_is_down(play, server, film):
    """Without any server the own machine still knows where it was."""
    server.stop()
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()
        player.seek(140)
        player.quit()
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(140, abs=0.1) == player.position_s()


def test_a_position_from_elsewhere_that_is_newer_beats_the_spool(players, play, server, film):
    """The spool only wins while it holds the newest word, whether or not it was sent by then."""
    server.stop()
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()
        player.seek(140)
        player.quit()
    waiting = json.loads(players.spooled().splitlines()[-1])
    server.start()
    known_as = {"fingerprint": waiting["fingerprint"]}
    server.seed("film.wav", 222, client_time_s=time.time() + 60, **known_as)
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert pytest.approx(222, abs=0.1) == player.position_s()


def test_hung_server_never_holds_up_opening_or_quitting(players, play, server, film):
    """
    With a server that accepts and never answers, mpv opens before it has given up asking, and quits
    although a report is still on its way.
    """
    server.behaviour.hung = True
    with play(film, resume_wait_ms=400, timeout=60) as player:
        server.wait_for(lambda: server.requests, "the question")
        asked_s = time.monotonic()
        player.wait_playing()
        opened_s = time.monotonic() - asked_s
        player.seek(111)
        player.pause()
        server.wait_for(lambda: server.requests[-1].method == "POST", "a report on its way")
        player.quit(timeout_s=HANG_S_MAX / 2)

    assert opened_s < QUESTION_S
    assert '"reason":"quit"' in players.spooled()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_a_killed_player_loses_at_most_one_heartbeat(players, play, server, film, number):
    """
    Without a server and without a chance to say goodbye, the next start delivers the position.
    """
    server.stop()
    with play(film) as player:
        player.wait_playing()
        player.seek(160)
        player.wait(players.waiting, "a saved position")
        saved_s = players.waiting()[-1]["position_s"]
        read_s, reached_s = time.monotonic(), player.position_s()
        player.signal(number)
        played_s = time.monotonic() - read_s
    server.start()
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert saved_s - 0.1 <= player.position_s() <= reached_s + played_s + 0.5
        assert 159.9 <= server.wait_for_report("film.wav")["position_s"]


def test_no_file_no_report(players, play, server, film, tmp_path):
    """An idle player, a generated source and an excluded folder save and ask nothing."""
    with play(arguments=["--idle"]) as player:
        player.get("idle-active")
        player.quit()
    with play("av://lavfi:sine=duration=300", exclude=str(tmp_path)) as player:
        player.wait_playing()
        player.load(film)
        player.seek(100)
        player.quit()

    assert [] == server.requests
    assert "" == players.spooled()


def test_incognito_leaves_no_trace(players, play, server, film):
    """Switched on while playing, nothing more is saved; switched off, the next file is."""
    with play(film, heartbeat_interval=600) as player:
        player.wait_playing()
        player.command("script-message", "playhead-incognito")
        player.seek(100)
        player.load(film)
        player.seek(120)
        player.quit()

    assert [] == server.reports
    assert 1 == len([r for r in server.requests if r.method == "GET"])
    assert "" == players.spooled()


def test_no_secret_and_no_title_on_a_command_line_or_in_the_log(
    players, play, server, film, tmp_path
):
    """Other users see no token, address or title of a request; nor does mpv's debug log."""
    token = f"token{random.randrange(1 << 60)}"
    secret = tmp_path / "token.txt"
    secret.write_text(token + "\n")
    server.tokens = {token: "ann"}
    server.behaviour.held = True
    with play(film, token_file=secret) as player:
        lines = []
        player.wait(lambda: lines.extend(command_lines(tmp_path)) or lines, "a curl process")
        server.behaviour.held = False
        player.wait_playing()
        player.seek(70)
        player.quit()
        server.wait_for_report("film.wav", user="ann", reason="quit")
        log = player.log_path.read_text("utf-8", "replace")

    for line in lines:
        assert not re.search(rb"token\d|http|film|Authorization", line), line
    assert token not in log
    assert token not in players.spooled()
    modes = [p.stat() for p in tmp_path.glob("spool/credentials-*")]
    assert [0o600] == [stat.S_IMODE(m.st_mode) for m in modes]
    assert 0o700 == stat.S_IMODE((tmp_path / "spool").stat().st_mode)


def test_configuration_through_a_file_works_and_leaves_nothing(play, server, film, tmp_path):
    """Where standard input cannot be used, requests go through a private file that is removed."""
    server.users = {"ann": "pw"}
    account = {"user": "ann", "password": "pw", "arguments": ["--start=70"]}
    with play(film, curl_config="file", **account) as player:
        player.wait_playing()
        player.pause()
        server.wait_for_report("film.wav", user="ann")
        player.wait(lambda: not list(tmp_path.glob("spool/curl-*")), "no file left")


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_an_error_is_never_taken_for_success(players, play, server, film, status):
    """Whatever the server answers instead of a result, the reports are kept and arrive later."""
    server.behaviour.status = status
    with play(film, arguments=["--start=100"]) as player:
        player.wait_playing()
        player.pause()
        server.wait_for(lambda: any(r.method == "POST" for r in server.requests), "an attempt")
        player.quit()
    tried = json.loads(next(r.body for r in server.requests if r.method == "POST"))["reports"]
    assert {r["id"] for r in tried} <= {r["id"] for r in players.waiting()}

    server.behaviour.status = None
    with play(arguments=["--idle"]) as player:
        player.wait(lambda: players.spooled() == "", "an empty spool")
    assert {r["id"] for r in tried} <= {r["id"] for r in server.of("film.wav")}


def test_two_players_share_the_spool_safely(players, play, server, tmp_path):
    """Players that start and flush at the same time neither lose nor repeat a report."""
    server.stop()
    files = [write_wav(tmp_path / f"p{n}.wav", LENGTH_S, seed=n) for n in range(3)]
    opened = [play(path, arguments=["--start=100"]) for path in files]
    for player in opened:
        player.wait_playing()
        player.pause()
    for number, player in enumerate(opened):
        player.wait(lambda n=number: f"p{n}.wav" in players.spooled(), "a spooled report")
    server.start()
    for player in opened:
        player.command("script-message", "playhead-flush")

    for path in files:
        server.wait_for_report(path.name)
    opened[0].wait(lambda: players.spooled() == "", "an empty spool")
    for player in opened:
        player.quit()


def test_a_missing_curl_is_said_and_costs_nothing(players, play, film):
    """Without curl the film plays, the log says what to install, and positions are kept."""
    with play(film, curl="no-such-curl") as player:
        player.wait_playing()
        player.seek(100)
        player.wait(lambda: "curl was not found" in player.log(), "the sentence")
        player.quit()

    assert '"reason":"quit"' in players.spooled()


def test_url_is_saved_without_query_and_user(players, play, server, tmp_path):
    """A stream's ticket, user and password never leave the player."""
    film = write_wav(tmp_path / "stream.wav", LENGTH_S)
    with FileServer(film) as address:
        url = f"http://someone:word@{address}/My%20File%20%231.wav?ticket=secret&t=5#x"
        with play(url) as player:
            player.wait_playing()
            player.seek(60)
            player.quit()
        report = server.wait_for_report("My File #1.wav", reason="quit")

    assert f"http://{address}/My%20File%20%231.wav" == report["path"]
    assert "secret" not in players.spooled()
    assert not [r for r in server.requests if "secret" in r.path or b"secret" in r.body]
