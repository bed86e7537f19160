"""Players as the log knows them."""

from projections.fold import fold
from projections.player_events import (
    PlayerClosed,
    PlayerConnected,
    PlayerLaunched,
    PlayerListed,
    PlayerLost,
    PlayerOpened,
)
from projections.players import PLAYERS, OpenedFile, Player
from support.builders import envelope
from support.clock import START_NS

TV = "tv"


def after(*events):
    """The row after these events, each a nanosecond after the one before."""
    envelopes = [
        envelope(event, seq=number, at=START_NS + number) for number, event in enumerate(events)
    ]
    return fold(PLAYERS, envelopes)[TV,]


def opened(session="s1", name="a.mkv"):
    """The player plays a file."""
    return PlayerOpened(player=TV, user="mara", name=name, path=f"/v/{name}", session=session)


def closed(session="s1", name="a.mkv"):
    """It does no longer."""
    return PlayerClosed(
        player=TV, name=name, path=f"/v/{name}", session=session, reason="eof", position_s=60.0
    )


def test_a_player_comes_and_goes():
    """Since when, which process, why not, and how often."""
    row = after(
        PlayerLaunched(player=TV),
        PlayerConnected(player=TV, version="0.35.1", process="7:9"),
        PlayerLost(player=TV, reason="silent"),
    )

    assert row == Player(
        player=TV,
        connected=False,
        changed_at=START_NS + 2,
        version="0.35.1",
        process="7:9",
        loss="silent",
        connections_count=1,
        launches_count=1,
    )
    assert (
        None
        is after(PlayerLost(player=TV, reason="gone"), PlayerConnected(player=TV, version="1")).loss
    )


def test_the_last_file_stays_known():
    """Open, then closed with its place; another player's end of it changes nothing."""
    file = OpenedFile(user="mara", name="a.mkv", path="/v/a.mkv", session="s1", at=START_NS)

    assert file == after(opened()).last
    assert ("eof", 60.0) == (
        after(opened(), closed()).last.reason,
        after(opened(), closed()).last.position_s,
    )
    assert file == after(opened(), closed(session="s0")).last
    assert "b.mkv" == after(opened(), closed(name="b.mkv")).last.name


def test_a_playlist_was_brought_in_line():
    """How many entries it has, and when that was."""
    row = after(PlayerListed(player=TV, entries_count=3, appended_count=3))

    assert (3, START_NS) == (row.entries_count, row.listed_at)
