"""The queue's answers as the agent reads them, and its credentials as it sends them."""

import msgspec
import pytest

from adapters.resolve.client import (
    Busy,
    Credential,
    LockedOut,
    Lost,
    Queue,
    Refused,
    Unreachable,
    _failure,
)
from adapters.resolve.wire import NotUnderstood, jobs_in, shortened

JOB = {
    "id": "j1",
    "token": "t1",
    "mode": "import",
    "resolve_project": {"mode": "select", "name": ""},
    "files": [{"path": "a.mov", "paths": {"server": "/a.mov"}, "news": 1}],
    "colour_of_the_week": "red",
}


def answer(*jobs):
    """The answer to an agent that asked for work."""
    return msgspec.json.encode({"jobs": jobs, "more": True})


def test_what_is_not_known_is_passed_over():
    """A newer daemon may tell more."""
    (job,) = jobs_in(answer(JOB))

    assert ("j1", "t1", "import") == (job.id, job.token, job.mode)
    assert "/a.mov" == job.files[0].paths["server"]


def test_a_job_that_is_not_understood_can_be_given_back():
    """Its id and token are enough for that."""
    with pytest.raises(NotUnderstood) as caught:
        jobs_in(answer(JOB | {"mode": "explode"}))

    assert caught.value.job is not None
    assert ("j1", "t1") == (caught.value.job.id, caught.value.job.token)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"jobs": 3}', b'{"jobs": [{}]}'])
def test_what_is_no_answer_of_the_queue_is_told(content):
    """A proxy's page, for example."""
    with pytest.raises(NotUnderstood) as caught:
        jobs_in(content)

    assert caught.value.job is None


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (401, b'{"detail": "Who?"}', LockedOut),
        (403, b"", LockedOut),
        (409, b'{"detail": "It is done."}', Lost),
        (404, b'{"detail": "There is no job."}', Lost),
        (404, b"<html>", Unreachable),
        (429, b"", Busy),
        (503, b'{"detail": "Full."}', Busy),
        (500, b'{"detail": "Oops."}', Unreachable),
        (502, b"<html>", Unreachable),
        (422, b'{"detail": "Too long.", "hint": "Shorter."}', Refused),
        (301, b"", Unreachable),
    ],
)
def test_each_refusal_has_a_name(status, content, kind):
    """By it the agent knows whether to wait, to stop, or to ask for help."""
    error = _failure(status, content, None, "http://daemon")

    assert kind is type(error)
    assert str(error)
    assert error.hint


@pytest.mark.parametrize(
    ("told", "pause_s"),
    [("7", 7.0), (None, 1.0), ("soon", 1.0), ("99999", 600.0), ("-3", 0.0)],
)
def test_a_busy_daemon_says_for_how_long(told, pause_s):
    """And is believed within reason."""
    error = _failure(503, b"", told, "http://daemon")

    assert isinstance(error, Busy)
    assert pause_s == error.pause_s


def test_a_credential_is_a_token_or_a_user():
    """As HTTP writes them."""
    assert "Bearer s3cret" == Credential(token="s3cret").header
    assert "Basic YW5uOnBhJDk=" == Credential(user="ann", password="pa$9").header
    assert "" == Credential().header


@pytest.mark.parametrize("url", ["", "ftp://host", "host:8787", "http://"])
def test_what_is_no_address_is_told_at_once(url):
    """Not after a minute of silence."""
    with pytest.raises(Unreachable, match="no address"):
        Queue(url, Credential)


def test_a_long_text_is_cut_where_the_queue_would_refuse_it():
    """A job is not lost because somebody's path is long."""
    assert ("abc", "ab…") == (shortened("abc", 3), shortened("abcd", 3))
