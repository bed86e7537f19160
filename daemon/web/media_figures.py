"""
How much there is in the library, and of jobs for DaVinci Resolve, for the metrics.
"""

from typing import Any, get_args

from daemon.database import storage_errors
from daemon.engine.views import ViewReader
from daemon.errors import CorruptViews
from daemon.sql import load_queries
from daemon.telemetry.metrics import Level
from daemon.web.services import Services
from projections.media_sources import SOURCES
from projections.resolve import JobState

SOURCES_MAX = 1_000

QUERIES = load_queries("daemon.web", "media_figures.sql")


async def show_media_figures(services: Services) -> None:
    """Brings the gauges of ingest up to date."""
    levels = await services.views.read(_levels)
    for name, values in levels.items():
        services.metrics.show(f"playhead.{name}", values)


def _levels(views: ViewReader) -> dict[str, list[Level]]:
    sources = [row for row in views.find(SOURCES, "sources", (SOURCES_MAX,)) if row.enabled]
    levels: dict[str, list[Level]] = {
        "media.source.reachable": [({"source": row.name}, int(not row.problem)) for row in sources],
        "media.files": [],
        "media.size": [],
        "media.trash": [],
        "media.uploads.open": [({}, _numbers(views, "open_uploads")[0])],
        "media.unmeasured": [({}, _numbers(views, "unmeasured")[0])],
        "resolve.jobs": [
            ({"state": state}, _numbers(views, "jobs", state)[0]) for state in get_args(JobState)
        ],
    }
    for row in sources:
        labels = {"source": row.name}
        files_count, size_bytes = _numbers(views, "held", row.name)
        levels["media.files"].append((labels, files_count))
        levels["media.size"].append((labels, size_bytes))
        levels["media.trash"].append((labels, _numbers(views, "trashed", row.name)[0]))
    return levels


def _numbers(views: ViewReader, query: str, *parameters: str) -> Any:
    with storage_errors("count in the library", damage=CorruptViews):
        return views.connection.execute(QUERIES[query], parameters).fetchone()
