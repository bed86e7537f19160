"""vlc/http.lua: requests and responses as text."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NO_ACCOUNT = {"token": "", "user": "", "password": ""}
CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b'6;x=y\r\n{"a": \r\n3\r\n1}\n\r\n0\r\nTrailer: x\r\n\r\n'
)
COUNTED = b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\ncontent-LENGTH: 5\r\n\r\nhelloX"


@pytest.fixture
def http(vlc_lua):
    return vlc_lua.require("http")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://media.lan:8787", ("media.lan", 8787, "media.lan:8787", "")),
        ("HTTP://10.0.0.2/play/", ("10.0.0.2", 80, "10.0.0.2", "/play")),
        ("http://[::1]:81/a/b", ("::1", 81, "[::1]:81", "/a/b")),
    ],
)
def test_an_address_is_found_in_the_url(http, url, expected):
    """Host and port to connect to, and what stands in front of every path."""
    address = http.address(url)

    assert expected == (address.host, address.port, address.authority, address.prefix)


@pytest.mark.parametrize("url", ["https://media.lan", "ftp://media.lan", "http://:80", ""])
def test_other_addresses_are_refused(http, url):
    """Nothing is sent in clear to a server that was meant to be spoken to with TLS."""
    assert http.address(url) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=40))
def test_base64_is_that_of_everybody(http, octets):
    """User and password arrive as they were written, whatever letters they have."""
    assert base64.b64encode(octets).decode() == http.base64(octets.decode("latin-1"))


def request(lua, http, account, **parts):
    """The text of a request to a server behind a prefix."""
    address = http.address("http://media.lan:81/play")
    return http.request_text(lua.table({**NO_ACCOUNT, **account}), address, lua.table(parts))


def test_a_question_is_a_get(vlc_lua, http):
    """Without a body there is none, and nobody is told a length."""
    head, body = request(vlc_lua, http, {"token": "sesame"}, path="/api/resume?a=b").split(
        "\r\n\r\n"
    )

    assert "" == body
    assert [
        "GET /play/api/resume?a=b HTTP/1.1",
        "Host: media.lan:81",
        "User-Agent: playhead-vlc/1",
        "Accept: application/json, text/plain",
        "Connection: close",
        "Authorization: Bearer sesame",
    ] == head.split("\r\n")


def test_a_report_is_a_post_with_its_length_in_bytes(vlc_lua, http, to_raw):
    """The length counts bytes, not letters."""
    text = request(vlc_lua, http, {"user": "ann", "password": "p:w"}, path="/x", body=to_raw("é"))
    head, body = text.split("\r\n\r\n")

    assert head.startswith("POST /play/x HTTP/1.1\r\n")
    assert "Authorization: Basic YW5uOnA6dw==" in head
    assert "Content-Length: 2" in head
    assert to_raw("é") == body


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(CHUNKED, (200, '{"a": 1}\n', None)), (COUNTED, (503, "hello", 7))],
)
def test_an_answer_is_taken_when_it_is_complete(http, answer, expected):
    """Every shorter piece is waited with; interim answers and what follows are left out."""
    text = answer.decode("latin-1")
    complete = next(n for n in range(len(text) + 1) if http.read_response(text[:n], False))
    response = http.read_response(text, False)

    assert expected == (response.status, response.body, response.retry_after_s)
    assert complete >= len(text) - len("X\r\nTrailer: x\r\n\r\n")


def test_an_answer_of_unknown_length_ends_with_the_connection(http):
    """It is complete when nothing more comes; one without a head never is."""
    text = "HTTP/1.0 200 OK\n\nall of it"

    assert http.read_response(text, False) is None
    assert "all of it" == http.read_response(text, True).body
    assert http.read_response("HTTP/1.1 200", True) is None


@pytest.mark.parametrize("text", ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 OK\n\n", "\n\n\n"])
def test_what_is_not_http_is_no_answer(http, text):
    """Whatever else listens there has recorded nothing."""
    assert 0 == http.read_response(text, False).status


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_no_answer_is_an_error(http, octets, is_over):
    """Any bytes are an answer, an incomplete one or none, never a failure of the script."""
    text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + octets.decode("latin-1")

    assert (
        http.read_response(text, is_over) is None or 200 == http.read_response(text, is_over).status
    )
