"""vlc/requests.lua: HTTP over sockets that never wait, with scripted ones; and timers.lua."""

import pytest

SLOW_S = 5.0
DOWN, LOST, UP = "refuses", "swallows", "answers"


class Net:
    """Scripted sockets: a server that answers, refuses, or never lets a connection come about."""

    def __init__(self, state):
        self.state, self.now_s = state, 100.0
        self.connects, self.closed, self.sent, self.answers = 0, [], "", []
        self.room_bytes = 1 << 20

    def connect_tcp(self, host, port):
        self.connects += 1
        self.now_s += SLOW_S if self.state == LOST else 0
        return self.connects + 2

    def send(self, descriptor, text):
        if self.state != UP:
            return -1
        taken, self.room_bytes = text[: self.room_bytes], self.room_bytes - len(text)
        self.sent += taken
        return len(taken) if taken else -1

    def recv(self, descriptor, size_bytes):
        return self.answers.pop(0) if self.answers else None

    def close(self, descriptor):
        self.closed.append(descriptor)


class Line:
    """The client on such sockets; `heard` are the answers it gave."""

    def __init__(self, lua, state=UP, url="http://media.lan"):
        self.lua, self.net, self.heard, self.said = lua, Net(state), [], []
        settings = {"url": url, "token": "", "user": "", "timeout": 10, "heartbeat_interval": 10}
        names = ("connect_tcp", "send", "recv", "close")
        self.requests = lua.require("requests").new(
            lua.table(
                {
                    "settings": settings,
                    "net": {name: getattr(self.net, name) for name in names},
                    "now": lambda: self.net.now_s,
                    "complain": lambda key, sentence: self.said.append(sentence),
                }
            )
        )

    def ask(self, **request):
        """Sends a request."""
        wanted = self.lua.table({"path": "/x", **request})
        self.requests.send(self.requests, wanted, self.heard.append)

    def step(self):
        """One turn of the loop; gives the statuses heard so far."""
        self.requests.step(self.requests)
        return [response.status for response in self.heard]


@pytest.fixture
def line(vlc_lua):
    return Line(vlc_lua)


def test_an_answer_in_pieces_is_heard_when_it_is_whole(line):
    """Meanwhile the loop goes on, and the connection is closed afterwards."""
    line.ask()
    assert [] == line.step()
    line.net.answers = ["HTTP/1.1 200 OK\r\nContent-", "Length: 2\r\n\r\nh"]
    assert [] == line.step()
    line.net.answers = ["i"]

    assert [200] == line.step()
    assert ("hi", [3]) == (line.heard[0].body, line.net.closed)


def test_what_the_socket_does_not_take_at_once_follows(line):
    """A long report leaves in as many pieces as it needs."""
    line.net.room_bytes = 20
    line.ask(body="x" * 100)
    assert 20 == len(line.net.sent)
    line.step()
    line.net.room_bytes = 1000
    line.step()

    assert line.net.sent.endswith("\r\n\r\n" + "x" * 100)


def test_a_server_that_never_answers_is_given_up(line):
    """After its own limit or that of the options, the request has failed."""
    line.ask(timeout_s=3)
    line.ask()
    line.net.now_s += 3
    assert [0] == line.step()
    line.net.now_s += 7

    assert [0, 0] == line.step()
    assert [3, 4] == line.net.closed


def test_a_failure_is_heard_in_the_next_turn(vlc_lua):
    """Who sends is never called back while sending."""
    line = Line(vlc_lua, DOWN)
    line.ask()

    assert [] == line.heard
    assert [0] == line.step()
    assert [3] == line.net.closed


def test_a_server_that_refuses_is_asked_each_time(vlc_lua):
    """That costs nothing, and it may be back."""
    line = Line(vlc_lua, DOWN)
    line.ask()
    line.ask()

    assert 2 == line.net.connects


def test_a_server_whose_packets_vanish_is_spared_longer_and_longer(vlc_lua):
    """Each try would hold up the script for seconds; one that succeeds starts anew."""
    line = Line(vlc_lua, LOST)
    for wait_s in (60, 120, 240, 300, 300):
        line.ask()
        line.net.now_s += wait_s - 1
        line.ask()
        line.net.now_s += 1

    assert 5 == line.net.connects
    assert [0] * 10 == line.step()
    line.net.state = UP
    line.ask()
    assert 6 == line.net.connects


@pytest.mark.parametrize(
    ("state", "age_s", "connects"), [(UP, 25, 2), (UP, 35, 1), (DOWN, 0, 2), (LOST, 0, 2)]
)
def test_while_vlc_exits_only_a_server_that_was_just_there_is_told(vlc_lua, state, age_s, connects):
    """All is in the spool: connecting anew must not hold up quitting."""
    line = Line(vlc_lua)
    line.ask()
    line.net.state = state
    if state != UP:
        line.ask()
    line.net.now_s += age_s
    line.requests.leave(line.requests)
    line.requests.send_detached(line.requests, line.lua.table({"path": "/x", "body": "{}"}))

    assert connects == line.net.connects


def test_before_that_a_last_message_takes_the_usual_way(line):
    """mpv cannot tell the end of a film from its own; here it would be sent twice."""
    line.ask()
    line.requests.send_detached(line.requests, line.lua.table({"path": "/x", "body": "{}"}))

    assert 1 == line.net.connects


def test_a_server_behind_tls_is_never_spoken_to_in_clear(vlc_lua):
    """The user is told what to do instead; the token stays here."""
    line = Line(vlc_lua, url="https://media.lan")
    line.ask()

    assert [0] == line.step()
    assert 0 == line.net.connects
    assert "reverse proxy" in line.said[0]


def test_timers_run_in_order_once_and_not_when_killed(vlc_lua):
    """What a timer schedules waits for the next round."""
    clock, ran = {"now_s": 0.0}, []
    timers = vlc_lua.require("timers").new(lambda: clock["now_s"])
    timers.schedule(timers, 2, lambda: ran.append("late"))
    timers.schedule(timers, 1, lambda: timers.schedule(timers, 0, lambda: ran.append("after")))
    killed = timers.schedule(timers, 1, lambda: ran.append("killed"))
    killed.kill(killed)
    rounds = []
    for now_s in (0.5, 2.5, 2.5, 9):
        clock["now_s"] = now_s
        timers.run(timers)
        rounds.append(list(ran))

    assert [[], ["late"], ["late", "after"], ["late", "after"]] == rounds
