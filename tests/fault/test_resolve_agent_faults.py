"""What goes wrong at an edit suite, one thing at a time: Resolve, the daemon, the agent itself."""

import time
from pathlib import Path

import opentimelineio as otio
import pytest

from support.command import playhead
from support.mpv import wait_until
from support.resolve_agent import Suite
from support.resolve_double import FREE
from support.resolve_queue import QueueDouble, a_file, a_marker

CUT = "Cut"

TIMEOUT_S = 6
"""Of a job: long enough for a child to start on a busy machine."""

SOON_S = 20
"""On a busy machine, and long before what is waited for."""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One suite whose agent outlives all tests."""
    options = ("--resolve-wait-s", "0.5", "--lease-s", "1", "--job-timeout-s", str(TIMEOUT_S))
    suite = Suite(tmp_path_factory.mktemp("suite"), *options)
    yield suite
    suite.close()


@pytest.fixture
def suite(house):
    """A suite with an open project, and nothing broken yet."""
    house.clear()
    house.double.have(CUT, is_open=True)
    return house


def failed(suite, job):
    """The report of a job, which must be a failure."""
    kind, body = suite.queue.report(job)
    assert "fail" == kind, body
    return body


def is_gone(pid):
    """Whether a process has ended."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def child_of(agent):
    """The process id of the agent's child, once it has one."""
    wait_until(agent.children, "a child of the agent")
    return agent.children()[0]


@pytest.mark.parametrize(
    ("product", "faults", "why"),
    [
        ("DaVinci Resolve Studio", {"none": True}, "Resolve gives no handle"),
        (FREE, {}, "DaVinci Resolve is the free edition"),
    ],
)
def test_without_a_handle_a_file_is_handed_off(suite, product, faults, why):
    """With the clips and markers of the job, and a sentence that says what to click."""
    suite.double.reset(product=product)
    suite.double.break_down(**faults)
    a = suite.clip("a.mov")
    gone = a_file(suite.originals / "gone.mov")
    job = suite.queue.ask(a_file(a, markers=[a_marker("m1", 1.0, note="Look")]), gone)
    kind, body = suite.queue.report(job)
    (clip,) = otio.adapters.read_from_file(body["artifact"]).find_clips()

    assert "complete" == kind
    assert {"a.mov": "handed_off", "gone.mov": "missing"} == suite.queue.outcomes(job)
    assert body["note"].startswith(why)
    assert f"File > Import > Timeline, choose {body['artifact']}" in body["note"]
    assert suite.originals.parents[1] / "exports" == Path(body["artifact"]).parent
    assert f"file://{a}" == clip.media_reference.target_url
    assert [("Look", 25)] == [
        (marker.name, marker.marked_range.start_time.value) for marker in clip.markers
    ]
    assert [] == suite.double.calls()


def test_without_a_handle_clips_are_relinked_by_hand(suite):
    """Nothing else can be done, and what to click is said."""
    suite.double.break_down(none=True)
    job = suite.queue.ask(a_file(suite.clip("a.mov")), mode="relink")
    _, body = suite.queue.report(job)

    assert {"a.mov": "handed_off"} == suite.queue.outcomes(job)
    assert f"Relink Selected Clips, and choose {suite.originals}." in body["note"]


def test_an_import_that_silently_does_nothing_is_noticed(suite):
    """Resolve says neither yes nor no: the pool is looked at again. Another try may help."""
    suite.double.break_down(empty_import=True)
    body = failed(suite, suite.queue.ask(a_file(suite.clip("a.mov"))))

    assert not body["is_final"]
    assert ["refused"] == [each["outcome"] for each in body["results"]]
    assert "Master" == suite.double.selected(CUT)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"resolve_project": {"mode": "new", "name": "Film"}}, "did not make the project 'Film'"),
        ({}, "does not make or select the bin 'Tag 1'"),
    ],
)
def test_an_open_dialog_is_somebodys_to_answer(suite, fields, words):
    """Everything says no while it is open; the job waits for a person, not for a machine."""
    suite.double.break_down(modal=True)
    body = failed(suite, suite.queue.ask(a_file(suite.clip("a.mov")), **fields))

    assert body["is_final"]
    assert words in body["error"]
    assert [] == suite.double.clips(CUT)


def test_a_resolve_without_its_database_needs_a_restart(suite):
    """It answers everything else, so this is asked first."""
    suite.double.break_down(wedged=True)
    body = failed(suite, suite.queue.ask(a_file(suite.clip("a.mov"))))

    assert "Resolve runs, but has no database. Restart Resolve" in body["error"]
    assert [] == suite.double.calls()


def test_a_call_that_never_returns_is_ended(suite):
    """The child is killed though Python cannot run in it, and the next job is done."""
    suite.double.break_down(hang="ImportMedia")
    hung = suite.queue.ask(a_file(suite.clip("a.mov")))
    pid = child_of(suite.agent)
    body = failed(suite, hung)
    suite.double.break_down()
    next_one = suite.queue.ask(a_file(suite.clip("b.mov")))

    assert (
        f"timeout: nothing was heard from Resolve for {TIMEOUT_S} s while importing"
        in (body["error"])
    )
    assert not body["is_final"]
    assert is_gone(pid)
    assert {"b.mov": "imported"} == suite.queue.outcomes(next_one)


def test_a_library_that_crashes_takes_only_the_child_along(suite):
    """Two Pythons in one process end it on Windows; the agent goes on, and says what it was."""
    suite.double.break_down(crash="ImportMedia")
    body = failed(suite, suite.queue.ask(a_file(suite.clip("a.mov"))))

    assert "The process that speaks to Resolve crashed (exit code -6" in body["error"]
    assert not body["is_final"]


def test_a_job_from_the_future_is_given_back(suite):
    """With a sentence for whoever can update the agent."""
    job = suite.queue.ask(mode="explode")
    body = failed(suite, job)

    assert "does not understand the job: update it" in body["error"]


def test_a_long_job_is_kept_and_told_of(suite):
    """Before its lease runs out, as often as needed."""
    suite.double.break_down(slow_s=1.2)
    job = suite.queue.ask(a_file(suite.clip("a.mov")))
    suite.queue.report(job)
    beats = suite.queue.beats

    assert 2 <= len(beats)
    assert (1.0, "importing 1 of 1") in {(beat["lease_s"], beat["note"]) for beat in beats}


def test_a_job_that_is_another_ones_is_dropped(suite):
    """The child ends in the middle, and nothing is reported."""
    suite.double.break_down(slow_s=60)
    job = suite.queue.ask(a_file(suite.clip("a.mov")))
    pid = child_of(suite.agent)
    suite.queue.lost.add(job)
    wait_until(lambda: is_gone(pid), "the end of the child")
    suite.double.break_down()
    suite.queue.report(suite.queue.ask(a_file(suite.clip("b.mov"))))

    assert job not in {each[0] for each in suite.queue.reports}
    assert f"job {job} is not ours any more" in suite.agent.text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("401", "Not now. Make a token that does"),
        ("503", "Not now. The agent tries again by itself."),
        ("500", "Not now. Start the daemon"),
        ("html", "The answer is not one of the queue's"),
    ],
)
def test_a_daemon_that_refuses_is_asked_again(suite, fault, words):
    """Told once, however often it refuses; then everything goes on."""
    said = len(suite.agent.lines)
    suite.queue.fault = fault
    suite.queue.shake()
    wait_until(lambda: suite.queue.refused >= 2, "two refusals")
    suite.queue.fault = ""
    job = suite.queue.ask(a_file(suite.clip("a.mov")))
    outcomes = suite.queue.outcomes(job)
    told = "".join(suite.agent.lines[said:])

    assert {"a.mov": "imported"} == outcomes
    assert 1 == told.count(words)
    assert "the daemon answers again" in told


def test_a_daemon_that_is_away_is_waited_for(suite):
    """Also to tell it how a job went that was done meanwhile."""
    suite.double.break_down(slow_s=1.5)
    job = suite.queue.ask(a_file(suite.clip("a.mov")))
    wait_until(lambda: "ImportMedia" in suite.double.calls(), "an import that takes its time")
    suite.queue.go_down()
    wait_until(lambda: suite.double.clips(CUT), "an import without a daemon")
    suite.agent.wait_for("The job goes on.")
    suite.agent.wait_for(f"job {job} done")
    suite.queue.come_back()

    assert {"a.mov": "imported"} == suite.queue.outcomes(job)


@pytest.fixture
def queue():
    """A queue of its own, for tests that end their agent."""
    with QueueDouble() as double:
        yield double


def test_an_agent_that_is_ended_gives_its_job_back_at_once(suite, queue):
    """Another one need not wait for the lease; the child is gone."""
    suite.double.break_down(slow_s=60)
    with suite.start("--lease-s", "600", queue=queue) as agent:
        job = queue.ask(a_file(suite.clip("a.mov")))
        wait_until(lambda: "ImportMedia" in suite.double.calls(), "an import that takes its time")
        pid = child_of(agent)
        started_s = time.monotonic()
        code = agent.stop()
    kind, body = queue.report(job)

    assert 0 == code
    assert SOON_S > time.monotonic() - started_s
    assert ("fail", False, True) == (kind, body["is_final"], "stopped" in body["error"])
    assert is_gone(pid)


def test_an_agent_that_waits_ends_at_once(suite, queue):
    """Though the daemon is asked and does not answer."""
    queue.fault = "hang"
    with suite.start(queue=queue) as agent:
        wait_until(lambda: queue.refused, "a question without an answer")
        started_s = time.monotonic()
        code = agent.stop()

    assert 0 == code
    assert SOON_S > time.monotonic() - started_s


def test_a_child_does_not_outlive_its_agent(suite, queue):
    """Else two would work on one job, once another agent has it."""
    suite.double.break_down(slow_s=60)
    with suite.start(queue=queue) as agent:
        queue.ask(a_file(suite.clip("a.mov")))
        wait_until(lambda: "ImportMedia" in suite.double.calls(), "an import that takes its time")
        pid = child_of(agent)
        agent.kill()
    wait_until(lambda: is_gone(pid), "the end of the child")

    assert is_gone(pid)


def test_a_token_is_read_again_when_it_was_exchanged(suite, queue, tmp_path):
    """Nobody has to be at the workstation to restart the agent. An empty file is told at once."""
    secret = tmp_path / "token"
    secret.write_text("\n")
    empty = playhead("resolve-agent", "--once", "--token-file", secret, folder=tmp_path, code=1)
    secret.write_text("first\n")
    with suite.start("--token-file", str(secret), queue=queue, token="") as agent:
        wait_until(lambda: queue.asked, "a question with the first token")
        secret.write_text("second\n")
        queue.shake()
        wait_until(lambda: len(queue.asked) > 1, "a question with the second token")

        assert "first" not in agent.text
    assert ["Bearer first", "Bearer second"] == [each["authorization"] for each in queue.asked[:2]]
    assert "is empty" in empty.stderr
