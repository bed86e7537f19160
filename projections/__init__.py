"""
The pure core of Playhead: vocabulary, decisions and folds. No I/O, no clock, no randomness, no
async.

`PROJECTIONS` lists every view the engine keeps, in the order they are applied.
"""

from typing import Any

from projections.accounts import ACCOUNTS, PEOPLE
from projections.deliveries import DELIVERIES
from projections.filings import FILINGS, LEFT
from projections.fold import Projection
from projections.jobs import JOBS
from projections.library import CLUES, ITEMS
from projections.markers import MARKERS
from projections.media_files import FILES, TRASH
from projections.media_former import MEDIA_FORMER
from projections.media_sources import PROJECTS, SOURCES
from projections.media_uploads import BATCH_ITEMS, BATCHES, UPLOADS
from projections.players import PLAYERS
from projections.playlists import PLAYLISTS, SHELVES
from projections.positions import POSITIONS
from projections.resolve import RESOLVE_CLIPS, RESOLVE_JOBS
from projections.servers import POKES, RULES, SERVERS
from projections.sessions import SESSIONS
from projections.streams import STREAMS_OF_TITLES
from projections.summary import SUMMARY
from projections.timestamps import TIMESTAMPS
from projections.titles import TITLES
from projections.trail import TRAIL

PROJECTIONS: tuple[Projection[Any], ...] = (
    POSITIONS,
    TIMESTAMPS,
    SESSIONS,
    SUMMARY,
    JOBS,
    RULES,
    SERVERS,
    POKES,
    ACCOUNTS,
    PEOPLE,
    ITEMS,
    CLUES,
    TITLES,
    PLAYLISTS,
    SHELVES,
    STREAMS_OF_TITLES,
    DELIVERIES,
    TRAIL,
    SOURCES,
    PROJECTS,
    FILES,
    TRASH,
    UPLOADS,
    BATCHES,
    BATCH_ITEMS,
    FILINGS,
    LEFT,
    RESOLVE_JOBS,
    RESOLVE_CLIPS,
    MEDIA_FORMER,
    MARKERS,
    PLAYERS,
)

__all__ = ["PROJECTIONS", "Projection"]
