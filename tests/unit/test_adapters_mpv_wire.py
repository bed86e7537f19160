"""mpv's JSON IPC as lines: commands out, replies and notices in, names that are no text."""

import json

import pytest

from adapters.mpv import wire
from adapters.mpv.errors import NotUnderstood
from adapters.mpv.wire import (
    EndFile,
    FileLoaded,
    PlaybackRestarted,
    PlaylistEntry,
    PropertyChanged,
    Reply,
    SeekBegun,
    StartFile,
)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"request_id":7,"error":"success","data":1.5}', Reply(7, "success", 1.5)),
        (b'{"request_id":7,"error":"success"}', Reply(7, "success", None)),
        (b'{"error":"invalid parameter","request_id":0}', Reply(0, "invalid parameter", None)),
        (b'{"event":"start-file","playlist_entry_id":3}', StartFile(3)),
        (b'{"event":"file-loaded"}', FileLoaded()),
        (b'{"event":"seek"}', SeekBegun()),
        (b'{"event":"playback-restart"}', PlaybackRestarted()),
        (b'{"event":"end-file","reason":"eof","playlist_entry_id":3}', EndFile(3, "eof")),
        (
            b'{"event":"end-file","reason":"error","playlist_entry_id":3,"file_error":"gone"}',
            EndFile(3, "error", "gone"),
        ),
        (b'{"event":"end-file","reason":"novel","playlist_entry_id":3}', EndFile(3, "unknown")),
        (
            b'{"event":"property-change","id":2,"name":"pause","data":true}',
            PropertyChanged("pause", data=True, id=2),
        ),
        (
            b'{"event":"property-change","id":2,"name":"duration"}',
            PropertyChanged("duration", None, 2),
        ),
        (b'{"event":"tick"}', None),
        (b'{"data":1}', None),
    ],
)
def test_a_line_is_read(line, said):
    """Replies and the notices that matter; all others are nothing."""
    assert said == wire.parse(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"playing",
        b"[1]",
        b"null",
        b"{",
        b'{"request_id":"7"}',
        b'{"event":5}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_mpv_does_not_say_is_not_understood(line):
    """Whatever it is, it is one kind of failure."""
    with pytest.raises(NotUnderstood):
        wire.parse(line)


def test_bytes_that_are_no_text_come_and_go():
    """A name that is no UTF-8 is read with its bytes kept, and sent back as it came."""
    told = wire.parse(b'{"event":"property-change","id":1,"name":"path","data":"/caf\xe9.mkv"}')
    sent = wire.encode(wire.load(told.data), 4)

    assert "/caf\udce9.mkv" == told.data
    assert b'"url": "/caf\xe9.mkv"' in sent
    assert b"\n" == sent[-1:]


def test_a_command_is_one_line_whatever_the_name():
    """Quotes and newlines in a name stay inside it."""
    name = '/odd "\n\\ name.mkv'
    sent = wire.encode(wire.load(name, "append-play"), 4)

    assert 1 == sent.count(b"\n")
    assert {
        "command": {"name": "loadfile", "url": name, "flags": "append-play"},
        "request_id": 4,
    } == json.loads(sent)


def test_a_playlist_is_read():
    """With the flags that mpv leaves out where they are false."""
    data = [{"filename": "/a", "id": 1}, {"filename": "/b", "id": 4, "playing": True, "title": "B"}]

    assert (PlaylistEntry(1, "/a"), PlaylistEntry(4, "/b", playing=True)) == wire.playlist_of(data)
    assert () == wire.playlist_of(None)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (wire.playlist_of, [{"filename": 5, "id": 1}]),
        (wire.playlist_of, "all"),
        (wire.number_of, "soon"),
        (wire.text_of, 5),
    ],
)
def test_a_value_of_another_kind_is_not_understood(read, data):
    """Nothing is guessed."""
    with pytest.raises(NotUnderstood):
        read(data)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain.mkv", "plain.mkv"),
        ("żółć.mkv", "żółć.mkv"),
        ("caf\udce9.mkv", "caf\ufffd.mkv"),
        ("\udce6\udc9d.mkv", "\ufffd.mkv"),
        ("\ud800.mkv", "\ufffd.mkv"),
    ],
)
def test_a_text_can_be_written_down(text, clean):
    """Each piece that is no UTF-8 becomes one mark, as in the Lua client."""
    assert clean == wire.clean(text)
