"""
Undoing a stretch of the log, as `playhead undo` asks for it: first the plan, then, with the plan's
digest, its execution.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from daemon.undoing import Undo, carried_out, planned, refuse_another
from daemon.web.bodies import decode_body, read_body
from daemon.web.endpoint import Endpoint, json_response, require
from daemon.web.explain import Name, read_both
from daemon.web.problems import HTTPProblem
from daemon.web.services import Services
from projections.undo import UndoPlan

SOURCE = "http"
SEQ_MAX = 2**63 - 1

Seq = Annotated[int, Meta(ge=1, le=SEQ_MAX)]


class UndoBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What is to be undone: the changes of the events `first` to `last`, both included; of one server,
    one person, one title (`media`, a media key); what followed from event `cause`. At least one of
    them is needed. `force` also undoes what something else changed since. Without `digest` nothing
    is done; with the digest of a plan that plan is carried out.
    """

    first: Seq | None = None
    last: Seq | None = None
    server: Name | None = None
    user: Name | None = None
    media: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    cause: Seq | None = None
    force: bool = False
    digest: Annotated[str, Meta(max_length=64)] | None = None


class UndoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The plan, and the events that carried it out; none when it was only asked for."""

    plan: UndoPlan
    seqs: list[int]


async def undo(services: Services, request: Request) -> Response:
    """
    Plans the changes that take a stretch of the log back, and carries them out when the digest of
    the plan comes with the question. 409 when the plan is another one by then.
    """
    actor = require(request, "admin").user
    body = decode_body(await read_body(request, services.settings.server), UndoBody)
    wanted = _wanted(body)
    plan = await read_both(services, lambda log, views: planned(log, views, wanted))
    seqs: list[int] = []
    if body.digest is not None:
        refuse_another(plan, body.digest)
        seqs = await carried_out(services.writer, plan, source=SOURCE, actor=actor)
    return json_response(UndoAnswer(plan=plan, seqs=seqs))


def _wanted(body: UndoBody) -> Undo:
    values = msgspec.structs.asdict(body)
    del values["digest"]
    chosen = {name: value for name, value in values.items() if value is not None}
    if chosen.keys() <= {"force"}:
        hint = "Give at least one of first, last, server, user, media and cause."
        raise HTTPProblem(422, "The request does not say what is to be undone.", hint=hint)
    return Undo(**chosen)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/undo",
        handler=undo,
        summary="Take a stretch of the log back, or see what that would do",
        tag="sync",
        scope="admin",
        body=UndoBody,
        answer=UndoAnswer,
        statuses=(400, 408, 409, 413, 422),
    ),
)
