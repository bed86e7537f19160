"""Tracks: what is somebody's choice, who is told of it, and what is only an echo."""

import pytest

from projections.commands import Record
from projections.rules import ServerRules
from projections.streams import TOLD_MAX, Pair
from projections.sync_events import BrakePulled, DeltaPlanned
from projections.userdata import FIELDS, TICKS_PER_SECOND
from support.streams_world import RUNTIME_TICKS, StreamsWorld


@pytest.fixture
def world():
    """Attic and beach, both with the same file."""
    return StreamsWorld()


def test_chosen_tracks_get_to_the_other_server(world):
    """Once; its echo is no choice."""
    world.choose("attic", 1, 2)
    world.settle()

    assert [Pair(1, 2)] * 2 == world.pairs()
    assert [0, 1] == world.writes()
    assert ["chosen", "echo"] == world.verdicts()


def test_no_subtitles_are_a_choice(world):
    """They are switched off elsewhere, too."""
    world.choose("attic", 1, 2)
    world.settle()
    world.choose("beach", 1, None)
    world.settle()

    assert [Pair(1, None)] * 2 == world.pairs()


def test_the_same_tracks_again_are_no_news(world):
    """A player reports them every ten seconds."""
    world.choose("attic", 1, 2)
    world.settle()
    head = world.core.head
    world.choose("attic", 1, 2)
    world.hear("attic")

    assert head + 1 == world.core.head


def test_that_no_tracks_are_remembered_says_nothing(world):
    """Most notifications name none."""
    world.choose("attic", 1, 2)
    world.settle()
    world.choose("beach", None, None)
    world.settle()

    assert Pair(1, 2) == world.servers["attic"].pair


def test_nothing_happens_unless_it_is_configured():
    """By default tracks are not kept in step."""
    world = StreamsWorld(fields=FIELDS)
    world.choose("attic", 1, 2)
    world.settle()

    assert [] == world.verdicts()
    assert [0, 0] == world.writes()


@pytest.mark.parametrize(
    "other",
    [
        {"path": "/films/harbour-remux.mkv"},
        {"path": "/films/Harbour.mp4"},
        {"path": None},
        {"runtime_ticks": RUNTIME_TICKS + 3 * TICKS_PER_SECOND},
        {"runtime_ticks": 0},
    ],
)
def test_another_file_of_the_film_is_left_alone(other):
    """Indexes mean something in one file only."""
    world = StreamsWorld(listings={"beach": other})
    world.choose("attic", 1, 2)
    world.settle()

    assert [0, 0] == world.writes()


def test_a_file_that_runs_a_second_longer_is_the_same():
    """Two servers measure it differently."""
    longer = {"runtime_ticks": RUNTIME_TICKS + TICKS_PER_SECOND}
    world = StreamsWorld(listings={"beach": longer})
    world.choose("attic", 1, 2)
    world.settle()

    assert [Pair(1, 2)] * 2 == world.pairs()


def test_each_file_has_tracks_of_its_own():
    """What is chosen for one edition is neither told to the other nor taken from it."""
    remux = {"path": "/films/remux.mkv"}
    world = StreamsWorld(4, listings={"cabin": remux, "depot": remux})
    world.choose("attic", 1, 2)
    world.choose("cabin", 3, 4)
    world.settle()

    assert [Pair(1, 2), Pair(1, 2), Pair(3, 4), Pair(3, 4)] == world.pairs()


def test_tracks_from_before_are_no_choice(world):
    """A server repeats what it remembers with every save; the first time it is told what counts."""
    world.servers["beach"].pair = Pair(5, 6)
    world.choose("attic", 1, 2)
    world.hear("attic")
    world.repeat("beach")
    world.settle()

    assert [Pair(1, 2)] * 2 == world.pairs()
    assert ["chosen", "found", "echo"] == world.verdicts()


def test_a_choice_whose_own_webhook_was_lost_counts_when_it_is_told_of(world):
    """What a server holds otherwise than it was heard to somebody chose there since."""
    world.choose("attic", 1, 2)
    world.settle()
    world.servers["beach"].pair = Pair(5, 6)
    world.repeat("beach")
    world.settle()

    assert [Pair(5, 6)] * 2 == world.pairs()


def test_tracks_that_were_found_count_once_they_are_played(world):
    """Nobody chose others until then."""
    world.servers["attic"].pair = Pair(5, 6)
    world.repeat("attic")
    world.settle()
    before = world.writes()
    world.choose("attic", 5, 6)
    world.settle()

    assert [0, 0] == before
    assert [Pair(5, 6)] * 2 == world.pairs()


def test_a_first_choice_counts_for_both_tracks(world):
    """Subtitles that are off on a server that was never told of any are off by choice."""
    world.choose("attic", 1, 2)
    world.choose("beach", 3, None)
    world.hear("beach")
    world.settle()

    assert [Pair(3, None)] * 2 == world.pairs()


def test_a_choice_that_is_told_late_does_not_beat_a_newer_one(world):
    """The later change wins, not the later webhook."""
    world.choose("attic", 1, 2)
    world.choose("beach", 3, 4)
    world.hear("beach")
    world.settle()

    assert [Pair(3, 4)] * 2 == world.pairs()


def test_a_webhook_that_is_older_than_what_was_heard_is_ignored(world):
    """They overtake one another."""
    world.choose("attic", 1, 2)
    world.choose("attic", 3, 4)
    world.hear("attic", 1)
    world.settle()

    assert [Pair(3, 4)] * 2 == world.pairs()
    assert [0, 1] == world.writes()


def test_a_server_that_remembers_one_track_only_spoils_nothing(world):
    """What it does not keep is nobody's choice."""
    world.servers["beach"].remembers = (True, False)
    world.choose("attic", 1, 2)
    world.settle()
    world.choose("beach", 3, None)
    world.settle()

    assert [Pair(3, 2), Pair(3, None)] == world.pairs()
    assert [1, 1] == world.writes()


def test_a_plan_that_was_overtaken_there_is_dropped(world):
    """Somebody chose on the server itself before it was told."""
    world.choose("attic", 1, 2)
    world.hear("attic")
    world.choose("beach", 3, 4)
    world.hear("beach")
    world.settle()

    assert [Pair(3, 4)] * 2 == world.pairs()
    assert [1, 0] == world.writes()


def test_nothing_is_taken_from_a_server_that_is_only_written_to():
    """Nor is one written to that is only read."""
    world = StreamsWorld(
        rules={"attic": ServerRules(reads=False), "beach": ServerRules(writes=False)}
    )
    world.choose("attic", 1, 2)
    world.settle()
    world.choose("beach", 3, 4)
    world.settle()
    world.choose("attic", 5, 6)
    world.settle()

    assert ["chosen"] == world.verdicts()
    assert [1, 0] == world.writes()


def test_nothing_is_taken_while_the_brake_is_on(world):
    """The operator has to look first."""
    brake = BrakePulled(server="attic", reason="Absurd.", suspects_count=1, known_count=1)
    world.submit(Record, "attic", event=brake)
    world.choose("attic", 1, 2)
    world.hear("attic")

    assert [] == world.verdicts()


def test_as_many_echoes_are_waited_for_as_are_likely(world):
    """The latest."""
    for audio in range(TOLD_MAX + 2):
        world.choose("attic", audio, 0)
        world.hear("attic")

    told = [Pair(audio, 0) for audio in range(2, TOLD_MAX + 2)]
    assert tuple(told) == world.row().places["beach/b-film"].told


def test_a_delivery_names_the_film_and_the_tracks(world):
    """One per item, of which a newer takes the place of the older."""
    world.choose("attic", 1, 2)
    world.hear("attic")
    world.choose("attic", 1, 3)
    world.hear("attic")

    (row,) = world.due("beach")
    plans = [one.event for one in world.core.events if isinstance(one.event, DeltaPlanned)]
    assert ("streams:b-film", "Harbour", 3) == (row.subject, row.title, row.wish.subtitle)
    assert [2, 3] == [plan.wish.subtitle for plan in plans]
