"""However a form is cut into pieces on its way, the same files come out."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.web.multipart import FormParser, Mark, PartHead, boundary_of
from daemon.web.problems import HTTPProblem

BOUNDARY = b"-x-"
# Bytes of which boundaries are made, so that much looks like one and is none.
near_boundaries = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"x", b"\r\n-", b"\r\n--", b"\r\n---x-", b"a"])
).map(b"".join)
contents = (st.binary(max_size=100) | near_boundaries).filter(
    lambda data: b"\r\n--" + BOUNDARY not in b"\r\n" + data + b"\r\n"
)
names = st.text(st.characters(codec="utf-8", exclude_characters='\r\n"\\%\0'), max_size=20)
parts = st.lists(st.tuples(names, st.none() | names, contents), max_size=5)


def form(parts):
    """A form as a browser writes it."""
    body = b""
    for name, filename, data in parts:
        body += b"--" + BOUNDARY + f'\r\nContent-Disposition: form-data; name="{name}"'.encode()
        body += b"" if filename is None else f'; filename="{filename}"'.encode()
        body += b"\r\n\r\n" + data + b"\r\n"
    return body + b"--" + BOUNDARY + b"--\r\n"


def pieces(data, cuts):
    """The data cut at these places, some of the pieces empty."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in zip([0, *places], places, strict=False)]


def taken(events):
    """Name, file name and bytes of each part, and whether the form ended."""
    found = []
    for event in events:
        if isinstance(event, PartHead):
            found.append((event.name, event.filename, b""))
        elif isinstance(event, memoryview):
            name, filename, data = found.pop()
            found.append((name, filename, data + bytes(event)))
    return found, events[-1:] == [Mark.FORM_END]


@given(parts, st.lists(st.integers(min_value=0, max_value=10_000), max_size=30))
def test_any_split_gives_the_same_parts(parts, cuts):
    """Also in the middle of a boundary, and where the content looks like one."""
    parser = FormParser(BOUNDARY)
    events = []
    for piece in pieces(form(parts), cuts):
        events += parser.feed(piece)
    parser.end()

    assert (parts, True) == taken(events)


@given(parts, st.lists(st.integers(min_value=0, max_value=10_000), max_size=30))
def test_content_that_is_not_fed_is_missed_by_nobody(parts, cuts):
    """What certainly is content may go past the parser; only what may end it must not."""
    parser = FormParser(BOUNDARY)
    events = []
    for piece in pieces(form(parts), cuts):
        known = 0
        if parser.is_in_content:
            memory = bytearray(b"?" + piece)
            known = parser.content_end(memory, 1, len(memory)) - 1
        events.append(memoryview(piece)[:known])
        events += parser.feed(piece[known:])
    parser.end()

    assert (parts, True) == taken([event for event in events if event != b""])


@given(parts)
def test_one_byte_at_a_time_gives_the_same_parts(parts):
    """The slowest client of all."""
    body = form(parts)
    parser = FormParser(BOUNDARY)
    events = []
    for place in range(len(body)):
        events += parser.feed(body[place : place + 1])

    assert (parts, True) == taken(events)


def outcome(attempt):
    """What it gives, or the status of the refusal."""
    try:
        return attempt()
    except HTTPProblem as error:
        return error.status


@given(st.lists(st.binary(max_size=80) | near_boundaries, max_size=8))
def test_any_bytes_are_a_form_or_are_refused(pieces):
    """Nothing but a 400 comes of nonsense."""
    parser = FormParser(BOUNDARY)
    outcomes = [
        outcome(lambda piece=piece: parser.feed(piece))
        for piece in [b"--" + BOUNDARY, b"\r\n", *pieces]
    ]
    outcomes.append(outcome(parser.end))

    assert {400} >= {status for status in outcomes if isinstance(status, int)}


@given(st.binary(max_size=200))
def test_any_disposition_is_a_part_or_is_refused(header):
    """A head may say anything that fits on one line."""
    line = header.replace(b"\r", b" ").replace(b"\n", b" ")
    start = b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; name=a;"
    found = outcome(lambda: FormParser(BOUNDARY).feed(start + line + b"\r\n\r\n")[0].name)

    assert found in {400, "a"}


@given(st.binary(max_size=200))
def test_any_content_type_has_a_boundary_or_is_refused(header):
    """It never raises anything else."""
    content_type = "multipart/form-data;" + header.decode("latin-1")
    found = outcome(lambda: len(boundary_of(content_type)))

    assert found in {400, *range(1, 71)}
