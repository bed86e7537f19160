"""An exchange that is followed by counting: what h11 would have made of it, event for event."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import plain_exchanges
from daemon.plain_exchanges import PlainConnection

HOST = b"Host: localhost\r\n"
REQUESTS = [
    b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: keep-alive\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    b"GET /healthz HTTP/1.0\r\n" + HOST + b"\r\n",
    b"GET / HTTP/1.1\nHost: localhost\n\nGET /x HTTP/1.1\r\n" + HOST + b"\r\n",
    b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\n\r\n\r\nx",
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"nonsense\r\n\r\n",
]
ANSWERS = [
    (200, [(b"content-length", b"5")], [b"hello"]),
    (200, [(b"Content-Length", b"5"), (b"x-name", b"value")], [b"he", b"", b"llo"]),
    (404, [(b"content-length", b"0")], []),
    (200, [(b"content-length", b"5")], [b"hell"]),
    (200, [(b"content-length", b"5")], [b"hello!"]),
    (200, [(b"content-length", b"5"), (b"connection", b"close")], [b"hello"]),
    (200, [], [b"hel", b"lo"]),
    (204, [], []),
    (304, [(b"content-length", b"5")], []),
    (200, [(b"bad name", b"5")], []),
]


class Talk:
    """A server's side of a connection, and all that shows of it."""

    def __init__(self, connection, answers):
        self.connection = connection
        self.seen = []
        self._answers = iter(answers)

    def hear(self, data):
        """Takes what came, and answers each request that is whole."""
        self.connection.receive_data(data)
        while (event := self._next()) not in (h11.NEED_DATA, h11.PAUSED, None):
            if type(event) is h11.ConnectionClosed:
                return
            if type(event) is h11.EndOfMessage and not self._answer(*next(self._answers)):
                return

    def _next(self):
        try:
            event = self.connection.next_event()
        except h11.RemoteProtocolError as error:
            self._note("error", error.error_status_hint)
            return None
        self._note(event)
        return event

    def _answer(self, status, headers, parts):
        """Whether the connection can be used again."""
        events = [*(h11.Data(data=part) for part in parts), h11.EndOfMessage()]
        try:
            sent = self._begin(status, headers)
            for event in events:
                sent += self.connection.send(event)
            self._note(sent)
            self.connection.start_next_cycle()
        except h11.LocalProtocolError:
            self._note("refused")
            return False
        self._note("again")
        return True

    def _begin(self, status, headers):
        if isinstance(self.connection, PlainConnection) and self.connection.is_plain:
            head = self.connection.answer(status, tuple(headers))
            if head is not None:
                return head
        return self.connection.send(h11.Response(status_code=status, headers=headers))

    def _note(self, *told):
        is_within = type(told[0]) in (h11.Request, h11.Data)  # the rest of it may be taken early
        later = None if is_within else self.connection.trailing_data
        self.seen.append((*told, self.connection.our_state, self.connection.their_state, later))


def talk(connection, pieces, answers):
    """Everything that shows of a connection on which these pieces came."""
    talking = Talk(connection, answers)
    for piece in pieces:
        talking.hear(piece)
    return talking.seen


@st.composite
def pieces(draw):
    """Requests one behind the other, cut somewhere; the client may leave at the end."""
    data = b"".join(draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=5)))
    whole = draw(st.booleans())
    cuts = [] if whole else sorted(draw(st.sets(st.integers(1, len(data)), max_size=4)))
    found = [data[i:j] for i, j in zip([0, *cuts], [*cuts, len(data)], strict=True) if i < j]
    return [*found, b""] if draw(st.booleans()) else found


@given(pieces(), st.lists(st.sampled_from(ANSWERS), min_size=8, max_size=8))
def test_it_shows_what_h11_shows(came, answers):
    """The same events, bytes, states and errors, with nothing remembered and with everything."""
    plain_exchanges._heads.clear()

    expected = talk(h11.Connection(h11.SERVER), came, answers)

    for _ in range(2):
        assert expected == talk(PlainConnection(head_bytes_max=16_384), came, answers)
        for request in REQUESTS:
            talk(PlainConnection(head_bytes_max=16_384), [request], ANSWERS[:1] * 3)


def exchange(request):
    """A connection on which a request came that came before, and all of its events were taken."""
    talk(PlainConnection(head_bytes_max=16_384), [request], ANSWERS[:1])
    connection = PlainConnection(head_bytes_max=16_384)
    connection.receive_data(request)
    while connection.next_event() is not h11.NEED_DATA:
        pass
    return connection


def test_what_was_seen_before_is_followed_by_counting():
    """A head that came before needs no parsing; nor does the answer's."""
    connection = exchange(REQUESTS[6])

    assert connection.is_plain
    assert b"HTTP/1.1 200 \r\ncontent-length: 5\r\n\r\n" == connection.answer(
        200, ((b"content-length", b"5"),)
    )


def test_an_answer_before_the_request_was_taken_ends_the_connection():
    """What the application did not read stands in the way of the next request."""
    talk(PlainConnection(head_bytes_max=16_384), [REQUESTS[6]], ANSWERS[:1])
    connection = PlainConnection(head_bytes_max=16_384)
    connection.receive_data(REQUESTS[6])
    connection.next_event()
    connection.answer(404, ((b"content-length", b"0"),))
    connection.send(h11.EndOfMessage())

    assert h11.SEND_BODY is connection.their_state
    with pytest.raises(h11.LocalProtocolError):
        connection.start_next_cycle()


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch):
    """Whoever asks for something else each time costs no memory, and long heads are not kept."""
    monkeypatch.setattr(plain_exchanges, "HEADS_MAX", 3)
    plain_exchanges._heads.clear()
    for number in range(10):
        exchange(b"GET /%d HTTP/1.1\r\n" % number + HOST + b"\r\n")
    before = len(plain_exchanges._heads)
    talk(
        PlainConnection(head_bytes_max=16_384),
        [b"GET /" + b"x" * plain_exchanges.HEAD_BYTES_MAX + b" HTTP/1.1\r\n" + HOST + b"\r\n"],
        ANSWERS[:1],
    )

    assert 0 < before <= 3
    assert before == len(plain_exchanges._heads)
