"""One event as a person reads it, or another program."""

import msgspec

from projections.codec import CODEC
from projections.events import DaemonStopped, Opaque
from projections.render import event_data, event_line, event_view
from support.builders import envelope, reported
from support.clock import START_NS


def test_an_event_for_programs_has_every_field_in_its_usual_form():
    """Times are text in UTC, the id is a UUID, and the data loses nothing."""
    event = reported(position_s=12.5, device="tv")

    view = event_view(envelope(event, seq=7, at=START_NS + 1, cause=3))

    assert (7, "00000000-0000-0000-0000-000000000007", 3) == (view.seq, view.id, view.cause)
    assert "2026-11-21T09:00:00.000000001Z" == view.at
    assert event == msgspec.convert(view.data, type(event))


def test_an_unknown_event_shows_what_its_bytes_can_tell():
    """The audit trail of a newer release stays readable."""
    known = Opaque(msgspec.msgpack.encode({"mood": "calm", 7: b"\x00"}))

    assert {"mood": "calm", "7": "AA=="} == event_data(known)


def test_bytes_that_tell_nothing_are_shown_as_they_are():
    """Nothing is hidden: what cannot be read is at least there, in base64."""
    for data, text in ((b"\xc1\xff", "wf8="), (b"\x01", "AQ=="), (b"", "")):
        assert {"base64": text} == event_data(Opaque(data))


def test_a_line_says_when_who_and_what():
    """One line per event, columns in a fixed order."""
    line = event_line(envelope(DaemonStopped(reason="signal"), seq=12, source="daemon", cause=4))

    assert (
        "      12  2026-11-21T09:00:00.000Z  daemon.stopped        mara@daemon               "
        "cause=4 reason=signal"
    ) == line


def test_a_hostile_name_cannot_write_to_the_terminal():
    """Line breaks, escapes and spaces in a file name come out quoted, on one line."""
    name = 'a b\n\x1b[31m\u202e"\x85.mkv'

    line = event_line(envelope(reported(name=name)))

    assert line.isprintable()
    assert 'name="a b\\n\\u001b[31m' in line


def test_every_type_has_a_line():
    """No event breaks the audit trail, not even one that nobody knows."""
    line = event_line(envelope(reported(), type=CODEC.type_of(reported())))
    unknown = event_line(
        msgspec.structs.replace(envelope(reported()), event=Opaque(b"\xc1"), type="thing.melted")
    )

    assert "position.reported" in line
    assert "thing.melted" in unknown
    assert "base64=wQ==" in unknown
