"""What our HTTP/1.1 does differently: bodies are invited by whoever wants them, and not held up."""

import anyio
import h11
import pytest
from h11._readers import ContentLengthReader
from starlette.responses import PlainTextResponse

from daemon.memory import keep_freed_memory
from support.served_app import DEADLINE_S, served

HEAD = b"PUT %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n%s\r\n"
EXPECT = b"Expect: 100-continue\r\n"
INVITATION = b"HTTP/1.1 100 \r\n"
MOMENT_S = 0.001
"""The server is in the same loop, which turns at least once in it."""


async def answer(request):
    """Reads the body, unless it is not wanted."""
    if request.url.path == "/unwanted":
        return PlainTextResponse("no", 403, {"Connection": "close"})
    return PlainTextResponse(await request.body())


async def said(stream, end):
    """What comes until this has come."""
    text = b""
    with anyio.fail_after(DEADLINE_S):
        while not text.endswith(end):
            text += await stream.receive()
    return text


async def test_the_body_is_invited_when_it_is_wanted():
    """A client that waits for it is told once, and then answered."""
    async with served(answer) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(HEAD % (b"/", EXPECT))
        invitation = await said(stream, b"\r\n\r\n")
        await stream.send(b"hello")
        response = await said(stream, b"hello")

    assert invitation.startswith(INVITATION)
    assert response.startswith(b"HTTP/1.1 200")


async def test_a_body_that_nobody_wants_is_not_invited():
    """The refusal comes at once, and alone."""
    async with served(answer) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(HEAD % (b"/unwanted", EXPECT))
        response = await said(stream, b"no")

    assert response.startswith(b"HTTP/1.1 403")


async def test_a_client_that_does_not_wait_is_not_told():
    """It sent the body with its question."""
    async with served(answer) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(HEAD % (b"/", EXPECT) + b"hello")
        response = await said(stream, b"hello")

    assert response.startswith(b"HTTP/1.1 200")


async def test_each_request_of_a_connection_is_invited():
    """The second as the first, and one in between that expects nothing."""
    answers = []
    async with served(answer) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        for expect in (EXPECT, b"", EXPECT):
            await stream.send(HEAD % (b"/", expect))
            if expect:
                answers.append(await said(stream, b"\r\n\r\n"))
            await stream.send(b"hello")
            answers.append(await said(stream, b"hello"))

    assert [b"100", b"200", b"200", b"100", b"200"] == [text[9:12] for text in answers]


@pytest.mark.parametrize("piece_bytes", [1, 3, 4, 5, 6, 11, 100])
async def test_bodies_keep_their_ends_however_they_are_cut(piece_bytes):
    """Three requests as one stream of bytes, each with its own body and answer."""
    bodies = [b"hello", b"again", b"never"]
    stream_of_bytes = b"".join(HEAD % (b"/", b"") + body for body in bodies)
    async with served(answer) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        for start in range(0, len(stream_of_bytes), piece_bytes):
            await stream.send(stream_of_bytes[start : start + piece_bytes])
            await anyio.sleep(MOMENT_S)  # so that each piece is read by itself
        response = await said(stream, b"never")

    assert bodies == [part.partition(b"\r\n\r\n")[2] for part in response.split(b"HTTP/1.1 ")[1:]]


async def test_a_long_body_arrives_as_it_was_sent():
    """Straight to the application but for its last bytes."""
    body = bytes(range(256)) * 8192 + b"the end"
    start = b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with served(answer) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(start + body)
        response = await said(stream, b"the end")

    assert (len(body), True) == (len(response.partition(b"\r\n\r\n")[2]), response.endswith(body))


def test_the_names_of_h11_that_make_it_quick_are_there():
    """Without them large uploads work as before, only slower."""
    assert hasattr(h11.Connection(h11.SERVER), "_receive_buffer")
    assert hasattr(h11.Connection(h11.SERVER), "_reader")
    assert hasattr(ContentLengthReader(5), "_remaining")


def test_freed_memory_is_kept():
    """The C library of every system we run on can be told."""
    assert keep_freed_memory()
