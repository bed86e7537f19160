"""
What everything should come to: one server that has every title, on which all people do everything.
"""

import msgspec

from projections.envelope import Nanos
from projections.listing import Listing
from projections.sync_events import Poke
from projections.userdata import TICKS_PER_SECOND, State
from support.simulation.server import SimServer
from support.simulation.time import HOUR, Agenda

NEW_PLAY: Nanos = 6 * HOUR


class Ideal(SimServer):
    """Keyed by user and title instead of ids. A watched title stays watched when it is started."""

    def __init__(self, agenda: Agenda) -> None:
        super().__init__("ideal", "12.0", now=lambda: agenda.now, tell=_nobody)

    def shelve(self, title: str, listing: Listing) -> None:
        """Has a title."""
        self.library[title] = listing

    def report(
        self, user: str, title: str, position_s: float, *, finished: bool, age: Nanos = 0
    ) -> None:
        """What a player reports is done here too."""
        state, now = self.state(user, title), self._now() - age
        is_new = state.last_played_ns is None or now - state.last_played_ns > NEW_PLAY
        position_ticks = 0 if finished else int(position_s * TICKS_PER_SECOND)
        after = msgspec.structs.replace(state, position_ticks=position_ticks)
        if is_new or finished:
            after = msgspec.structs.replace(after, last_played_ns=now)
        if finished:
            again = is_new or not state.played
            after = msgspec.structs.replace(after, played=True, play_count=state.play_count + again)
        self.plant(user, title, after)
        # On a server with another past this may have been a new play.
        self.lived[user, title].append(msgspec.structs.replace(after, last_played_ns=now))

    def everything(self) -> dict[tuple[str, str], State]:
        """All that people did, by user and title."""
        return dict(self._data)


def _nobody(server: SimServer, poke: Poke) -> None:
    """Nobody is told anything."""
