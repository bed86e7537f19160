"""
The pure core of Playhead: vocabulary, decisions and folds. No I/O, no clock, no randomness, no
async.

`PROJECTIONS` lists every view the engine keeps, in the order they are applied.
"""

from typing import Any

from projections.fold import Projection
from projections.jobs import JOBS
from projections.positions import POSITIONS
from projections.sessions import SESSIONS
from projections.summary import SUMMARY
from projections.timestamps import TIMESTAMPS

PROJECTIONS: tuple[Projection[Any], ...] = (POSITIONS, TIMESTAMPS, SESSIONS, SUMMARY, JOBS)

__all__ = ["JOBS", "POSITIONS", "PROJECTIONS", "SESSIONS", "SUMMARY", "TIMESTAMPS", "Projection"]
