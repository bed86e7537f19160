"""The whole script with a scripted mpv: when it sends, waits, gives up, and asks."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

FAKE_MP = Path(__file__).with_name("fake_mp.lua")
LENGTH_S = 1000


class Player:
    """A scripted mpv with the client loaded."""

    def __init__(self, lua, to_raw, folder, **options):
        self.lua, self.to_raw, self.folder = lua, to_raw, folder
        host = lua.table({"options": {"spool_dir": str(folder), "device": "here", **options}})
        host.parse_json = lua.parse_json
        host.readdir = lua.names_in
        host.file_size = lambda path: None
        self.fake = lua.execute(FAKE_MP.read_text())(host)
        lua.globals.dofile(str(Path(lua.globals.package.path).parent / "main.lua"))

    def set(self, **properties):
        for name, value in properties.items():
            self.fake.properties[name.replace("_", "-")] = value

    def open(self, path="/films/x.mkv", *, start="none"):
        """What mpv does until the hook on_load has been run."""
        self.set(path=path, filename=path, start=start, working_directory="/")
        self.fake.properties["media-title"] = path
        self.fake.properties["playlist-current-pos"] = 0
        self.fake.properties["playlist/0/id"] = 1
        return self.fake.run_hook("on_load")

    def show(self, position_s=0.0, duration_s=LENGTH_S):
        """The file is opened and its first frame shown."""
        self.set(duration=float(duration_s), seekable=True)
        self.fake.run_hook("on_preloaded")
        self.set(time_pos=float(position_s))
        self.fake.handlers["file-loaded"](None)
        self.fake.handlers["playback-restart"](None)

    def pause(self, position_s):
        self.set(time_pos=float(position_s))
        self.fake.observers["pause"]("pause", True)

    def pass_time(self, seconds):
        self.fake["pass"](float(seconds))

    def requests(self):
        """What is being asked, oldest first: (path, body)."""
        return [self.parts(job.command) for job in self.fake.running.values()]

    def parts(self, command):
        config = command.stdin_data
        url = re.search(r'^url = "http://[^/]*(.*)"$', config, re.MULTILINE)[1]
        body = re.search(r'^data-binary = "(.*)"$', config, re.MULTILINE)
        return url, body and json.loads(re.sub(r"\\(.)", r"\1", body[1]))

    def answer(self, body=None, *, status=200, headers="", stdout=None, error_string=""):
        """Ends the oldest subprocess."""
        job = self.fake.running[1]
        self.lua.globals.table.remove(self.fake.running, 1)
        if stdout is None:
            text = "" if body is None else json.dumps(body)
            stdout = f"HTTP/1.1 {status} X\r\n{headers}\r\n\r\n{text}\n{status:03}"
        result = {"status": 0, "stdout": stdout, "stderr": "", "error_string": error_string}
        job.done(True, self.lua.table(result), None)

    def take_batch(self):
        """Confirms the oldest request as a healthy server would; gives its reports."""
        _, body = self.requests()[0]
        results = [{"id": report["id"], "status": "recorded"} for report in body["reports"]]
        self.answer({"results": results})
        return body["reports"]

    def log(self):
        return list(self.fake.log.values())

    def spooled(self):
        return "".join(p.read_text() for p in sorted(self.folder.iterdir()) if p.suffix != ".conf")


@pytest.fixture
def player(lua, to_raw, tmp_path):
    return Player(lua, to_raw, tmp_path, url="http://h:1")


@pytest.fixture
def playing(player):
    """A film is shown, the server knew nothing of it."""
    player.open()
    player.answer({"position_s": None})
    player.show()
    return player


def test_the_film_opens_where_it_was_left(player):
    """mpv is held back until the answer, then starts at the position."""
    hook = player.open()
    assert hook.is_held
    player.answer({"position_s": 500.25, "device": "den${x}", "duration_s": LENGTH_S})

    assert not hook.is_held
    assert "500.250" == player.fake.properties["file-local-options/start"]
    player.show(500.25)
    assert "Resumed at 8:20 from denx\nPress BS to start over" == player.fake.osd
    player.pass_time(5)
    assert [] == list(player.fake.bindings)


def test_mpv_is_not_held_back_longer_than_the_budget(player):
    """After resume_wait_ms the film opens, whatever the server does."""
    hook = player.open()
    player.pass_time(0.41)

    assert not hook.is_held


def test_a_late_answer_is_used_by_seeking(player):
    """The film has just begun and the viewer has done nothing yet."""
    player.open()
    player.pass_time(1)
    player.show(0.5)
    player.answer({"position_s": 500})

    assert ["seek 500.000 absolute exact"] == list(player.fake.commands.values())


@pytest.mark.parametrize("reason", ["sought", "too far", "another file"])
def test_a_late_answer_is_ignored_when_it_would_disturb(player, reason):
    """Not after the viewer has sought, seconds later, or for a file that is gone."""
    player.open()
    player.pass_time(1)
    player.show(0.5)
    if reason == "sought":
        player.fake.handlers.seek(None)
    elif reason == "too far":
        player.set(time_pos=6.0)
    else:
        player.open("/films/y.mkv")
    player.answer({"position_s": 500})

    assert [] == list(player.fake.commands.values())
    assert player.fake.properties["file-local-options/start"] is None


def test_the_users_own_start_is_not_touched(player):
    """With `--start` or watch-later the server is not even asked."""
    hook = player.open(start="77")

    assert not hook.is_held
    assert [] == player.requests()


def test_a_position_beyond_the_real_end_is_taken_back(player):
    """Only the opened file tells its length."""
    player.open()
    player.answer({"position_s": 999})
    assert "999.000" == player.fake.properties["file-local-options/start"]
    player.show(0)

    assert "none" == player.fake.properties["file-local-options/start"]


def test_reports_wait_for_each_other_and_one_request_is_in_flight(playing):
    """While a request runs, what comes meanwhile waits for the next one."""
    playing.pause(100)
    playing.pass_time(0.3)
    playing.pause(200)
    playing.pass_time(30)
    assert 1 == len(playing.requests())

    assert [100] == [report["position_s"] for report in playing.take_batch()]
    playing.pass_time(0.1)
    assert [200] == [report["position_s"] for report in playing.take_batch()]
    assert "" == playing.spooled()


def test_a_dead_server_is_asked_less_and_less(playing):
    """5, 10, 20 ... seconds, and never more often, whatever is saved meanwhile."""
    playing.pause(100)
    attempts = []
    for second in range(200):
        playing.pass_time(1)
        playing.pause(100 + second)
        if playing.requests():
            attempts.append(second)
            playing.answer(stdout="\n000")

    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    assert [5, 10, 20, 40, 80] == [round(gap / 5) * 5 for gap in gaps]


def test_retry_after_is_honoured(playing):
    """A server that asks for a pause gets it."""
    playing.pause(100)
    playing.pass_time(1)
    playing.answer(status=503, headers="Retry-After: 60")
    playing.pass_time(58)
    assert [] == playing.requests()

    playing.pass_time(3)
    assert 1 == len(playing.requests())


@pytest.mark.parametrize("status", [401, 403, 404, 301])
def test_wrong_credentials_or_address_are_said_once_and_kept(playing, status):
    """The user is told what to mend; nothing is lost; the key tries again."""
    playing.pause(100)
    playing.pass_time(1)
    playing.answer(status=status)
    playing.pass_time(299)
    playing.pause(200)
    playing.pass_time(2)
    playing.answer(status=status)
    warnings = [line for line in playing.log() if line.startswith("warn")]
    assert 1 == len(warnings)
    assert f"HTTP {status}" in warnings[0]
    assert [] == playing.requests()

    playing.fake.messages["playhead-flush"]()
    playing.pass_time(0.1)
    assert [100] == [report["position_s"] for report in playing.take_batch()]
    playing.pass_time(0.1)
    assert [200] == [report["position_s"] for report in playing.take_batch()]


def test_a_page_of_something_else_is_no_success(playing):
    """A captive portal's 200 confirms nothing."""
    playing.pause(100)
    playing.pass_time(1)
    playing.answer(stdout="HTTP/1.1 200 OK\r\n\r\n<html>log in</html>\n200")

    assert '"position_s":100' in playing.spooled()
    assert any("no such server" in line for line in playing.log())


def test_refused_reports_are_dropped_and_said(playing):
    """What the server will never take is not sent for ever."""
    playing.pause(100)
    playing.pass_time(1)
    _, body = playing.requests()[0]
    refusal = {"id": body["reports"][0]["id"], "status": "refused", "detail": "too odd"}
    playing.answer({"results": [refusal]})

    assert "" == playing.spooled()
    assert any("too odd" in line for line in playing.log())


def test_one_unreadable_report_does_not_block_the_others(playing):
    """A batch refused as a whole is divided until the culprit is alone and dropped."""
    playing.pause(100)
    playing.pass_time(0.1)
    for position_s in (200, 666, 300, 400):
        playing.pause(position_s)
    taken = []
    for _ in range(30):
        playing.pass_time(0.3)
        if not playing.requests():
            break
        _, body = playing.requests()[0]
        if any(report["position_s"] == 666 for report in body["reports"]):
            playing.answer(status=400)
        else:
            taken += [report["position_s"] for report in playing.take_batch()]

    assert [100, 200, 300, 400] == sorted(taken)
    assert "" == playing.spooled()


def test_a_missing_curl_is_said_once(playing):
    """The sentence says what to do."""
    for position_s in (100, 200):
        playing.pause(position_s)
        playing.pass_time(20)
        if playing.requests():
            playing.answer(error_string="init")

    assert 1 == len([line for line in playing.log() if "curl was not found" in line])
    assert "Playhead: curl was not found" in playing.fake.osd


def test_unloading_writes_first_and_sends_detached(playing):
    """The position is on disk, and a process that outlives the player has it."""
    playing.set(time_pos=123.0)
    playing.fake.run_hook("on_unload")
    [command] = playing.fake.detached.values()
    _, body = playing.parts(command)

    assert ("quit", 123) == (body["reports"][0]["reason"], body["reports"][0]["position_s"])
    assert body["reports"][0]["id"] in playing.spooled()
    assert command.playback_only is False
    assert 'output = "/dev/null"' in command.stdin_data


def test_going_to_the_next_entry_needs_no_detached_process(playing):
    """The player lives on, so the usual way does."""
    playing.set(time_pos=123.0)
    playing.fake.properties["playlist-current-pos"] = 1
    playing.fake.properties["playlist/1/id"] = 2
    playing.fake.run_hook("on_unload")
    playing.pass_time(1)

    assert [] == list(playing.fake.detached.values())
    assert ["next"] == [report["reason"] for report in playing.take_batch()]


def test_the_title_is_sent_unless_switched_off_or_part_of_a_url(lua, to_raw, player):
    """A file's own title goes along; a URL's query in it does not."""
    player.open()
    player.answer({})
    player.show()
    player.fake.properties["media-title"] = "A Film"
    player.pause(100)
    player.open("http://x/a.mkv?ticket=1")
    player.answer({})
    player.show()
    player.fake.properties["media-title"] = "a.mkv?ticket=1"
    player.pause(100)

    lines = [json.loads(line) for line in player.spooled().splitlines()]
    assert ["A Film", None] == [line.get("title") for line in lines]


def test_a_changed_account_starts_its_own_spool(playing):
    """What was written for one user is not sent as another."""
    playing.pause(100)
    playing.fake.change_option("user", "bob")
    playing.pause(200)
    playing.pass_time(1)

    assert [200] == [report["position_s"] for report in playing.take_batch()]


@pytest.mark.parametrize(
    "path", ["-", "edl://x", "memory://x", "cdda://1", "av://lavfi:x", "AV://x"]
)
def test_sources_without_a_lasting_name_are_left_alone(player, path):
    """No question, no report, no delay."""
    hook = player.open(path)
    player.show()
    player.pause(100)

    assert not hook.is_held
    assert [] == player.requests()
    assert "" == player.spooled()


@pytest.mark.parametrize(
    "properties",
    [
        {"seekable": False},
        {"partially_seekable": True},
        {"duration": 59.0},
    ],
)
def test_live_and_short_sources_are_not_recorded(player, properties):
    """There is nothing to come back to."""
    player.open()
    player.answer({})
    player.set(duration=1000.0, seekable=True, time_pos=0.0)
    player.set(**properties)
    player.fake.handlers["file-loaded"](None)
    player.pause(50)

    assert "" == player.spooled()


def test_asking_holds_back_nothing_and_saves_nothing(lua, to_raw, tmp_path):
    """The film plays while the question stands; no answer is a no."""
    player = Player(lua, to_raw, tmp_path, resume="ask")
    assert not player.open().is_held
    player.show()
    player.answer({"position_s": 500})
    assert "Resume at 8:20?  y / n" == player.fake.osd
    player.pause(20)
    assert "" == player.spooled()

    player.pass_time(10)
    assert [] == list(player.fake.bindings)
    player.pause(21)
    assert '"position_s":21' in player.spooled()
