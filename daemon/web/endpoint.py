"""
What a route is here: one row of a table that says everything about it.

The router, the checks of scope, the metrics' route label and the OpenAPI document are all made from
these rows.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon.auth import Principal, Scope
from daemon.web.problems import CHALLENGE, HTTPProblem
from daemon.web.services import Services

Handler: TypeAlias = Callable[[Services, Request], Awaitable[Response]]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """
    One method of one path.

    Attributes:
        scope: what the principal must be allowed; None where everybody is.
        query: struct of the query parameters.
        headers: struct of the headers it looks at, its fields called as they are.
        body: struct of the JSON body.
        bodies: what else a body may be, by Content-Type: struct of a form's fields, or `bytes`.
        is_body_optional: whether it may be left out.
        answer: struct of the JSON answer; `answer_type` when it is not JSON, empty when there is
            no body; `bytes` when it is no text.
        status: the status of that answer.
        refusal: the status of a command that was refused, when it is no other; media-sync-api's
            paths say 400.
        is_order: whether it changes something although it is a GET, as some of media-sync-api's
            are. It then has no HEAD and obeys no foreign page.
        statuses: the other statuses it answers with, besides 401, 403, 421 and 503.
        plain: statuses that are answered without a problem document: the struct of the JSON answer,
            `str` for text, `bytes` for what is none, None for no body.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    scope: Scope | None
    query: type[msgspec.Struct] | None = None
    headers: type[msgspec.Struct] | None = None
    body: Any = None
    bodies: Mapping[str, Any] = msgspec.field(default_factory=dict)
    is_body_optional: bool = False
    answer: Any = None
    answer_type: str = "application/json"
    status: int = 200
    refusal: int = 422
    is_order: bool = False
    statuses: tuple[int, ...] = ()
    plain: Mapping[int, Any] = msgspec.field(default_factory=dict)


def require(request: Request, scope: Scope) -> Principal:
    """
    Who sends this request, as the guard found out, if that principal has the scope.

    Raises: HTTPProblem: 401 when nobody is known, which only paths open to all let through; 403
        without the scope.
    """
    principal = known(request)
    if not principal.may(scope):
        hint = (
            f"Use a token that has it: playhead token add --user {principal.user} --scope {scope}"
        )
        raise HTTPProblem(403, f"This needs the scope {scope!r}.", hint=hint)
    return principal


def known(request: Request) -> Principal:
    """
    Who sends this request, whatever they may.

    Raises: HTTPProblem: 401 when nobody is known.
    """
    principal: Principal | None = request.scope["playhead.principal"]
    if principal is None:
        hint = "Send HTTP Basic or a bearer token: see `playhead user` and `playhead token`."
        raise HTTPProblem(401, "A credential is needed.", hint=hint, headers=CHALLENGE)
    return principal


def may(request: Request, scope: Scope) -> bool:
    """Whether somebody is known to send this request, and has the scope."""
    principal: Principal | None = request.scope["playhead.principal"]
    return principal is not None and principal.may(scope)


def json_response(value: Any, *, status: int = 200) -> Response:
    """A JSON answer."""
    return JSONAnswer(msgspec.json.encode(value), status)


class JSONAnswer(Response):
    """
    A response whose headers are known beforehand. Starlette finds out for each which are missing;
    that took 4 us of each of a thousand reports a second.
    """

    def __init__(self, body: bytes, status: int) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [
            (b"content-length", b"%d" % len(body)),
            (b"content-type", b"application/json"),
        ]
