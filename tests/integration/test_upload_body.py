"""Large bodies over HTTP: every byte once, limits before bytes, two buffers and no more."""

import hashlib
import threading
from contextlib import asynccontextmanager

import anyio
import httpx
import msgspec
import pytest
from starlette.responses import PlainTextResponse

from daemon.intake import GATHER_S
from daemon.web.pipeline import BUFFER_BYTES, pipeline
from daemon.web.upload_body import BodyLimits, ClientGone, receive_form, receive_raw
from projections.errors import PlayheadError
from support.served_app import DEADLINE_S, served, wait_until

LIMITS = BodyLimits(
    body_bytes_max=8 * BUFFER_BYTES,
    file_bytes_max=5 * BUFFER_BYTES,
    idle_s=DEADLINE_S,
    parts_max=4,
    field_bytes_max=100,
    fields_bytes_max=150,
)
CONTENT = bytes(range(251)) * (4 * BUFFER_BYTES // 251)


class Kept:
    """What was written, by whom, and what went wrong."""

    def __init__(self):
        self.files = []
        self.fields = []
        self.sizes = []
        self.writers = set()
        self.errors = []

    def start(self):
        """Where the next file's bytes go."""
        self.files.append(bytearray())
        return self.write

    def write(self, data):
        """Takes some bytes; refuses those of one file."""
        self.writers.add(threading.current_thread())
        self.sizes.append(len(data))
        if data[:6] == b"refuse":
            raise PlayheadError("The disk is full.")
        self.files[-1] += data

    async def form(self, request, limits):
        """Receives a form; a file that cannot be written holds up no other."""
        async with receive_form(request, limits=limits) as form:
            async for part in form:
                if part.name == "skipped":
                    continue
                if not part.is_file:
                    self.fields.append((part.name, await part.text()))
                    continue
                await self.save(part)

    async def save(self, part):
        """Receives one file."""
        write = self.start()
        try:
            size = await part.save(write)
        except PlayheadError as error:
            self.errors.append(error)
            if str(error) != "The disk is full.":
                raise
        else:
            self.fields.append((part.name, f"{part.filename} {size}"))

    async def raw(self, request, limits):
        """Receives one file as it is."""
        try:
            size = await receive_raw(request, self.start(), limits=limits)
        except PlayheadError as error:
            self.errors.append(error)
            raise
        self.fields.append(("raw", str(size)))


@asynccontextmanager
async def receiving(limits=LIMITS):
    """What is kept, and a client of the server that keeps it."""
    kept = Kept()

    async def take(request):
        await (kept.form if request.method == "POST" else kept.raw)(request, limits)
        return PlainTextResponse("kept")

    async with (
        served(take) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            timeout=DEADLINE_S,
            trust_env=False,
            verify=False,  # nothing is encrypted, and to read all authorities takes time
        ) as client,
    ):
        yield kept, client


@asynccontextmanager
async def connected(client):
    """A connection by hand to the server of a client."""
    async with await anyio.connect_tcp(client.base_url.host, client.base_url.port) as stream:
        yield stream


def head(method, *lines):
    """The head of a request."""
    return "\r\n".join([f"{method} / HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


async def all_of(stream):
    """Everything that a server says before it hangs up."""
    said = b""
    with anyio.fail_after(DEADLINE_S):
        try:
            while True:
                said += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return said


async def in_pieces(data, size=70_000):
    """A body whose length is not told before."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def test_a_file_in_a_form_arrives_whole():
    """Written in a worker thread, in order, never more than a buffer at once."""
    async with receiving() as (kept, client):
        response = await client.post("/", files={"file": ("a.mp4", CONTENT)})

        assert 200 == response.status_code
        assert [CONTENT] == kept.files
        assert [("file", f"a.mp4 {len(CONTENT)}")] == kept.fields
        assert BUFFER_BYTES == max(kept.sizes)
        assert threading.main_thread() not in kept.writers


async def test_files_and_fields_come_in_their_order():
    """Several files under several names, text between them, and one that nobody wants."""
    files = [
        ("files[]", ("a.mp4", b"first")),
        ("batch_id", (None, "b\N{LATIN SMALL LETTER E WITH ACUTE}")),
        ("skipped", ("no.mp4", CONTENT)),
        ("files[]", ("empty.mp4", b"")),
    ]

    async with receiving() as (kept, client):
        await client.post("/", files=files)

        assert [b"first", b""] == kept.files
        expected = [("files[]", "a.mp4 5"), ("batch_id", "b\xe9"), ("files[]", "empty.mp4 0")]
        assert expected == kept.fields


async def test_a_body_of_unknown_length_arrives_whole():
    """Sent in chunks, as a file or as a form."""
    async with receiving() as (kept, client):
        await client.put("/", content=in_pieces(CONTENT))

        assert [hashlib.sha256(CONTENT).digest()] == [
            hashlib.sha256(data).digest() for data in kept.files
        ]
        assert [("raw", str(len(CONTENT)))] == kept.fields


async def test_an_empty_body_is_an_empty_file():
    """Nothing is written, and that is no error."""
    async with receiving() as (kept, client):
        await client.put("/", content=b"")

        assert [("raw", "0")] == kept.fields
        assert [] == kept.sizes


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_body_that_says_it_is_too_large_is_refused_unread(method):
    """The answer comes before the client has sent a byte of it, and ends the connection."""
    lines = [
        f"Content-Length: {LIMITS.body_bytes_max + 1}",
        "Content-Type: multipart/form-data; boundary=x",
        "Expect: 100-continue",
    ]

    async with receiving() as (kept, client), connected(client) as stream:
        await stream.send(head(method, *lines))
        said = await all_of(stream)

        assert said.startswith(b"HTTP/1.1 413")
        assert b"100 Continue" not in said
        assert b"connection: close" in said.lower()
        assert [] == kept.sizes


async def test_a_body_that_turns_out_too_large_is_refused_there():
    """Without a length, at the byte too many; what was written before is the caller's to remove."""
    async with receiving() as (kept, client), connected(client) as stream:
        await stream.send(head("PUT", "Transfer-Encoding: chunked"))
        chunk = b"%x\r\n" % BUFFER_BYTES + bytes(BUFFER_BYTES) + b"\r\n"
        for _ in range(LIMITS.file_bytes_max // BUFFER_BYTES):
            await stream.send(chunk)
        await stream.send(b"1\r\nx\r\n")
        said = await all_of(stream)

        assert said.startswith(b"HTTP/1.1 413")
        assert 413 == kept.errors[0].status
        assert len(kept.files[0]) <= LIMITS.file_bytes_max


async def test_a_file_larger_than_one_may_be_is_refused():
    """Also when the form as a whole is not too large."""
    async with receiving() as (kept, client):
        response = await client.post("/", files={"file": ("a", bytes(6 * BUFFER_BYTES))})

        assert 413 == response.status_code
        assert 413 == kept.errors[0].status


@pytest.mark.parametrize(
    "files",
    [
        [("file", (f"{number}", b"x")) for number in range(5)],
        [("note", (None, "x" * 101))],
        [("note", (None, "x" * 80)), ("more", (None, "x" * 80))],
    ],
)
async def test_a_form_has_a_limit_on_everything(files):
    """Parts, the text of a field, the text of all fields."""
    async with receiving() as (_, client):
        assert 413 == (await client.post("/", files=files)).status_code


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nhalf", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--\r\n',
            400,
        ),
    ],
)
async def test_what_is_no_form_is_refused(content_type, body, status):
    """Another kind of body, half a form, text that is none."""
    async with receiving() as (_, client):
        response = await client.post("/", content=body, headers={"content-type": content_type})

        assert status == response.status_code


async def test_a_file_that_cannot_be_written_holds_up_no_other():
    """Its error is the writer's own; none of its bytes gets into the next file."""
    files = [("file", ("bad", b"refuse" + CONTENT)), ("file", ("good", b"good" * 100))]

    async with receiving() as (kept, client):
        response = await client.post("/", files=files)

        assert 200 == response.status_code
        assert ["The disk is full."] == [str(error) for error in kept.errors]
        assert [b"", b"good" * 100] == kept.files


async def test_an_error_of_the_writer_ends_a_plain_upload():
    """As it was raised, not in a group, and without writing on."""
    async with receiving() as (kept, client):
        response = await client.put("/", content=b"refuse" + CONTENT)

        assert (500, "The disk is full.") == (response.status_code, response.json()["detail"])
        assert [BUFFER_BYTES] == kept.sizes


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_client_that_sends_nothing_for_long_is_told_so(method):
    """A pause has a limit, the whole has none."""
    impatient = BodyLimits(body_bytes_max=100, file_bytes_max=100, idle_s=0.2)
    lines = ["Content-Length: 100", "Content-Type: multipart/form-data; boundary=x"]

    async with receiving(impatient) as (_, client), connected(client) as stream:
        await stream.send(head(method, *lines))

        assert (await all_of(stream)).startswith(b"HTTP/1.1 408")


async def test_what_came_before_the_client_went_is_kept():
    """Who resumes need not send it again."""
    async with receiving() as (kept, client):
        async with connected(client) as stream:
            await stream.send(head("PUT", "Content-Length: 1000") + b"x" * 600)
            await stream.send(b"y" * 100)
        await wait_until(lambda: bool(kept.errors))

        assert [ClientGone] == [type(error) for error in kept.errors]
        assert [b"x" * 600 + b"y" * 100] == kept.files


async def test_a_form_whose_client_went_is_an_error():
    """Half a file is not a file."""
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf'
    lines = ["Content-Length: 1000", "Content-Type: multipart/form-data; boundary=x"]

    async with receiving() as (kept, client):
        async with connected(client) as stream:
            await stream.send(head("POST", *lines) + start)
        await wait_until(lambda: bool(kept.errors))

        assert [ClientGone] == [type(error) for error in kept.errors]
        assert [] == kept.fields


LARGE = 3 * BUFFER_BYTES + 700
"""Of a body that comes straight into the buffers."""


def in_a_form(content):
    """The body of a form with a file, and what its Content-Type says."""
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    return start + content + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


@pytest.mark.parametrize("sent_bytes", [BUFFER_BYTES // 2, BUFFER_BYTES, 2 * BUFFER_BYTES + 3])
async def test_what_came_of_a_large_body_before_the_client_went_is_kept(sent_bytes):
    """Also what filled no buffer."""
    async with receiving() as (kept, client):
        async with connected(client) as stream:
            await stream.send(head("PUT", f"Content-Length: {LARGE}"))
            await stream.send(CONTENT[:sent_bytes])
        await wait_until(lambda: bool(kept.errors))

        assert [ClientGone] == [type(error) for error in kept.errors]
        assert CONTENT[:sent_bytes] == kept.files[0]


async def test_a_large_body_over_a_slow_line_arrives_whole():
    """What comes in drops is handed on before a buffer is full, and a pause is not the end."""
    drops = [CONTENT[start : start + 70_001] for start in range(0, LARGE, 70_001)]
    drops[-1] = drops[-1][: LARGE % 70_001]
    async with receiving() as (kept, client), connected(client) as stream:
        await stream.send(head("PUT", f"Content-Length: {LARGE}"))
        for number, drop in enumerate(drops):
            await stream.send(drop)
            await anyio.sleep(2 * GATHER_S if number in {1, len(drops) - 1} else 0)
        await anyio.wait_all_tasks_blocked()
        await wait_until(lambda: bool(kept.fields))

        assert CONTENT[:LARGE] == kept.files[0]


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_large_body_that_stops_is_given_up(method):
    """A pause in the middle has the same limit as one at the beginning."""
    impatient = msgspec.structs.replace(LIMITS, idle_s=0.3)
    body, kind = in_a_form(CONTENT)
    lines = [f"Content-Length: {len(body)}", f"Content-Type: {kind}"]

    async with receiving(impatient) as (_, client), connected(client) as stream:
        await stream.send(head(method, *lines) + body[: BUFFER_BYTES + 5])

        assert (await all_of(stream)).startswith(b"HTTP/1.1 408")


async def test_a_connection_goes_on_after_a_large_body():
    """Its end is found, whether the next request waits for the answer or comes with it."""
    body, kind = in_a_form(CONTENT)
    form = head("POST", f"Content-Length: {len(body)}", f"Content-Type: {kind}") + body
    raw = head("PUT", f"Content-Length: {LARGE}") + CONTENT[:LARGE]
    last = head("PUT", "Content-Length: 4", "Connection: close") + b"last"

    async with receiving() as (kept, client), connected(client) as stream:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stream.send, form + raw + form + last)
            said = await all_of(stream)

        assert 4 == said.count(b"HTTP/1.1 200")
        assert [CONTENT, CONTENT[:LARGE], CONTENT, b"last"] == kept.files


async def test_a_large_body_is_invited():
    """A client that waits for that is told, once; then it comes straight."""
    async with receiving() as (kept, client), connected(client) as stream:
        await stream.send(head("PUT", f"Content-Length: {LARGE}", "Expect: 100-continue"))
        invitation = await stream.receive()
        await stream.send(CONTENT[:LARGE])
        await wait_until(lambda: bool(kept.fields))

        assert invitation.startswith(b"HTTP/1.1 100")
        assert CONTENT[:LARGE] == kept.files[0]


async def test_content_that_looks_like_its_end_is_content():
    """Wherever in a buffer it does, and however often."""
    near = b"\r\n--y\r\n-\r\r\n--\r" * (4 * BUFFER_BYTES // 18)
    body, kind = in_a_form(near)
    async with receiving() as (kept, client):
        response = await client.post("/", content=body, headers={"Content-Type": kind})

        assert 200 == response.status_code
        assert hashlib.sha256(near).digest() == hashlib.sha256(kept.files[0]).digest()


class SlowDisk:
    """Writes only when it may."""

    def __init__(self):
        self.may = threading.Event()
        self.begun = threading.Event()
        self.data = bytearray()

    def write(self, data):
        """Waits for its turn."""
        self.begun.set()
        assert self.may.wait(DEADLINE_S)
        self.data += data


async def test_two_buffers_are_all_that_waits_for_a_slow_disk():
    """Then the client waits; no byte is lost, and every byte is in its place."""
    disk = SlowDisk()
    fed = 0
    async with pipeline(buffer_bytes=10) as line, anyio.create_task_group() as tasks:

        async def feed():
            nonlocal fed
            for number in range(100):
                await line.feed(memoryview(bytes([number])), disk.write)
                fed += 1
            await line.flush(disk.write)

        tasks.start_soon(feed)
        await wait_until(lambda: disk.begun.is_set() and fed >= 20)
        await anyio.wait_all_tasks_blocked()
        waiting = fed
        disk.may.set()

    assert 20 == waiting
    assert bytes(range(100)) == disk.data


async def test_no_thread_writes_any_more_when_a_pipeline_is_left():
    """Also when it is left by an error: the file may be closed then."""
    disk = SlowDisk()

    async def change_my_mind():
        async with pipeline(buffer_bytes=10) as line:
            await line.feed(memoryview(bytes(15)), disk.write)
            await wait_until(disk.begun.is_set)
            disk.may.set()
            raise ValueError("I changed my mind.")

    with pytest.raises(ValueError, match="changed my mind"):
        await change_my_mind()

    assert bytes(10) == disk.data


async def test_no_thread_writes_any_more_when_an_upload_is_cancelled():
    """A daemon that ends waits for the bytes that are on their way to the disk."""
    disk = SlowDisk()
    with anyio.CancelScope() as scope:
        async with pipeline(buffer_bytes=10) as line:
            await line.feed(memoryview(bytes(15)), disk.write)
            await wait_until(disk.begun.is_set)
            scope.cancel()
            disk.may.set()

    assert bytes(10) == disk.data
