"""
Request bodies: counted, with a deadline, and decoded into structs.

The HTTP server limits neither size nor slowness, so this does: a body that says it is too large is
refused unread, one that turns out too large is refused at that point, one that does not arrive in
time is given up.
"""

from typing import Any, TypeVar

import anyio
import msgspec
from starlette.requests import ClientDisconnect, Request

from daemon.config.settings import Server
from daemon.web.problems import HTTPProblem

Body = TypeVar("Body")

_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


async def read_body(request: Request, limits: Server) -> bytes:
    """
    The whole body.

    Raises: HTTPProblem: 413 when it is too large, 408 when it is too slow, 400 when the client went
        away.
    """
    size_max = limits.body_bytes_max
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > size_max:
        raise _too_large(size_max)
    with anyio.move_on_after(limits.body_deadline_s):
        return await _counted(request, size_max)
    raise HTTPProblem(
        408,
        f"The request body did not arrive within {limits.body_deadline_s:g} s.",
        hint="Send it faster, or in smaller parts.",
        headers={"Connection": "close"},
    )


async def _counted(request: Request, size_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > size_max:
                raise _too_large(size_max)
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise HTTPProblem(400, "The client went away in the middle of its request.") from error
    return b"".join(chunks)


def _too_large(size_max: int) -> HTTPProblem:
    return HTTPProblem(
        413,
        f"The request body is larger than {size_max} bytes.",
        hint="Send less at once, or raise server.body_bytes_max.",
        headers={"Connection": "close"},
    )


def decode_body(data: bytes, kind: type[Body]) -> Body:
    """
    The struct a JSON body describes.

    Raises:
        HTTPProblem: 400 when it is not JSON, 422 when it does not fit, naming the place.
    """
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        body: Body = decoder.decode(data)
    except msgspec.ValidationError as error:
        raise HTTPProblem(422, _sentence(error), hint="See /api/openapi.json.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"The request body is not valid JSON: {error}."
        raise HTTPProblem(400, message, hint="Send a JSON document in UTF-8.") from error
    return body


def decode_query(request: Request, kind: type[Body]) -> Body:
    """
    The struct that the query parameters describe; each may be given once.

    Raises:
        HTTPProblem: 422 when they do not fit.
    """
    pairs = request.query_params.multi_items()
    values = dict(pairs)
    if len(values) != len(pairs):
        raise HTTPProblem(422, "A query parameter was given twice.", hint="Give each once.")
    try:
        query: Body = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise HTTPProblem(422, _sentence(error), hint="See /api/openapi.json.") from error
    return query


def _sentence(error: msgspec.ValidationError) -> str:
    what, _, where = str(error).partition(" - at ")
    place = where.strip("`").removeprefix("$").removeprefix(".")
    return f"{place}: {what}." if place else f"{what}."
