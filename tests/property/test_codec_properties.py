"""What is written into the log is read out of it: every event, every version, every release."""

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from projections.codec import CODEC, Codec
from projections.errors import DecodeError
from projections.events import Event, Opaque, PositionReported
from projections.render import event_data
from projections.vocabulary import EVENT_TYPES
from support.strategies import ODD_TEXTS, events, events_of, finite, texts


class Measured(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An invented event at its third version."""

    label: str
    length_s: float
    unit: str = "s"


def to_second(fields):
    """The second version called the name a label."""
    return {"label": fields["name"], "length_ms": fields["length_ms"]}


def to_third(fields):
    """The third version counts in seconds."""
    return {"label": fields["label"], "length_s": fields["length_ms"] / 1000}


TODAY = Codec(
    {"thing.measured": Measured},
    upcasters={("thing.measured", 1): to_second, ("thing.measured", 2): to_third},
)
YESTERDAY = Codec({"thing.measured": Event}, upcasters={("thing.measured", 1): to_second})


@given(events())
def test_every_event_comes_back_as_it_went_in(event):
    """Whatever its type and whatever its fields hold, down to the last bit and character."""
    name, data = CODEC.type_of(event), CODEC.encode(event)

    again = CODEC.decode(name, data)

    assert event == again
    assert type(event) is type(again)
    assert data == CODEC.encode(again)


@given(st.sampled_from(ODD_TEXTS), st.sampled_from(ODD_TEXTS))
def test_odd_texts_are_stored_as_they_are(name, title):
    """Nothing is normalised, trimmed or cut at a NUL on its way into the log."""
    event = PositionReported(user="u", media="m", name=name, title=title, position_s=1.0)

    again = CODEC.decode("position.reported", CODEC.encode(event))

    assert (name, title) == (again.name, again.title)


@given(name=texts, length_ms=st.integers(min_value=-(2**53), max_value=2**53))
def test_old_versions_decode_to_the_newest_shape(name, length_ms):
    """One upcaster after the other: the first version passes through the second."""
    first = msgspec.msgpack.encode({"name": name, "length_ms": length_ms})
    second = msgspec.msgpack.encode({"label": name, "length_ms": length_ms})
    expected = Measured(label=name, length_s=length_ms / 1000)

    assert expected == TODAY.decode("thing.measured", first)
    assert expected == TODAY.decode("thing.measured.2", second)
    assert expected == TODAY.decode(TODAY.type_of(expected), TODAY.encode(expected))


@given(label=texts, length_s=finite)
def test_a_newer_version_passes_through_an_older_release(label, length_s):
    """What the next release wrote is kept byte for byte by this one, and read by the next again."""
    event = Measured(label=label, length_s=length_s, unit="ms")
    data = TODAY.encode(event)

    kept = YESTERDAY.decode("thing.measured.3", data)

    assert Opaque(data) == kept
    assert event == TODAY.decode("thing.measured.3", YESTERDAY.encode(kept))


@given(st.text(min_size=1, max_size=20), st.binary(max_size=60))
def test_an_unknown_type_is_kept_whatever_its_bytes_are(suffix, data):
    """Not a single byte of what is not understood is lost, and it can be shown."""
    kept = CODEC.decode("unknown." + suffix, data)

    assert Opaque(data) == kept
    assert data == CODEC.encode(kept)
    assert isinstance(event_data(kept), dict)


@given(st.sampled_from(sorted(EVENT_TYPES)), st.binary(max_size=60))
@example("daemon.stopped", b"\xdf\xff\xff\xff\xff")
@example("daemon.stopped", b"\x81" * 60)
def test_damaged_bytes_are_told_of_or_are_an_event(name, data):
    """Random bytes never raise anything but the error that names the damage."""
    try:
        event = CODEC.decode(name, data)
    except DecodeError:
        return

    assert name == CODEC.type_of(event)


@given(st.data())
def test_a_field_cannot_be_lost(data):
    """Every field of every type is told in the audit trail."""
    kind = data.draw(st.sampled_from(sorted(EVENT_TYPES.values(), key=str)))
    event = data.draw(events_of(kind))

    assert set(kind.__struct_fields__) >= set(event_data(event))
    assert event == msgspec.convert(event_data(event), kind)
