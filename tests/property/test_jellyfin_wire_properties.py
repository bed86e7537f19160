"""Dates and user data survive the way to a Jellyfin server and back."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from adapters.jellyfin import wire
from adapters.jellyfin.wire import UserItemDataDto
from projections.userdata import Changes, State, fields_of
from support.jellyfin.dates import NetDate, parse_date
from support.jellyfin.wire import dumps
from support.strategies import int64s

ticks = st.integers(min_value=0, max_value=2**63 - 1)
offsets = st.integers(min_value=-14 * 60, max_value=14 * 60)
moments = st.integers(min_value=-(2**63) // 100 + 1, max_value=2**63 // 100 - 1)
"""In ticks of 100 ns since 1970: what both a log and a server can hold."""

states = st.builds(
    State,
    position_ticks=ticks,
    played=st.booleans(),
    play_count=st.integers(min_value=0, max_value=2**31 - 1),
    last_played_ns=st.none() | moments.map(lambda moment: moment * 100),
    favorite=st.booleans(),
    rating=st.none() | st.floats(min_value=0, max_value=10),
)


@given(int64s)
def test_a_date_that_was_written_is_read_back(moment):
    """To the 100 ns that a server can keep, never later than it was."""
    again = wire.parse_date(wire.date_text(moment))

    assert again is None or again == moment // 100 * 100
    assert again is not None or moment // 100 * 100 < -(2**63)


@given(moments, offsets)
def test_a_server_takes_our_date_for_what_it_is(moment, offset):
    """Whatever its own zone is."""
    assert NetDate(moment) == parse_date(wire.date_text(moment * 100), offset)


@given(moments, st.sampled_from(["utc", "local"]), offsets)
def test_a_date_of_a_server_is_the_moment_it_means(moment, kind, offset):
    """In its own zone or in UTC; but for the local one in a thousand that wears a `Z`."""
    text = NetDate(moment, kind).text(offset)
    lies = kind == "local" and text.endswith("Z")
    expected = moment + offset * 600_000_000 if lies else moment

    assert wire.parse_date(text) == (expected * 100 if abs(expected * 100) < 2**63 else None)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader_of_dates(text):
    """It names a moment that the log can hold, or none."""
    moment = wire.parse_date(text)

    assert moment is None or abs(moment) <= 2**63


@given(states)
def test_a_state_that_is_sent_comes_back(state):
    """Every field that has a value, through our JSON and through .NET's."""
    changes = Changes(**{name: getattr(state, name) for name in State.__struct_fields__})
    body = wire.changes_body(changes)
    answer = {"Played": None, "IsFavorite": None, "PlaybackPositionTicks": None} | body

    for text in (json.dumps(answer), dumps(answer)):
        again = wire.user_data(wire.decode(text.encode(), UserItemDataDto))
        assert state == again
    assert all(value is not None for value in body.values())
    assert len(body) == sum(value is not None for value in fields_of(changes).values())
    assert not any(isinstance(value, float) and math.isnan(value) for value in body.values())


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader_of_answers(data):
    """They are of the shape, or not understood."""
    try:
        wire.user_data(wire.decode(data, UserItemDataDto))
    except wire.NotUnderstood:
        return


@given(st.text(max_size=50))
def test_only_an_identifier_is_one(text):
    """What passes has 32 hexadecimal digits and nothing else."""
    known = wire.known_guid(text)

    assert known == "" or (len(known) == 32 and set(known) <= set("0123456789abcdef"))
