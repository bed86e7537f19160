"""
When to look at everything: a state machine without clock and sleep.
"""

from math import inf

from adapters.jellyfin.server import ServerSettings
from projections.sync_events import SweepKind

SWEEP_KINDS: tuple[SweepKind, ...] = ("full", "quick")
"""Each covers those after it."""

SWEEP_PAUSES = 5
"""After a sweep a server is spared unplanned ones for this many times the length of it."""

SWEEP_PAUSE_S = 0.1


class SweepPlan:
    """
    The sweeps of one server.

    Sweeps that are asked for out of turn (a socket that ended, a server that came back) are let
    through, but a server that comes and goes is not swept without pause.
    """

    def __init__(self, settings: ServerSettings, now_s: float) -> None:
        self._every_s: dict[SweepKind, float] = {
            "full": settings.full_sweep_every_s,
            "quick": settings.quick_sweep_every_s or inf,
        }
        self._at_s: dict[SweepKind, float] = {"full": now_s, "quick": now_s}
        self._not_before_s: dict[SweepKind, float] = {"full": now_s, "quick": now_s}
        self._wanted: set[SweepKind] = set()

    def due(self, now_s: float, wanted: SweepKind | None) -> SweepKind | None:
        """The sweep to make now; a full one covers a quick one."""
        self._wanted |= {wanted} if wanted is not None else set()
        for kind in SWEEP_KINDS:
            asked = kind in self._wanted and now_s >= self._not_before_s[kind]
            if asked or now_s >= self._at_s[kind]:
                return kind
        return None

    def done(self, kind: SweepKind, started_s: float, now_s: float) -> None:
        """Notes that a sweep came to its end."""
        for covered in SWEEP_KINDS[SWEEP_KINDS.index(kind) :]:
            self._at_s[covered] = now_s + self._every_s[covered]
            self._not_before_s[covered] = now_s + SWEEP_PAUSES * (now_s - started_s)
            self._wanted.discard(covered)

    def pause_s(self, now_s: float) -> float:
        """How long there is nothing to do unless somebody asks."""
        asked_s = [self._not_before_s[kind] for kind in self._wanted]
        return max(SWEEP_PAUSE_S, min([*self._at_s.values(), *asked_s]) - now_s)
