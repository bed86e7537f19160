"""
Who asks, as the daemon sees it: for pages that show and hide what somebody may do.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon.web.endpoint import Endpoint, json_response, known
from daemon.web.services import Services


class Whoami(msgspec.Struct, frozen=True, kw_only=True):
    """
    The user and the scopes of this request's credential. `open`: there are no credentials at all,
    so everybody on this machine may do everything.
    """

    user: str
    scopes: list[str]
    open: bool


async def whoami(services: Services, request: Request) -> Response:
    """Tells whose credential this request bears, and what it allows."""
    principal = known(request)
    answer = Whoami(
        user=principal.user, scopes=sorted(principal.scopes), open=services.gate.is_open
    )
    return json_response(answer)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/whoami",
        handler=whoami,
        summary="Who am I?",
        tag="status",
        scope=None,
        answer=Whoami,
    ),
)
