"""The headers of tus: what is understood, and with which status all else is refused."""

import base64
import hashlib

import pytest

from daemon.web import tus_protocol as protocol
from daemon.web.problems import HTTPProblem

NOVEMBER_NS = 1_795_255_200_000_000_000


def encoded(text):
    """A text as it stands in Upload-Metadata."""
    return base64.b64encode(text.encode()).decode()


def said(**pairs):
    """Upload-Metadata with these pairs."""
    return ",".join(f"{key} {encoded(value)}" for key, value in pairs.items())


def refusal(question, *arguments, **options):
    """The refusal of a question that must be refused."""
    with pytest.raises(HTTPProblem) as refused:
        question(*arguments, **options)
    assert refused.value.hint
    return refused.value


def test_our_version_is_understood():
    """A client that says 1.0.0 may go on."""
    assert protocol.check_version("1.0.0") is None


@pytest.mark.parametrize("header", [None, "", "0.2.2", "1.0", "1.0.0, 2.0.0"])
def test_another_version_is_refused_with_ours(header):
    """412 tells which version there is."""
    found = refusal(protocol.check_version, header)

    assert (412, {"Tus-Version": "1.0.0"}) == (found.status, found.headers)


@pytest.mark.parametrize(
    "header",
    ["application/offset+octet-stream", "Application/Offset+Octet-Stream; charset=x"],
)
def test_the_type_of_bodies_is_understood(header):
    """Letter case and parameters do not matter."""
    assert protocol.check_type(header) is None


@pytest.mark.parametrize("header", [None, "", "application/octet-stream", "text/plain"])
def test_another_type_is_refused(header):
    """415: a form that was sent here by mistake must not become bytes of a film."""
    assert 415 == refusal(protocol.check_type, header).status


def test_length_and_offset_are_numbers_of_bytes():
    """Zero and very large files are numbers like others."""
    headers = {"upload-length": "0", "upload-offset": str(2**50)}

    assert 0 == protocol.upload_length(headers, size_max=1)
    assert 2**50 == protocol.upload_offset(headers)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.5", "0x10", "1e3", "9" * 19, "\u0661", "1 2"])
def test_what_is_no_number_of_bytes_is_refused(text):
    """400, before anything is made of it."""
    assert 400 == refusal(protocol.upload_length, {"upload-length": text}, size_max=9).status
    assert 400 == refusal(protocol.upload_offset, {"upload-offset": text}).status


def test_a_missing_length_or_offset_is_refused():
    """Upload-Defer-Length is not offered, so the length has to be told at once."""
    deferred = refusal(protocol.upload_length, {"upload-defer-length": "1"}, size_max=9)

    assert 400 == deferred.status
    assert "Upload-Defer-Length" in deferred.hint
    assert 400 == refusal(protocol.upload_offset, {}).status


def test_a_file_that_is_too_large_is_refused_when_it_is_announced():
    """413 comes before the first byte; the largest one that may come, may."""
    assert 9 == protocol.upload_length({"upload-length": "9"}, size_max=9)
    assert 413 == refusal(protocol.upload_length, {"upload-length": "10"}, size_max=9).status


def test_metadata_is_pairs_of_key_and_base64():
    """Values may be empty or missing, spaces around commas do no harm, text is UTF-8."""
    header = f"filename {encoded('Zürich 🎬, eins.mov')}, empty ,is_checked"

    assert {
        "filename": "Zürich 🎬, eins.mov",
        "empty": "",
        "is_checked": "",
    } == protocol.metadata(header)
    assert {} == protocol.metadata("")


@pytest.mark.parametrize(
    "header",
    [
        f"a {encoded('x')},a {encoded('y')}",
        "a not-base64!",
        "a //4=",
        f" {encoded('value without key')}, ,",
        f"schlüssel {encoded('x')}",
        "a" * 9_000,
    ],
)
def test_malformed_metadata_is_refused(header):
    """400 with a sentence, whatever came."""
    assert 400 == refusal(protocol.metadata, header).status


def test_an_announcement_says_what_is_to_come():
    """All keys that mean something here; others, like the type, are passed over."""
    digest = hashlib.sha256(b"film").hexdigest()
    header = said(
        filename="clip.mov",
        filetype="video/quicktime",
        project="P1-Demo",
        source="nas",
        mtime="1795255200000",
        sha256=digest.upper(),
        batch_id="b" * 32,
    )

    found = protocol.announcement(header)

    assert (
        protocol.Announcement(
            text=header,
            name="clip.mov",
            project="P1-Demo",
            source="nas",
            mtime_ns=NOVEMBER_NS,
            sha256=digest,
            batch="b" * 32,
        )
        == found
    )


def test_a_client_may_call_the_file_name_a_name():
    """Some clients send `name` by themselves; the primary source need not be named."""
    found = protocol.announcement(said(name="clip.mov", project="P1-Demo", source=""))

    assert ("clip.mov", None, None, "", "") == (
        found.name,
        found.source,
        found.mtime_ns,
        found.sha256,
        found.batch,
    )


@pytest.mark.parametrize("missing", ["filename", "project"])
def test_an_announcement_without_name_or_project_is_refused(missing):
    """The sentence says which key is missing."""
    pairs = {"filename": "clip.mov", "project": "P1-Demo"}
    del pairs[missing]

    found = refusal(protocol.announcement, said(**pairs))

    assert 400 == found.status
    assert missing in found.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), ("0", 0), ("1795255200000", NOVEMBER_NS), (" 1795255200000.75 ", NOVEMBER_NS)],
)
def test_the_time_of_writing_is_in_milliseconds(text, expected):
    """As File.lastModified is, for which some browsers give a fraction."""
    assert expected == protocol.mtime_ns(text)


@pytest.mark.parametrize("text", ["yesterday", "-1", "1e12", "253402300800000", "9" * 30])
def test_no_time_of_writing_is_refused(text):
    """400, rather than a file with a date of nowhere."""
    assert 400 == refusal(protocol.mtime_ns, text).status


def test_a_hash_may_be_prefixed_as_asset_ids_are():
    """It is kept in lower case without the prefix; nothing said is nothing expected."""
    digest = hashlib.sha256(b"film").hexdigest()

    assert digest == protocol.sha256(f"sha256:{digest.upper()}")
    assert "" == protocol.sha256(" ")
    assert 400 == refusal(protocol.sha256, digest[:-1]).status


@pytest.mark.parametrize("algorithm", protocol.ALGORITHMS)
def test_a_checksum_tells_its_bytes_from_others(algorithm):
    """Every kind that is offered works."""
    digest = hashlib.new(algorithm, b"film").digest()
    found = protocol.checksum(f"{algorithm} {base64.b64encode(digest).decode()}")

    same, other = found.hasher(), found.hasher()
    same.update(b"film")
    other.update(b"flim")

    assert found.is_of(same)
    assert not found.is_of(other)


@pytest.mark.parametrize(
    "header",
    ["", "crc32 AAAA", "sha1", "sha1 !!!!", "sha1 AAAA", f"sha256 {encoded('x' * 31)}"],
)
def test_a_checksum_of_no_kind_is_refused(header):
    """400: what cannot be checked is not taken for checked."""
    assert 400 == refusal(protocol.checksum, header).status


def test_no_checksum_is_none():
    """The header is the client's choice."""
    assert protocol.checksum(None) is None


def test_the_end_of_waiting_is_told_as_http_tells_dates():
    """Upload-Expires has the form of RFC 9110."""
    assert "Sat, 21 Nov 2026 10:00:00 GMT" == protocol.http_date(NOVEMBER_NS)
