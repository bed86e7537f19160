"""Errors as problem documents: the right status, a sentence, and what to do."""

import json

import pytest

from adapters.disk.errors import Changed, DiskFull, Outside, Unreachable
from adapters.files.tool_errors import ToolMissing
from daemon.errors import CorruptLog, Overloaded, StorageError
from daemon.web.problems import HTTPProblem, problem, problem_response
from projections.errors import Conflict, NotFound, PlayheadError, Rejected


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (NotFound("It is not there."), 404, "urn:playhead:problem:not-found"),
        (Conflict("It was used."), 409, "urn:playhead:problem:conflict"),
        (Rejected("It is wrong."), 422, "urn:playhead:problem:unprocessable-entity"),
        (Overloaded("Too much."), 503, "urn:playhead:problem:service-unavailable"),
        (StorageError("Disk."), 503, "urn:playhead:problem:service-unavailable"),
        (CorruptLog("Damaged."), 503, "urn:playhead:problem:service-unavailable"),
        (PlayheadError("Oh."), 500, "urn:playhead:problem:internal-server-error"),
        (Outside("It leads out."), 400, "urn:playhead:problem:bad-request"),
        (Changed("Somebody writes."), 409, "urn:playhead:problem:conflict"),
        (Unreachable("It is away."), 503, "urn:playhead:problem:service-unavailable"),
        (ToolMissing("ffmpeg"), 503, "urn:playhead:problem:service-unavailable"),
        (DiskFull("No room."), 507, "urn:playhead:problem:insufficient-storage"),
        (HTTPProblem(418, "No coffee."), 418, "urn:playhead:problem:im-a-teapot"),
    ],
)
def test_each_error_has_its_status(error, status, kind):
    """Who must act decides: the caller 4xx, the operator or time 5xx."""
    response = problem_response(error)

    body = json.loads(response.body)
    assert "application/problem+json" == response.headers["content-type"]
    assert (status, status) == (response.status_code, body["status"])
    assert (kind, str(error), error.hint) == (body["type"], body["detail"], body["hint"])
    assert ["type", "title", "status", "detail", "hint"] == list(body)


def test_what_will_pass_says_when_to_try_again():
    """A full queue or disk is answered with Retry-After; a mistake is not."""
    assert "1" == problem_response(StorageError("Disk.")).headers["retry-after"]
    assert "retry-after" not in problem_response(NotFound("No.")).headers


def test_a_path_may_say_400_of_what_is_refused():
    """As media-sync-api did; what has a status of its own keeps it."""
    assert 400 == problem_response(Rejected("No."), refusal=400).status_code
    assert 404 == problem_response(NotFound("No."), refusal=400).status_code
    assert 409 == problem_response(Conflict("No."), refusal=400).status_code
    assert 500 == problem_response(PlayheadError("No."), refusal=400).status_code


def test_headers_of_a_problem_are_sent():
    """A handler can ask for credentials or close the connection."""
    error = HTTPProblem(401, "Who?", headers={"WWW-Authenticate": "Basic"})

    assert "Basic" == problem_response(error).headers["www-authenticate"]
    assert "close" == problem(413, "x", headers={"Connection": "close"}).headers["connection"]
