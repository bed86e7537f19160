"""The table of exact paths in front of the router."""

import msgspec
import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from daemon.web.app import ExactPaths


class Defect(Exception):
    """What a handler with a bug raises."""


async def works(_request):
    return PlainTextResponse("found")


async def fails(_request):
    raise Defect


class BreaksOff(Response):
    """A response that fails after its first bytes."""

    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise Defect


async def breaks_off(_request):
    return BreaksOff()


async def router(scope, receive, send):
    """Stands for Starlette's router: answers whatever the table left to it."""
    await PlainTextResponse("router", 404)(scope, receive, send)


TABLE = ExactPaths(
    router,
    [
        Route("/works", works, methods=["GET"]),
        Route("/fails", fails, methods=["GET"]),
        Route("/breaks", breaks_off, methods=["GET"]),
        Route("/with/{name}", works, methods=["GET"]),
    ],
)


async def ask(method, path):
    """The messages that answer a request, and the error that came out of the application."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    try:
        await TABLE(scope, receive, send)
    except Defect as error:
        return sent, error
    return sent, None


async def test_an_exact_path_is_answered_without_the_router():
    """The handler of the table answers."""
    sent, error = await ask("GET", "/works")

    assert error is None
    assert (200, b"found") == (sent[0]["status"], sent[1]["body"])


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/none"), ("PUT", "/works"), ("GET", "/with/a")]
)
async def test_all_else_is_the_routers(method, path):
    """Unknown paths, other methods and paths with parameters pass through."""
    sent, _ = await ask(method, path)

    assert (404, b"router") == (sent[0]["status"], sent[1]["body"])


async def test_a_defect_is_a_problem_document_and_reaches_the_server():
    """The client gets a sentence and a hint with 500; the error itself goes on upwards."""
    sent, error = await ask("GET", "/fails")
    problem = msgspec.json.decode(sent[1]["body"])

    assert isinstance(error, Defect)
    assert (500, 500) == (sent[0]["status"], problem["status"])
    assert "defect" in problem["hint"]


async def test_an_answer_that_breaks_off_is_not_begun_again():
    """Once the answer has begun, a second one would corrupt the connection."""
    sent, error = await ask("GET", "/breaks")

    assert isinstance(error, Defect)
    assert ["http.response.start"] == [message["type"] for message in sent]
