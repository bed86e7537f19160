"""Which changes of the past an undo takes back, and what was before them."""

from projections.sync_events import (
    DeltaDelivered,
    DeltaPlanned,
    Observed,
    UserDataObserved,
    UserDataSet,
    UserDataWish,
)
from projections.undo import UNKNOWN, Selection, Tally, Undone, changes_in
from projections.userdata import Changes, State
from support.builders import envelope

KEY = ("mara", "m1")
PLACE = {"target": "cellar", "user": "mara", "subject": "c1"}


def player(count, *, media="m1", user="mara", by="player"):
    """A player set the play count."""
    return UserDataSet(user=user, media=media, changes=Changes(play_count=count), by=by)


def server(count, *, name="attic"):
    """A server was seen with another play count."""
    observed = Observed(state=State(play_count=count), changes=Changes(play_count=count))
    rows = {"m1": {f"{name}-1": observed}}
    return UserDataObserved(server=name, user="mara", user_id="u1", via="read", as_of=0, rows=rows)


def tally(*events, causes=None, **selection):
    """The events as a log from seq 1 on, tallied."""
    found = Tally(Selection(**({"last": len(events)} | selection)))
    for seq, event in enumerate(events, start=1):
        if found.selection.first <= seq <= found.selection.last:
            found.add(envelope(event, seq=seq, cause=(causes or {}).get(seq)))
    return found


def undone(found):
    """What is undone of the film's play count."""
    return found.touched[KEY]["play_count"]


def test_what_was_before_the_range_is_not_known_from_it():
    """Then somebody has to look it up; what nobody finds was blank."""
    found = tally(player(1), player(2), first=2)

    assert Undone(2, 2, UNKNOWN) == undone(found)
    assert {KEY: {"play_count"}} == found.unknown()


def test_what_was_looked_up_is_what_comes_back():
    """The register before the first undone change is the value to return to."""
    found = tally(player(1), player(2), first=2)
    found.learn({KEY: {"play_count": 1}})

    assert 1 == undone(found).then
    assert {} == found.unknown()


def test_a_field_that_was_never_set_before_becomes_blank():
    """False, zero or none, as the field has it."""
    changes = Changes(played=True, rating=7.0, position_ticks=5)
    event = UserDataSet(user="mara", media="m1", changes=changes, by="player")
    found = tally(event)
    found.learn({})

    then = {name: field.then for name, field in found.touched[KEY].items()}
    assert {"played": False, "rating": None, "position_ticks": 0} == then


def test_a_track_cannot_be_taken_back_to_none():
    """There is no way to ask a server for no track at all."""
    event = UserDataSet(user="mara", media="m1", changes=Changes(audio_stream=2), by="player")
    found = tally(event)
    found.learn({})

    assert UNKNOWN is found.touched[KEY]["audio_stream"].then


def test_a_change_that_stays_is_what_the_undone_one_returns_to():
    """Between two changes of attic's the player spoke: that is not lost."""
    found = tally(server(1), player(5), server(9), server=("attic"))

    assert Undone(1, 3, 5) == undone(found)


def test_only_what_is_asked_for_is_undone():
    """One server, one person, one title."""
    events = (player(1), server(2), server(3, name="cellar"), player(4, user="jon"))

    assert Undone(3, 3, 2) == undone(tally(*events, server="cellar"))
    assert [("jon", "m1")] == list(tally(*events, user="JON").touched)
    assert {} == tally(*events, media="m2").touched


def test_a_cause_takes_along_what_followed_from_it():
    """From a webhook to the look, and to what a write answered."""
    wish = UserDataWish(media="m1", item_id="c1", fields=Changes())
    answer = Observed(state=State(play_count=3), changes=Changes(play_count=3))
    delivered = DeltaDelivered(**PLACE, wish=wish, observed=answer)
    planned = DeltaPlanned(**PLACE, wish=wish, due_ns=0)
    events = (server(1), server(2), planned, player(7), delivered)

    found = tally(*events, causes={3: 2, 5: 3}, cause=2, first=2)

    assert Undone(2, 5, 7) == undone(found)


def test_an_undo_is_no_consequence_of_what_it_undid():
    """It names it as its cause, but it was the operator who wanted it."""
    found = tally(server(1), player(0, by="undo"), causes={2: 1}, cause=1)

    assert Undone(1, 1, UNKNOWN) == undone(found)


def test_an_undo_can_itself_be_undone():
    """It is a change like any other to whoever names it."""
    found = tally(server(1), player(0, by="undo"), first=2)

    assert Undone(2, 2, UNKNOWN) == undone(found)


def test_a_look_that_changed_nothing_is_no_change():
    """Neither is a plan, nor a delivery that was answered as expected."""
    rows = {"m1": {"a1": Observed(state=State(play_count=1), refused={"play_count": "No."})}}
    look = UserDataObserved(
        server="attic", user="mara", user_id="u1", via="sweep", as_of=0, rows=rows
    )
    wish = UserDataWish(media="m1", item_id="c1", fields=Changes(play_count=1))
    plan = DeltaPlanned(**PLACE, wish=wish, due_ns=0)
    silent = DeltaDelivered(**PLACE, wish=wish, wrote=Changes(play_count=1))

    assert [] == [
        change for event in (look, plan, silent) for change in changes_in(envelope(event))
    ]
