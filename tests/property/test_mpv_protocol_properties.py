"""
The protocol without the socket: however the bytes are cut, and whatever stands between them, each
line says the same.
"""

import json

from hypothesis import given
from hypothesis import strategies as st

from adapters.mpv.protocol import Protocol
from adapters.mpv.wire import Reply, clean, encode

LINE_BYTES_MAX = 200

names = st.binary(max_size=20).map(
    lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)
garbage = st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"") + b"\n")
too_long = st.integers(LINE_BYTES_MAX + 1, 3 * LINE_BYTES_MAX).map(lambda size: b"x" * size + b"\n")


def replies(texts):
    """What mpv answers to commands that gave these texts, as it writes them: bytes are kept."""
    for number, text in enumerate(texts, start=1):
        line = {"request_id": number, "error": "success", "data": text}
        yield json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def cut(data, places):
    """The same bytes in pieces."""
    ends = sorted({place % (len(data) + 1) for place in places})
    return [data[first:last] for first, last in zip([0, *ends], [*ends, len(data)], strict=True)]


@given(
    st.lists(names, max_size=8),
    st.lists(garbage | too_long, max_size=8),
    st.lists(st.integers(0, 5_000), max_size=12),
)
def test_lines_are_read_however_they_come(texts, between, places):
    """All replies arrive, in order and once, between any garbage and across any cuts."""
    protocol = Protocol(line_bytes_max=LINE_BYTES_MAX)
    for text in texts:
        protocol.send(("echo", text))
    lines = list(replies(texts))
    mixed = [part for pair in zip(between, lines, strict=False) for part in pair]
    mixed += between[len(lines) :] + lines[len(between) :]
    said = [one for piece in cut(b"".join(mixed), places) for one in protocol.receive(piece)]

    assert texts == [one.data for one in said if isinstance(one, Reply)]
    assert 0 == protocol.pending_count


@given(st.lists(st.integers(0, 9), max_size=20))
def test_a_reply_is_taken_once_and_only_if_awaited(numbers):
    """What nobody asked, or what comes twice, is nothing."""
    protocol = Protocol()
    asked = [protocol.send(("get_property", "pause"))[0] for _ in range(4)]
    data = b"".join(b'{"request_id":%d,"error":"success"}\n' % number for number in numbers)
    said = [reply.request_id for reply in protocol.receive(data)]

    assert list(dict.fromkeys(n for n in numbers if n in asked)) == said


@given(names)
def test_a_command_survives_the_way_there(name):
    """What mpv reads is byte for byte the name that was sent, in one line."""
    sent = encode({"name": "loadfile", "url": name}, 1)
    read = json.loads(sent.decode("utf-8", "surrogateescape"))

    assert 1 == sent.count(b"\n")
    assert name == read["command"]["url"]


@given(st.text(max_size=30))
def test_a_clean_text_can_always_be_written(text):
    """Whatever comes, it is valid UTF-8 afterwards, and what was valid is unchanged."""
    told = clean(text)
    told.encode()

    assert told == clean(told)
