"""
Cursors: where a page ended, as a text that the request for the next page brings back.
"""

import base64
import binascii
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from daemon.web.problems import HTTPProblem

CursorText: TypeAlias = Annotated[str, Meta(max_length=4_000)]

_Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: the value it was sorted by, and the row's key."""

    value: str | _Whole | None = None
    key: str = ""


def cursor_text(cursor: Cursor) -> str:
    """A cursor as the answer gives it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str | None) -> Cursor:
    """
    A cursor as a request brings it back; without a text, the one before the first page.

    Raises:
        HTTPProblem: 422, it is none of ours.
    """
    if not text:
        return Cursor()
    try:
        padded = text + "=" * (-len(text) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=Cursor)
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError) as error:
        hint = "Take `next` of the page before, and keep the other parameters."
        raise HTTPProblem(422, "The cursor is none of ours.", hint=hint) from error
