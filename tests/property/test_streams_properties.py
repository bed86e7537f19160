"""
Tracks under late, doubled and disordered webhooks: servers always come to rest with the same ones,
and then nobody is told anything more.
"""

from hypothesis import given
from hypothesis import strategies as st

from projections.codec import CODEC
from projections.envelope import Envelope
from projections.fold import encode_rows, fold
from projections.streams import STREAMS_OF_TITLES, StreamsSeen
from projections.sync_events import DeltaPlanned
from support.strategies import events_of
from support.streams_world import NAMES, StreamsWorld

servers = st.integers(0, 2)
tracks = st.integers(0, 2)
choices = st.tuples(st.just("choose"), servers, tracks, tracks)
halves = st.tuples(st.just("choose"), servers, tracks, st.none())
"""Subtitles off, which nobody can tell from a track that is not remembered."""

others = st.one_of(
    st.tuples(st.just("hear"), servers, st.integers(0, 5), st.booleans()),
    st.tuples(st.just("repeat"), servers, st.none(), st.none()),
    st.tuples(st.just("deliver"), servers, st.none(), st.booleans()),
    st.tuples(st.just("restart"), servers, st.none(), st.none()),
)


def do(world, kind, server, what, how):
    """One step."""
    name = NAMES[server]
    match kind:
        case "choose":
            world.choose(name, what, how)
        case "hear":
            world.hear(name, what, twice=how)
        case "repeat":
            world.repeat(name)
        case "deliver":
            world.deliver(name, heard=how)
        case "restart":
            world.core.restart()


@given(st.lists(choices | others, max_size=25))
def test_servers_come_to_rest_with_the_same_tracks(steps):
    """However the news travels."""
    world = StreamsWorld(3)
    for step in steps:
        do(world, *step)
    world.settle()
    writes = world.writes()
    rounds = world.settle()

    assert 1 == rounds
    assert writes == world.writes()
    assert 1 == len(set(world.pairs()))
    assert [] == world.core.differences()


@given(
    st.lists(choices | halves | others, max_size=25),
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=3, max_size=3),
)
def test_servers_that_remember_only_some_tracks_come_to_rest(steps, remembered):
    """Nobody is told for ever what they do not keep."""
    world = StreamsWorld(3)
    for theatre, remembers in zip(world.servers.values(), remembered, strict=True):
        theatre.remembers = remembers
    for step in steps:
        do(world, *step)
    world.settle()

    assert 1 == world.settle()


@given(st.lists(st.one_of(events_of(StreamsSeen), events_of(DeltaPlanned)), max_size=6))
def test_any_events_can_be_folded(events):
    """An event in the log is a fact, however odd."""
    envelopes = [
        Envelope(seq, bytes(16), 0, 0, CODEC.type_of(event), "test", "test", None, event)
        for seq, event in enumerate(events, start=1)
    ]
    rows = fold(STREAMS_OF_TITLES, envelopes)

    assert len(rows) == len(list(encode_rows(rows)))
