"""Forms with files: what browsers, curl and phones write, and what nobody should."""

import pytest

from daemon.web.multipart import (
    BOUNDARY_CHARACTERS_MAX,
    HEADER_BYTES_MAX,
    HEADERS_MAX,
    FormParser,
    Mark,
    PartHead,
    boundary_of,
)
from daemon.web.problems import HTTPProblem

DISPOSITION = b'Content-Disposition: form-data; name="file"; filename="a.mp4"'


def parsed(body):
    """The events of a whole form at once, views as bytes."""
    parser = FormParser(b"x")
    events = parser.feed(body)
    parser.end()
    return [bytes(event) if isinstance(event, memoryview) else event for event in events]


def head_of(disposition, *headers):
    """What the only part of a form says about itself."""
    lines = [b"Content-Disposition: " + disposition, *headers]
    return parsed(b"--x\r\n" + b"\r\n".join(lines) + b"\r\n\r\n\r\n--x--\r\n")[0]


def refusal(body):
    """What a form is refused with."""
    with pytest.raises(HTTPProblem) as caught:
        parsed(body)
    return caught.value


def test_a_form_comes_as_heads_bytes_and_ends():
    """Fields and files in their order, with their bytes as they are."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
        b"--x\r\n" + DISPOSITION + b"\r\nContent-Type: video/mp4\r\n\r\n\r\n-\x00\r\n--\r\n"
        b"--x--\r\nwhatever follows"
    )

    assert [
        PartHead(name="note", filename=None),
        b"hello",
        Mark.PART_END,
        PartHead(name="file", filename="a.mp4", content_type="video/mp4"),
        b"\r\n-\x00\r\n--",
        Mark.PART_END,
        Mark.FORM_END,
    ] == parsed(body)


def test_a_form_without_parts_is_a_form():
    """Browsers send that when there is no field."""
    assert [Mark.FORM_END] == parsed(b"--x--\r\n")


@pytest.mark.parametrize(
    ("parameters", "filename"),
    [
        (rb'filename="a.mp4"', "a.mp4"),
        (rb"filename=a.mp4", "a.mp4"),
        (rb'FileName="a.mp4"', "a.mp4"),
        (rb'filename=""', ""),
        (rb'filename="two words; and=more.mp4"', "two words; and=more.mp4"),
        (rb'filename="say %22hi%22.mp4"', 'say "hi".mp4'),
        (rb'filename="say \"hi\".mp4"', 'say "hi".mp4'),
        (rb'filename="100%41 %0A.mp4"', "100%41 %0A.mp4"),
        (rb'filename="a\b.mp4"', r"a\b.mp4"),
        (rb'filename="a\\b.mp4"', r"a\b.mp4"),
        (rb'filename="C:\films\a.mp4"', r"C:\films\a.mp4"),
        (rb'filename="ends with\"', "ends with\\"),
        (rb'filename="../../etc/passwd"', "../../etc/passwd"),
        ('filename="Café 日本.mp4"'.encode(), "Café 日本.mp4"),
        (b'filename="Caf\xe9.mp4"', "Café.mp4"),
        (rb"filename*=UTF-8''Caf%C3%A9%22.mp4", 'Café".mp4'),
        (rb"filename*=iso-8859-1'en'Caf%E9.mp4", "Café.mp4"),
        (rb"""filename="old.mp4"; filename*=utf-8''new.mp4""", "new.mp4"),
        (rb"""filename="old.mp4"; filename*=utf-8''%FF""", "old.mp4"),
        (rb"""filename="old.mp4"; filename*=koi8-r''new""", "old.mp4"),
        (rb"""filename="old.mp4"; filename*=new""", "old.mp4"),
        (rb'filename="first.mp4"; filename="second.mp4"', "first.mp4"),
        (rb'filename="a.mp4";', "a.mp4"),
        (rb'size=5 ; filename="a.mp4" ', "a.mp4"),
    ],
)
def test_a_file_name_is_read_as_its_sender_meant_it(parameters, filename):
    """Quotes as %22 or behind a backslash, bytes in UTF-8 or Latin-1, the extended form first."""
    assert filename == head_of(rb'form-data; name="file"; ' + parameters).filename


def test_a_field_has_no_file_name():
    """Text is told from a file by that, even from one without a name."""
    assert None is head_of(b'form-data; name="files[]"').filename
    assert "files[]" == head_of(b'form-data; name="files[]"').name


@pytest.mark.parametrize("encoding", [b"binary", b"8bit", b"7BIT", b""])
def test_what_is_sent_as_it_is_may_say_so(encoding):
    """Old clients send the header with every part."""
    header = b"Content-Transfer-Encoding: " + encoding

    assert "a" == head_of(b'form-data; name="a"', header).name


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"Content-Type: video/mp4",
        b"Content-Disposition: form-data",
        b'Content-Disposition: attachment; name="a"',
        b'Content-Disposition: form-data; name="a',
        b'Content-Disposition: form-data; name="a" "b"',
        DISPOSITION + b"\r\nContent-Transfer-Encoding: base64",
        b"no header at all",
        b"Content Disposition: form-data",
        DISPOSITION + b"\r\nX: " + b"y" * HEADER_BYTES_MAX,
        DISPOSITION + b"\r\nX: y" * HEADERS_MAX,
    ],
)
def test_a_part_that_is_none_is_refused(part):
    """Without a field's name, encoded, or saying too much: nothing of it is taken for a file."""
    error = refusal(b"--x\r\n" + part + b"\r\n\r\ndata\r\n--x--\r\n")

    assert 400 == error.status
    assert {"Connection": "close"} == error.headers


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"hello",
        b"--y\r\n",
        b"--x",
        b"--x\r\n" + DISPOSITION,
        b"--x\r\n" + DISPOSITION + b"\r\n\r\nhalf of a fi",
        b"--x\r\n" + DISPOSITION + b"\r\n\r\nall of it\r\n--x",
        b"--x\r\n" + DISPOSITION + b"\r\n\r\nall of it\r\n--x\r\n",
    ],
)
def test_half_a_form_is_refused(body):
    """Only the last boundary says that all has come."""
    assert 400 == refusal(body).status


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; Boundary="a b:c"', b"a b:c"),
        ("multipart/form-data;boundary=----WebKitFormBoundary7MA4", b"----WebKitFormBoundary7MA4"),
        ("multipart/form-data; boundary=abc;", b"abc"),
    ],
)
def test_the_boundary_is_in_the_content_type(content_type, boundary):
    """Bare or in quotes, whatever stands beside it."""
    assert boundary == boundary_of(content_type)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", 415),
        ("application/json", 415),
        ("multipart/mixed; boundary=abc", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ('multipart/form-data; boundary=""', 400),
        ('multipart/form-data; boundary="abc', 400),
        ('multipart/form-data; boundary="abc "', 400),
        ("multipart/form-data; boundary=" + "a" * (BOUNDARY_CHARACTERS_MAX + 1), 400),
        ("multipart/form-data; boundary=\N{SNOWMAN};\udcff=", 400),
    ],
)
def test_what_is_no_form_is_refused_unread(content_type, status):
    """Another kind of body, or a form that cannot be taken apart."""
    with pytest.raises(HTTPProblem) as caught:
        boundary_of(content_type)

    assert status == caught.value.status
