"""Reports on their way into the log, when the disk refuses."""

import anyio
import pytest

from adapters.mpv.outbox import PLAYBACKS_MAX, Outbox
from adapters.mpv.player import Player
from projections.envelope import NANOS_PER_SECOND
from support.builders import report
from support.players import PlayerDesk, settings_for

LATE_S = 0.02


@pytest.fixture
async def desk():
    """An empty log."""
    return PlayerDesk()


@pytest.fixture
def outbox(desk, tmp_path):
    """Of a player that never is."""
    return Outbox(Player(settings_for(tmp_path / "s"), desk, desk.count))


async def test_a_refused_report_waits_with_its_time(outbox, desk):
    """The newest of each playback is kept, and recorded as of when it was made."""
    desk.refusals = 2
    for session, position_s in (("s1", 60.0), ("s1", 70.0), ("s2", 80.0)):
        outbox.put(report(session=session, position_s=position_s))
        if session == "s1":
            await outbox.send()
    waiting = not outbox.is_empty
    await anyio.sleep(LATE_S)
    await outbox.send()
    late_ns = [envelope.recorded - envelope.at for envelope in desk.core.events]

    assert waiting
    assert outbox.is_empty
    assert [("s1", 70.0), ("s2", 80.0)] == [
        (event.session, event.position_s) for event in desk.reports("harbour.mkv")
    ]
    assert all(late >= LATE_S * NANOS_PER_SECOND for late in late_ns)


async def test_what_waits_is_bounded(outbox, desk):
    """The oldest playbacks are given up when the disk refuses for too long."""
    for number in range(PLAYBACKS_MAX + 5):
        outbox.put(report(session=f"s{number}"))
    await outbox.send()

    assert PLAYBACKS_MAX == len(desk.reports("harbour.mkv"))
    assert "s5" == desk.reports("harbour.mkv")[0].session
