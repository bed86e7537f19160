"""How the server says no: as an exception that becomes an answer."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The request is answered with this status; `body` is JSON, or a plain text."""

    def __init__(self, status: int, body: Any = None, *, text: str | None = None) -> None:
        super().__init__(status, body or text)
        self.status = status
        self.body = body
        self.text = text


def failed(status: int) -> Refused:
    """An exception inside the server: the text says nothing, on purpose."""
    return Refused(status, text="Error processing request.")


def not_found(sentence: str | None = None) -> Refused:
    """404, as the framework or the controller words it."""
    title = {"title": "Not Found", "status": 404, "traceId": "00-0-0-00"}
    return Refused(404, sentence or title)


def bad_argument(name: str, value: object) -> Refused:
    """400 of the framework: a parameter could not be read."""
    return Refused(
        400,
        {
            "title": "One or more validation errors occurred.",
            "status": 400,
            "errors": {name: [f"The value '{value}' is not valid."]},
            "traceId": "00-0-0-00",
        },
    )
