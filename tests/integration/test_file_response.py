"""Files over HTTP: whole, in parts, not at all when unchanged; and the descriptor always closed."""

import email.policy
import os
from contextlib import asynccontextmanager
from email.parser import BytesParser

import httpx
import pytest
from starlette.requests import Request

from daemon.web.file_response import FileResponse, Offer
from support.served_app import DEADLINE_S, is_open, served, wait_until

LONG_BYTES = 64 * 1024 * 1024
"""More than the kernel holds for a client that does not read."""
CONTENT = bytes(range(256)) * 4096  # more than one chunk
NOW_NS = 1_800_000_000 * 10**9
MODIFIED_NS = 1_700_000_000 * 10**9
MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"
OFFER = Offer(name="clip.mp4")
ETAG = '"' + "ab" * 32 + '"'


@pytest.fixture
def clip(tmp_path):
    """A file of a megabyte."""
    path = tmp_path / "clip"
    path.write_bytes(CONTENT)
    os.utime(path, ns=(MODIFIED_NS, MODIFIED_NS))
    return path


@pytest.fixture
def film(tmp_path):
    """A file that takes a while to send, all zeros."""
    path = tmp_path / "film"
    path.touch()
    os.truncate(path, LONG_BYTES)
    return path


@asynccontextmanager
async def serving(path, offer=OFFER, flags=os.O_RDONLY, stall_s=60.0):
    """A client of a server that has only this file."""

    async def give(request):
        descriptor = os.open(path, flags)
        return FileResponse(
            request,
            descriptor,
            os.fstat(descriptor),
            offer=offer,
            now_ns=NOW_NS,
            stall_s=stall_s,
        )

    async with (
        served(give) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            timeout=DEADLINE_S,
            trust_env=False,
            verify=False,  # nothing is encrypted, and to read all authorities takes time
        ) as client,
    ):
        yield client


def request():
    """A request without a server."""
    return Request({"type": "http", "method": "GET", "headers": []})


async def answer(path, method="GET", offer=OFFER, **headers):
    """The answer to one request with these headers."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with serving(path, offer) as client:
        return await client.request(method, "/", headers=names)


async def test_a_file_is_sent_as_it_is(clip):
    """All bytes, and all that a client wants to know of them."""
    response = await answer(clip)

    assert (200, CONTENT) == (response.status_code, response.content)
    assert "video/mp4" == response.headers["content-type"]
    assert str(len(CONTENT)) == response.headers["content-length"]
    assert "bytes" == response.headers["accept-ranges"]
    assert MODIFIED == response.headers["last-modified"]
    assert 'inline; filename="clip.mp4"' == response.headers["content-disposition"]
    assert "private, no-cache" == response.headers["cache-control"]
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["etag"].startswith(f'"{len(CONTENT):x}-')


async def test_head_tells_the_same_without_the_bytes(clip):
    """Also when it asks for a part: ranges are for GET alone."""
    whole = await answer(clip)
    head = await answer(clip, "HEAD", range="bytes=0-9")

    assert (200, b"") == (head.status_code, head.content)
    assert {name: value for name, value in whole.headers.items() if name != "date"} == {
        name: value for name, value in head.headers.items() if name != "date"
    }


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=100-", 100, len(CONTENT) - 1),
        ("bytes=-5", len(CONTENT) - 5, len(CONTENT) - 1),
        ("bytes=10-600000", 10, 600_000),
        ("bytes=0-9,5-20", 0, 20),
    ],
)
async def test_a_part_is_sent(clip, header, first, last):
    """206, exactly these bytes, and where they belong."""
    response = await answer(clip, range=header)

    assert (206, CONTENT[first : last + 1]) == (response.status_code, response.content)
    assert f"bytes {first}-{last}/{len(CONTENT)}" == response.headers["content-range"]
    assert "video/mp4" == response.headers["content-type"]


async def test_several_parts_are_sent_as_one_answer(clip):
    """multipart/byteranges, in the order they were asked for, each with its place and type."""
    response = await answer(clip, range="bytes=500000-500999,0-99,-10")

    head = b"Content-Type: " + response.headers["content-type"].encode() + b"\r\n\r\n"
    parts = list(
        BytesParser(policy=email.policy.HTTP).parsebytes(head + response.content).iter_parts()
    )
    size = len(CONTENT)
    assert 206 == response.status_code
    assert "content-range" not in response.headers
    assert [CONTENT[500_000:501_000], CONTENT[:100], CONTENT[-10:]] == [
        part.get_payload(decode=True) for part in parts
    ]
    assert [
        f"bytes 500000-500999/{size}",
        f"bytes 0-99/{size}",
        f"bytes {size - 10}-{size - 1}/{size}",
    ] == [part["content-range"] for part in parts]
    assert {"video/mp4"} == {part["content-type"] for part in parts}


async def test_bytes_that_do_not_exist_are_refused_with_the_size(clip):
    """416, and how many there are."""
    response = await answer(clip, range="bytes=99999999-")

    assert 416 == response.status_code
    assert f"bytes */{len(CONTENT)}" == response.headers["content-range"]
    assert "application/problem+json" == response.headers["content-type"]
    assert 416 == response.json()["status"]


async def test_a_malformed_range_is_ignored(clip):
    """The whole file, as if nothing had been asked."""
    assert 200 == (await answer(clip, range="bytes=wrong")).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if_none_match": ETAG}, 304),
        ({"if_none_match": '"other"'}, 200),
        ({"if_modified_since": MODIFIED}, 304),
        ({"if_match": '"other"'}, 412),
        ({"if_none_match": ETAG, "range": "bytes=0-9"}, 304),
        ({"if_range": ETAG, "range": "bytes=0-9"}, 206),
        ({"if_range": MODIFIED, "range": "bytes=0-9"}, 206),
        ({"if_range": '"other"', "range": "bytes=0-9"}, 200),
        ({"if_range": '"other"', "range": "bytes=99999999-"}, 200),
    ],
)
async def test_conditions_are_kept(clip, headers, status):
    """What is unchanged is not sent, and no part of what changed."""
    offer = Offer(name="clip.mp4", sha256="ab" * 32)

    response = await answer(clip, "GET", offer, **headers)

    assert status == response.status_code
    assert ETAG == response.headers["etag"]


async def test_what_is_unchanged_has_no_body_and_keeps_its_validators(clip):
    """A 304 says what a 200 would have said about keeping it, and nothing about content."""
    response = await answer(clip, if_modified_since=MODIFIED)

    assert b"" == response.content
    assert MODIFIED == response.headers["last-modified"]
    assert "private, no-cache" == response.headers["cache-control"]
    assert "content-type" not in response.headers


async def test_an_empty_file_is_sent(tmp_path):
    """Nothing, with status 200; its last bytes are all of it."""
    (tmp_path / "empty").touch()

    whole = await answer(tmp_path / "empty")
    last = await answer(tmp_path / "empty", range="bytes=-5")
    first = await answer(tmp_path / "empty", range="bytes=0-")

    assert (200, b"", "0") == (whole.status_code, whole.content, whole.headers["content-length"])
    assert 200 == last.status_code
    assert (416, "bytes */0") == (first.status_code, first.headers["content-range"])


async def test_a_page_is_only_ever_saved(clip):
    """Whoever uploaded it, it does not run in our name."""
    response = await answer(clip, "GET", Offer(name="evil.html", disposition="inline"))

    assert "application/octet-stream" == response.headers["content-type"]
    assert 'attachment; filename="evil.html"' == response.headers["content-disposition"]
    assert "sandbox" in response.headers["content-security-policy"]


async def test_a_picture_that_never_changes_may_be_kept(clip):
    """Type and caching can be said where the name does not tell."""
    offer = Offer(name="ab", content_type="image/jpeg", cache_control="public, immutable")

    response = await answer(clip, "GET", offer)

    assert "image/jpeg" == response.headers["content-type"]
    assert "public, immutable" == response.headers["cache-control"]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"range": "bytes=0-9,500000-"}),
        ("GET", {"range": "bytes=99999999-"}),
        ("GET", {"if_modified_since": MODIFIED}),
        ("GET", {"if_match": '"other"'}),
    ],
)
async def test_the_file_is_closed_after_every_answer(clip, method, headers):
    """Sent, refused or never wanted."""
    await answer(clip, method, **headers)

    await wait_until(lambda: not is_open(clip))


async def test_a_file_that_is_not_sent_after_all_is_closed(clip):
    """By whoever decides so, and twice does no harm."""
    descriptor = os.open(clip, os.O_RDONLY)
    response = FileResponse(request(), descriptor, os.fstat(descriptor), offer=OFFER, now_ns=NOW_NS)

    response.close()
    response.close()

    assert not is_open(clip)


def test_a_file_that_cannot_be_offered_is_closed(clip):
    """A header that cannot be written fails the answer, not the descriptor."""
    offer = Offer(name="clip.mp4", cache_control="\N{SNOWMAN}")
    descriptor = os.open(clip, os.O_RDONLY)

    with pytest.raises(UnicodeEncodeError):
        FileResponse(request(), descriptor, os.fstat(descriptor), offer=offer, now_ns=NOW_NS)

    assert not is_open(clip)


async def test_a_file_that_got_shorter_ends_the_connection(film):
    """The length was promised: the client must see that something is missing."""
    async with serving(film) as client, client.stream("GET", "/") as response:
        os.truncate(film, 1024)
        with pytest.raises(httpx.RemoteProtocolError):
            await response.aread()
        await wait_until(lambda: not is_open(film))

        assert str(LONG_BYTES) == response.headers["content-length"]


async def test_a_disk_that_fails_ends_the_connection(clip):
    """The same when bytes are there and cannot be read."""
    async with serving(clip, flags=os.O_WRONLY) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/")

        assert not is_open(clip)


async def test_a_client_that_hangs_up_frees_the_file(film):
    """In the middle of a film, as every player does when it seeks."""
    async with serving(film) as client:
        async with client.stream("GET", "/"):
            assert is_open(film)

        await wait_until(lambda: not is_open(film))


async def test_a_client_that_takes_nothing_for_long_is_left(film):
    """Its place is free for others; what it has is whole up to there."""
    async with serving(film, stall_s=0.1) as client, client.stream("GET", "/") as response:
        await wait_until(lambda: not is_open(film))
        with pytest.raises(httpx.RemoteProtocolError):
            await response.aread()


async def test_others_are_served_while_a_film_is_sent(film):
    """A client that reads slowly holds up nobody."""
    async with serving(film) as client, client.stream("GET", "/"):
        response = await client.get("/", headers={"range": "bytes=0-9"})

        assert (206, bytes(10)) == (response.status_code, response.content)
