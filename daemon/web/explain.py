"""
Why a title is as it is, as `playhead explain` tells it.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.datadir import DataDirectory
from daemon.engine.views import ViewReader
from daemon.eventlog.store import LogReader
from daemon.explaining import explained
from daemon.web.bodies import decode_query
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.services import Services
from projections.explanation import HISTORY_DEFAULT, HISTORY_MAX, Explanation

Result = TypeVar("Result")

Name = Annotated[str, Meta(min_length=1, max_length=256)]


class ExplainQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which title: `item` is a media key, an item id, server/item, a path, or a name or its beginning.
    Only one person, only one server, if these are given; `limit` bounds the history.
    """

    item: Annotated[str, Meta(min_length=1, max_length=4096)]
    user: Name | None = None
    server: Name | None = None
    limit: Annotated[int, Meta(ge=1, le=HISTORY_MAX)] = HISTORY_DEFAULT


async def explain(services: Services, request: Request) -> Response:
    """
    Tells for one title and each person the agreed values and where they came from, what every
    server holds, what is still to be written, and the history. 409 lists the titles when several
    are meant.
    """
    require(request, "audit")
    query = decode_query(request, ExplainQuery)

    def read(log: LogReader, views: ViewReader) -> Explanation:
        return explained(
            log,
            views,
            query.item,
            user=query.user,
            server=query.server,
            lines_max=query.limit,
        )

    return json_response(await read_both(services, read))


async def read_both(services: Services, query: Callable[[LogReader, ViewReader], Result]) -> Result:
    """Runs `query` in a worker thread with readers of the log and of the views."""
    path = DataDirectory(Path(services.settings.data)).log

    def read(views: ViewReader) -> Result:
        with closing(LogReader.open(path)) as log:
            return query(log, views)

    return await services.views.read(read)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/explain",
        handler=explain,
        summary="Why a title is as it is",
        tag="sync",
        scope="audit",
        query=ExplainQuery,
        answer=Explanation,
        statuses=(404, 409, 422),
    ),
)
