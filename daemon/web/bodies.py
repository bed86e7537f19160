"""
Request bodies: counted, with a deadline, and decoded into structs.

The HTTP server limits neither size nor slowness, so this does: a body that says it is too large is
refused unread, one that turns out too large is refused at that point, one that does not arrive in
time is given up.
"""

from collections.abc import Coroutine, Generator, Hashable, Iterable
from functools import lru_cache
from types import coroutine
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin

import anyio
import msgspec
from starlette.requests import Request

from daemon.config.settings import Server
from daemon.web.problems import HTTPProblem

Body = TypeVar("Body")

_WORDS = (
    ("Object missing required field", "There is no value for"),
    ("Object contains unknown field", "There is no field called"),
    ("Invalid enum value", "There is no such choice as"),
)
"""What the library says, and what we say instead."""

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
    reading = _counted(request, size_max)
    try:
        waiting = reading.send(None)
    except StopIteration as end:  # it came with the headers, as small bodies do
        return cast("bytes", end.value)
    with anyio.move_on_after(limits.body_deadline_s):
        return await _resumed(reading, waiting)
    raise HTTPProblem(
        408,
        f"The request body did not arrive within {limits.body_deadline_s:g} s.",
        hint="Send it faster, or in smaller parts.",
        headers={"Connection": "close"},
    )


@coroutine
def _resumed(reading: Coroutine[Any, Any, bytes], waiting: Any) -> Generator[Any, Any, bytes]:
    """
    Awaits a coroutine whose first step was taken by hand, and which `waiting` now holds up.

    A deadline costs 30 us (of the 135 that a position report spends on the event loop), and hardly
    any body needs one.
    """
    try:
        while True:
            try:
                value = yield waiting
            except BaseException as error:  # noqa: BLE001 - a cancellation above all
                waiting = reading.throw(error)
            else:
                waiting = reading.send(value)
    except StopIteration as end:
        return cast("bytes", end.value)


async def _counted(request: Request, size_max: int) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise HTTPProblem(400, "The client went away in the middle of its request.")
        body += message.get("body", b"")
        if len(body) > size_max:
            raise _too_large(size_max)
        more = message.get("more_body", False)
    return bytes(body)


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
    except RecursionError as error:
        hint = "No document of this interface is nested more than three levels."
        raise HTTPProblem(400, "The request body is nested too deeply.", hint=hint) from error
    return body


def decode_query(request: Request, kind: type[Body]) -> Body:
    """
    The struct that the query parameters describe; each may be given once, but for lists.

    Raises:
        HTTPProblem: 422 when they do not fit.
    """
    pairs = request.query_params.multi_items()
    values: dict[str, Any] = {}
    lists = _lists(cast("Hashable", kind))
    for name, value in pairs:
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise HTTPProblem(422, f"{name} was given twice.", hint="Give each parameter once.")
        else:
            values[name] = value
    _refuse_unknown(values, kind)
    try:
        query: Body = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise HTTPProblem(422, _sentence(error), hint="See /api/openapi.json.") from error
    return query


@lru_cache(maxsize=128)
def _lists(kind: Any) -> frozenset[str]:
    """The parameters that may be given several times."""
    return frozenset(field.name for field in msgspec.structs.fields(kind) if _is_list(field.type))


def _is_list(kind: Any) -> bool:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return get_origin(bare) is tuple


def _refuse_unknown(values: Iterable[str], kind: type[Any]) -> None:
    """A mistyped filter must not silently select everything."""
    known = kind.__struct_fields__
    for name in values:
        if name not in known:
            hint = f"There are: {', '.join(known)}."
            raise HTTPProblem(422, f"There is no query parameter {name!r}.", hint=hint)


def _sentence(error: msgspec.ValidationError) -> str:
    what, _, where = str(error).partition(" - at ")
    place = where.strip("`").removeprefix("$").removeprefix(".")
    for library, ours in _WORDS:
        what = what.replace(library, ours)
    return f"{place}: {what}." if place else f"{what}."
