"""The VLC client in a real VLC: where it saves and resumes, what it keeps and what it hides."""

import random
import signal
import socket
import time
from pathlib import Path

import pytest

from support.mpv import wait_while, write_wav
from support.mpv_client import FileServer
from support.vlc import VlcHome, require_vlc

LENGTH_S = 300
FAST = 4
PATIENT = {"timeout": 60}
"""A client that would wait for its server longer than a test does for VLC to end."""
STEP_S = 1.0
"""VLC says where it is three times a second; the other half is for a busy machine."""
HOSTILE_NAMES = [
    "x';touch PWNED;'.wav",
    '"; touch PWNED; " $(touch PWNED) `touch PWNED`.wav',
    "100% + 50%20 & more #1?.wav",
    "Żółć 東京 🎬 é.wav",
    'back\\slash "quoted"\ttab\nline.wav',
    "-K @${filename} {b1}.wav",
]


@pytest.fixture
def home(server):
    """The home of a user of VLC whose client talks to the double."""
    require_vlc()
    with VlcHome(server.url) as folder:
        yield folder


@pytest.fixture
def film(home):
    """A file of five minutes in that home."""
    return home.film("film.wav", LENGTH_S)


def left(server, name):
    """
    The report of a film that another one followed. A look that falls between the two finds nothing
    playing, and takes the first for stopped.
    """
    server.wait_for(
        lambda: {"next", "stop"} & {report.get("reason") for report in server.of(name)},
        f"the end of {name}",
    )
    return server.of(name)[-1]


def everything_readable(home):
    """The command lines and environments of all processes but those of the test itself."""
    texts = []
    for path in [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")]:
        try:
            texts.append(path.read_bytes())
        except OSError:
            continue
    return [text for text in texts if bytes(home.folder) in text]


def test_pause_seek_and_quit_save_and_the_next_start_resumes(home, server, film):
    """Each is saved where it was, once; another VLC opens the file where the first was left."""
    with home.start(film, device="kitchen", heartbeat_interval=600) as first:
        first.seek(120)
        first.wait(lambda: first.position_s() >= 122, "the seek to settle")
        sought = server.wait_for_report("film.wav", reason="seek", device="kitchen")
        first.do("pause")
        paused_s = first.position_s()
        paused = server.wait_for_report("film.wav", reason="pause")
        went_on_s = time.monotonic()
        first.do("pause")
        first.wait(lambda: first.position_s() > paused_s, "play to go on")
        first.quit()
    played_s = time.monotonic() - went_on_s
    left = server.wait_for_report("film.wav", reason="quit")
    started_s = time.monotonic()
    with home.start(film, heartbeat_interval=600) as second:
        second.wait(lambda: second.position_s() > 100, "the position where the first quit")
        resumed_s = second.position_s()

    assert resumed_s <= left["position_s"] + STEP_S + time.monotonic() - started_s
    assert 120 <= sought["position_s"] <= 120 + 3 * STEP_S
    assert pytest.approx(paused_s, abs=STEP_S) == paused["position_s"]
    assert paused["position_s"] <= left["position_s"] <= paused["position_s"] + STEP_S + played_s
    assert (LENGTH_S, False) == (left["duration_s"], left["finished"])
    assert ["seek", "pause", "quit"] == [report["reason"] for report in server.of("film.wav")][:3]


def test_a_position_of_mpv_resumes_in_vlc_and_the_other_way_round(home, server, film, play):
    """Both name and fingerprint a file alike, so one goes on where the other stopped."""
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()
        player.seek(90.5)
        player.quit()
    of_mpv = server.wait_for_report("film.wav", reason="quit")
    with home.start(film, heartbeat_interval=600) as vlc:
        vlc.wait(lambda: vlc.position_s() >= 90, "the position that mpv saved")
        vlc.seek(150)
        vlc.quit()
    of_vlc = server.wait_for_report("film.wav", reason="quit", user="", duration_s=LENGTH_S)
    server.wait_for(lambda: server.of("film.wav")[-1]["position_s"] > 149, "the report of VLC")
    with play(film, arguments=["--pause"]) as player:
        player.wait_playing()

        assert (
            pytest.approx(server.of("film.wav")[-1]["position_s"], abs=0.1) == player.position_s()
        )
    same = ("path", "name", "fingerprint", "size_bytes")
    assert [of_mpv[field] for field in same] == [of_vlc[field] for field in same]


def test_going_on_saves_what_was_left_and_what_is_finished_starts_over(home, server):
    """The next entry saves the former; the end of a file is its end, and no place to resume at."""
    parts = [home.film(f"part{n}.wav", 70, seed=n) for n in (1, 2)]
    with home.start(*parts, heartbeat_interval=600, rate=2) as player:
        player.seek(40)
        player.do("next")
        player.wait_seen(2)
        player.do("seek 66")
        ended = server.wait_for_report("part2.wav", reason="eof")
    former = left(server, "part1.wav")
    with home.start(parts[1]) as player:
        player.wait_playing(parts[1])
        wait_while(lambda: player.position_s() < 10, "the start of the finished file")

    assert 40 <= former["position_s"] < 60
    assert (True, False) == (ended["finished"], former["finished"])


def test_server_down_at_quit_then_up(home, server, film):
    """
    What was watched without a server resumes here all the same, and arrives later, once, with the
    time it was measured.
    """
    server.stop()
    with home.start(film, rate=FAST) as player:
        player.seek(150)
        before_s = time.time()
        player.quit()
        after_s = time.time()
    with home.start(film) as player:
        player.wait(lambda: player.position_s() >= 150, "the position in the spool")
        player.quit(signal.SIGHUP)
    assert ["quit", "quit"] == [r["reason"] for r in home.waiting() if r["reason"] == "quit"]
    server.start()
    with home.start() as player:
        report = server.wait_for_report("film.wav", reason="quit")
        player.wait(lambda: not home.waiting(), "an empty spool")

    ids = [report["id"] for report in server.reports]
    assert before_s - 2 * STEP_S <= report["client_time_s"] <= after_s + STEP_S
    assert sorted(set(ids)) == sorted(ids)


def test_a_hung_server_holds_up_neither_playing_nor_quitting(home, server, film):
    """With a server that accepts and never answers, films play, seeks are saved, and VLC quits."""
    server.behaviour.hung = True
    with home.start(film, rate=FAST, **PATIENT) as player:
        player.seek(111)
        player.wait(lambda: [r for r in home.waiting() if r["reason"] == "seek"], "a saved seek")
        server.wait_for(lambda: server.requests[-1].method == "POST", "a report on its way")
        player.quit()

    assert "quit" == home.waiting()[-1]["reason"]


def test_a_killed_player_loses_at_most_one_heartbeat(home, server, film):
    """Without a server and without a chance to say goodbye, the next start delivers."""
    server.stop()
    with home.start(film, rate=FAST) as player:
        player.seek(160)
        player.wait(lambda: home.waiting()[1:], "a seek and a heartbeat")
        saved_s = home.waiting()[-1]["position_s"]
        player.quit(signal.SIGKILL)
    server.start()
    with home.start(film) as player:
        player.wait(lambda: player.position_s() >= int(saved_s), "the saved position")

        assert 160 <= server.wait_for_report("film.wav")["position_s"]


def test_no_name_is_code_and_every_name_resumes(home, server):
    """Whatever a file is called, it is saved under that name, resumes, and runs nothing."""
    films = [home.film(name, LENGTH_S, seed=None) for name in HOSTILE_NAMES]
    with home.start(*films, heartbeat_interval=600, rate=FAST) as player:
        for number, film in enumerate(films, start=1):
            player.seek(66, playback=number)
            player.do("next")
            report = left(server, film.name)
            assert (str(film), True) == (report["path"], 66 <= report["position_s"] < 150)
    with home.start(*films, heartbeat_interval=600) as player:
        for film in films:
            player.wait_playing(film)
            player.wait(lambda: player.position_s() >= 66, "the saved position")
            player.do("next")

    assert [] == [*home.folder.rglob("PWNED"), *Path.cwd().glob("PWNED")]


def test_secrets_stay_in_files_and_carelessness_is_said(home, server, film):
    """
    No process shows the token in arguments or environment; a file of secrets that others can read
    is complained about, and a token among the arguments is refused.
    """
    token = f"token{random.randrange(1 << 60)}"
    secret = home.folder / "token.txt"
    secret.write_text(token + "\n")
    careless = ["--lua-config=playhead={token='spoken',device='couch'}"]
    server.tokens = {token: "ann"}
    with home.start(film, token_file=secret, arguments=careless, rate=FAST) as player:
        player.seek(70)
        server.wait_for_report("film.wav", user="ann", device="couch")
        visible = everything_readable(home)
        player.quit()
        log = player.log_path.read_text("utf-8", "replace")

    assert visible
    assert [] == [text for text in visible if token.encode() in text]
    assert f"other users can read {secret}" in log
    assert "token on the command line is ignored" in log
    assert token not in log + "".join(map(str, home.waiting()))
    assert 0o700 == home.spool.stat().st_mode & 0o777


def test_what_is_excluded_chosen_or_secret_is_left_alone(home, server, tmp_path):
    """
    An excluded folder is neither asked about nor reported; a start given by the user wins; a
    stream's user, password and ticket stay in the player.
    """
    private, chosen = home.film("private/x.wav", LENGTH_S), home.film("chosen.wav", LENGTH_S)
    server.seed("chosen.wav", 200)
    rules = {"exclude": private.parent, "heartbeat_interval": 600}
    with FileServer(write_wav(tmp_path / "stream.wav", LENGTH_S)) as address:
        stream = f"http://someone:word@{address}/My%20File%20%231.wav?ticket=hidden&t=5#x"
        items = [private, f"{chosen.as_uri()}", ":start-time=33", stream]
        with home.start(*items, rate=FAST, **rules) as player:
            player.seek(100)
            player.do("next")
            player.wait_playing(chosen)
            player.wait(lambda: player.position_s() >= 33, "where the user begins")
            wait_while(lambda: 33 <= player.position_s() < 150, "where the user began")
            player.do("next")
            player.seek(60, playback=3)
            player.quit()

        report = server.wait_for_report("My File #1.wav")
        assert f"http://{address}/My%20File%20%231.wav" == report["path"]
    told = "".join(f"{request.path} {request.body!r}" for request in server.requests)
    assert "private" not in told
    assert "hidden" not in told
    assert 33 <= left(server, "chosen.wav")["position_s"] < 150


def test_incognito_leaves_no_trace(home, server, film):
    """Told so for one run, nothing is asked, saved or sent."""
    with home.start(film, arguments=["--lua-config=playhead={incognito=true}"]) as player:
        player.seek(100)
        wait_while(lambda: not server.requests, "no request")
        player.quit()

    assert ([], []) == (server.requests, home.waiting())


def test_a_server_whose_packets_vanish_costs_one_wait(home, film):
    """
    Where connections are neither made nor refused, films play on, reports are kept, and the client
    does not try again for every report.
    """
    with socket.socket() as hole, socket.socket() as first, socket.socket() as second:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        url = f"http://127.0.0.1:{hole.getsockname()[1]}"
        with home.start(film, url=url, arguments=["--ipv4-timeout=1200"], rate=FAST) as player:
            player.seek(80)
            player.wait(lambda: home.waiting()[2:], "a seek and two heartbeats")
            player.quit()

        assert 1 == player.log_path.read_text("utf-8", "replace").count("connection timed out")
        assert "quit" == home.waiting()[-1]["reason"]
