"""Each event about a title, told in a sentence."""

import pytest

from projections.history import history_line
from projections.sync_events import (
    DeltaAbandoned,
    DeltaDeferred,
    DeltaDelivered,
    DeltaFailed,
    DeltaPlanned,
    DeltaRetried,
    Observed,
    UserDataObserved,
    UserDataSet,
    UserDataWish,
    WebhookReceived,
)
from projections.userdata import TICKS_PER_SECOND, Changes, State
from support.builders import envelope, reported
from support.clock import START_NS

PLACE = {"target": "cellar", "user": "mara", "subject": "c1"}
ANSWERED = (
    "wrote position 0:30:00; it did not take position; it answered favourite yes;"
    " accepted favourite yes"
)
HALF = Changes(position_ticks=1800 * TICKS_PER_SECOND)


def wish(**fields):
    """A wish for half an hour into the film."""
    return UserDataWish(**({"media": "m1", "item_id": "c1", "fields": HALF} | fields))


def looked(**observed):
    """A look at attic's item of the film."""
    rows = {"m1": {"a1": Observed(**({"state": State()} | observed))}, "m2": {}}
    return UserDataObserved(
        server="attic", user="mara", user_id="u1", via="read", as_of=0, rows=rows
    )


def told(event):
    """The sentence about an event."""
    return history_line(envelope(event), "m1", ()).text


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("a look found a blank title (not watched, at its start)", looked()),
        (
            "a look after PlaybackFinished found for the first time plays 1; accepted plays 1",
            looked(
                state=State(play_count=1),
                changes=Changes(play_count=1),
                reasons=("PlaybackFinished",),
                first=True,
            ),
        ),
        (
            (
                "a look found a blank title (not watched, at its start);"
                " refused plays: A play count only grows"
            ),
            looked(refused={"play_count": "A play count only grows."}),
        ),
        (
            "set played yes (stop)",
            UserDataSet(
                user="mara", media="m1", changes=Changes(played=True), by="player", note="stop"
            ),
        ),
        ("planned to write position 0:30:00", DeltaPlanned(**PLACE, wish=wish(), due_ns=0)),
        (
            "planned to correct it: position 0:30:00",
            DeltaPlanned(**PLACE, wish=wish(corrective=True), due_ns=0),
        ),
        (
            "planned to write position 0:30:00 once the title is there",
            DeltaPlanned(**PLACE, wish=wish(item_id=None), due_ns=0),
        ),
        ("wrote position 0:30:00", DeltaDelivered(**PLACE, wish=wish(), wrote=HALF)),
        ("needed nothing, it was so", DeltaDelivered(**PLACE, wish=wish())),
        (
            ANSWERED,
            DeltaDelivered(
                **PLACE,
                wish=wish(),
                wrote=HALF,
                deviates=("position_ticks",),
                observed=Observed(state=State(favorite=True), changes=Changes(favorite=True)),
            ),
        ),
        (
            "failed: 503; again at 2026-11-21T09:00:00Z",
            DeltaFailed(**PLACE, error="503.", retry_ns=START_NS),
        ),
        (
            "put off: It plays; again at 2026-11-21T09:00:00Z",
            DeltaDeferred(**PLACE, reason="It plays.", retry_ns=START_NS),
        ),
        ("parked: Enough.", DeltaAbandoned(**PLACE, reason="Enough.")),
        ("dropped: Enough.", DeltaAbandoned(**PLACE, reason="Enough.", dropped=True)),
        ("the operator had it tried again", DeltaRetried(**PLACE)),
    ],
)
def test_an_event_is_told_in_a_sentence(text, event):
    """What was found, accepted, refused and why, planned, written, put off, given up."""
    assert text == told(event)


def test_a_line_says_where_it_happened():
    """The server, or whoever else it was."""
    player = UserDataSet(user="mara", media="m1", changes=HALF, by="player")
    failed = DeltaFailed(**PLACE, error="503", retry_ns=0)

    places = [history_line(envelope(event), "m1", ()).place for event in (looked(), player, failed)]
    assert ["attic", "player", "cellar"] == places


def test_a_line_says_what_set_it_off():
    """A webhook has no line of its own, so the chain of causes ends in words."""
    hook = envelope(WebhookReceived(server="attic", body=b"{}", type="UserDataSaved"), seq=3)
    look = envelope(looked(), seq=4, cause=3)
    report = envelope(reported(), seq=9)

    planned = history_line(envelope(looked(), seq=5), "m1", (look, hook))
    assert ((4, 3), "webhook UserDataSaved of attic") == (planned.causes, planned.origin)
    assert "" == history_line(envelope(looked(), seq=5), "m1", (look,)).origin
    assert (
        "position.reported by mara"
        == history_line(envelope(looked(), seq=10), "m1", (report,)).origin
    )
