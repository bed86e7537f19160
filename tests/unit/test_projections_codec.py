"""Events to bytes and back: what is stored, what is refused, and what is kept though unknown."""

import msgspec
import pytest

from projections.codec import CODEC, Codec
from projections.errors import DecodeError
from projections.events import DaemonStopped, Event, Opaque, PositionReported
from support.builders import reported


class Renamed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An invented event at its second version."""

    title: str


def doubled(fields):
    """Version 1 called the title a label."""
    return {"title": fields["label"] * 2}


RENAMING = Codec({"thing.renamed": Renamed}, upcasters={("thing.renamed", 1): doubled})


def test_defaults_are_not_stored():
    """A field at its default costs no byte in a log that grows for years."""
    stored = msgspec.msgpack.decode(CODEC.encode(reported(device="", finished=False)))

    assert {"user", "media", "name", "position_s", "session"} == set(stored)


def test_a_field_that_a_later_release_added_is_ignored():
    """A log written by a newer release with one more optional field can still be read."""
    data = msgspec.msgpack.encode({"reason": "signal", "exit_code": 0})

    assert DaemonStopped(reason="signal") == CODEC.decode("daemon.stopped", data)


def test_a_whole_number_of_seconds_reads_as_seconds():
    """Positions imported without a fraction are positions all the same."""
    fields = {"user": "m", "media": "k", "name": "n", "position_s": 60}

    event = CODEC.decode("position.reported", msgspec.msgpack.encode(fields))

    assert 60.0 == event.position_s
    assert isinstance(event.position_s, float)


def test_the_second_version_is_stored_under_its_own_name():
    """A reader of the log can tell which shape the bytes have."""
    assert "thing.renamed.2" == RENAMING.type_of(Renamed(title="x"))


def test_the_first_version_is_brought_up_to_date():
    """Bytes of an old release come back in the shape of this one."""
    data = msgspec.msgpack.encode({"label": "ab"})

    assert Renamed(title="abab") == RENAMING.decode("thing.renamed", data)


@pytest.mark.parametrize("type_name", ["thing.melted", "position.reported.2", "thing.renamed.3"])
def test_an_unknown_type_or_version_is_kept_byte_for_byte(type_name):
    """What a newer release wrote is never dropped and never rewritten."""
    data = b"\xc1 not even msgpack"

    event = CODEC.decode(type_name, data)

    assert Opaque(data) == event
    assert data == CODEC.encode(event)


@pytest.mark.parametrize(
    ("type_name", "data"),
    [
        ("daemon.stopped", b""),
        ("daemon.stopped", b"\xc1"),
        ("daemon.stopped", msgspec.msgpack.encode({})),
        ("daemon.stopped", msgspec.msgpack.encode({"reason": 1})),
        ("daemon.stopped", b"\x81\xa6reason\xa1\xff"),
        ("position.reported", msgspec.msgpack.encode({"user": "m"})),
    ],
)
def test_damaged_bytes_are_an_error_that_names_the_type(type_name, data):
    """A damaged record is told of, never read as something else."""
    with pytest.raises(DecodeError, match=type_name):
        CODEC.decode(type_name, data)


@pytest.mark.parametrize(
    "data",
    [b"\x90", msgspec.msgpack.encode({}), msgspec.msgpack.encode({"label": None})],
    ids=["no-map", "no-field", "wrong-type"],
)
def test_damaged_bytes_of_an_old_version_are_an_error_too(data):
    """An upcaster that cannot work on the bytes means a damaged record, not a crash."""
    with pytest.raises(DecodeError, match=r"thing\.renamed"):
        RENAMING.decode("thing.renamed", data)


def test_a_reason_no_release_knows_is_damage():
    """The reasons of a report are a closed list."""
    data = msgspec.msgpack.encode(
        {"user": "m", "media": "k", "name": "n", "position_s": 1.0, "reason": "boredom"}
    )

    with pytest.raises(DecodeError, match="boredom"):
        CODEC.decode("position.reported", data)


def test_events_cannot_be_changed():
    """A fact of the past stays as it was recorded."""
    with pytest.raises(AttributeError):
        reported().position_s = 1.0

    assert PositionReported is type(reported())
