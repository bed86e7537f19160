"""What is different for small requests: one write an answer, and who is busy is not watched."""

import asyncio

import anyio
import h11
import pytest

from daemon.small_requests import LateTask, TogetherProtocol

DEADLINE_S = 5.0
REQUEST = b"%s / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LENGTH = [(b"content-length", b"5")]


def protocol(method=b"GET"):
    """A connection that has read one request, and the writes it is about to make."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(REQUEST % method)
    connection.next_event()
    writes = []

    async def send(event):
        writes.append(event.data)

    made = TogetherProtocol.__new__(TogetherProtocol)
    made.connection, made.send, made._head, made._invitation = connection, send, b"", None
    return made, writes


async def test_an_answer_is_one_write():
    """Head and body leave together, and the end of a counted body needs no bytes."""
    talk, writes = protocol()
    await talk._send_h11_event(h11.Response(status_code=200, headers=LENGTH))
    await talk._send_h11_event(h11.Data(data=b"hello"))
    await talk._send_h11_event(h11.EndOfMessage())

    (whole,) = writes
    assert whole.startswith(b"HTTP/1.1 200 ")
    assert whole.endswith(b"\r\n\r\nhello")


async def test_an_answer_without_a_body_is_sent_too():
    """HEAD gets the head of the body it does not get."""
    talk, writes = protocol(b"HEAD")
    await talk._send_h11_event(h11.Response(status_code=200, headers=LENGTH))
    await talk._send_h11_event(h11.EndOfMessage())

    (head,) = writes
    assert head.endswith(b"content-length: 5\r\n\r\n")


async def test_the_head_of_a_stream_does_not_wait():
    """Whoever listens for events learns at once that the stream is open."""
    talk, writes = protocol()
    await talk._send_h11_event(h11.Response(status_code=200, headers=[]))
    before = list(writes)
    await talk._send_h11_event(h11.Data(data=b"hello"))

    assert [b"HTTP/1.1 200 "] == [head[:13] for head in before]
    assert [b"5\r\nhello\r\n"] == writes[1:]


async def test_an_upgrade_to_another_protocol_is_passed_over():
    """HTTP/2 is not spoken, however it is asked for."""
    talk, writes = protocol()
    wish = [(b"host", b"x"), (b"connection", b"upgrade"), (b"upgrade", b"h2c")]
    await talk._check_protocol(h11.Request(method=b"GET", target=b"/", headers=wish))

    assert [] == writes


async def test_an_answer_to_nonsense_is_a_defect():
    """An answer that cannot be is not passed over."""
    talk, _ = protocol()
    with pytest.raises(h11.LocalProtocolError):
        await talk._send_h11_event(h11.Data(data=b"hello"))


class Tasks:
    """hypercorn's task group, as far as it is looked at."""

    def __init__(self):
        self._task_group = self
        self.begun = []
        self.is_finished = False

    def create_task(self, coroutine):
        """Begins a task."""
        if self.is_finished:
            raise RuntimeError("finished")
        task = asyncio.get_running_loop().create_task(coroutine)
        self.begun.append(task)
        return task


async def test_a_busy_connection_is_not_watched():
    """A task that is stopped soon was never begun."""
    tasks, watching = Tasks(), LateTask()
    for _ in range(3):
        await watching.restart(tasks, anyio.sleep_forever)
        await watching.stop()

    assert [] == tasks.begun


async def test_an_idle_connection_is_watched_until_it_is_busy():
    """After a while the task begins; it ends when it is stopped."""
    tasks, watching, begun = Tasks(), LateTask(), anyio.Event()

    async def watch():
        begun.set()
        await anyio.sleep_forever()

    await watching.restart(tasks, watch)
    with anyio.fail_after(DEADLINE_S):
        await begun.wait()
    await watching.stop()

    assert [True] == [task.cancelled() for task in tasks.begun]


async def test_a_connection_on_its_way_out_is_not_watched():
    """Its tasks are gone already, which is no error."""
    tasks, watching = Tasks(), LateTask()
    tasks.is_finished = True
    await watching.restart(tasks, anyio.sleep_forever)
    with anyio.fail_after(DEADLINE_S):
        while watching._timer is not None:  # noqa: ASYNC110 - nothing else tells that it has looked
            await anyio.sleep(0.01)
    await watching.stop()

    assert [] == tasks.begun
