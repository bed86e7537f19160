"""session.lua: what is worth saving, and where to resume."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LIMITS = {"heartbeat_interval": 10, "min_position": 10, "finish_percent": 95, "resume_offset": 0}
LENGTH_S = 1000


@pytest.fixture
def limits(lua):
    return lua.table(LIMITS)


@pytest.fixture
def running(lua, limits):
    """A playback that began at its start and shows its first frame."""
    session = lua.require("session").new(limits)
    session.begin(session, 0, 0, False)
    session.restarted(session)
    return session


def said(report):
    return report and (report.reason, report.position_s, report.finished)


def test_heartbeats_come_at_their_interval(running):
    """Between heartbeats nothing is saved."""
    reports = [said(running.tick(running, now, now + 50, LENGTH_S)) for now in range(0, 31, 5)]

    assert [None, None, ("heartbeat", 60, False), None, ("heartbeat", 70, False), None] == reports[
        :6
    ]


def test_a_paused_player_is_silent(running):
    """While nothing moves nothing is saved."""
    assert ("pause", 50, False) == said(running.paused(running, 50, LENGTH_S))

    assert {None} == {said(running.tick(running, now, 50, LENGTH_S)) for now in range(60)}


def test_the_start_is_not_saved(running):
    """A short look at a film keeps what was stored."""
    assert said(running.paused(running, 9.9, LENGTH_S)) is None
    assert said(running.tick(running, 60, 9.9, LENGTH_S)) is None
    assert said(running.unload(running, "quit", 9.9, LENGTH_S)) is None


def test_going_back_to_the_start_is_saved(running):
    """Who has been further and goes back means it."""
    running.paused(running, 500, LENGTH_S)

    assert ("quit", 2, False) == said(running.unload(running, "quit", 2, LENGTH_S))


def test_a_resumed_file_taken_back_to_its_start_is_saved(lua, limits):
    """Resuming counts as having been further."""
    session = lua.require("session").new(limits)
    session.begin(session, 0, 500, True)

    assert ("quit", 2, False) == said(session.unload(session, "quit", 2, LENGTH_S))


def test_a_position_taken_up_late_is_not_saved_again_and_going_back_counts(running):
    """A jump after the first frame is resuming all the same."""
    running.taken_up(running, 500)

    assert said(running.paused(running, 500.2, LENGTH_S)) is None
    assert ("quit", 2, False) == said(running.unload(running, "quit", 2, LENGTH_S))


def test_starting_over_is_saved_at_once(running):
    """The key forgets the stored position without waiting."""
    assert ("seek", 0, False) == said(running.start_over(running, 1, LENGTH_S))


def test_the_last_of_a_row_of_seeks_is_saved(running):
    """A dragged seek bar makes one report, a second after it came to rest."""
    for now in (1, 1.5, 2):
        running.sought(running, now)
        assert running.tick(running, now + 0.4, 100 * now, LENGTH_S) is None

    assert ("seek", 200, False) == said(running.tick(running, 3.1, 200, LENGTH_S))
    assert running.tick(running, 4, 201, LENGTH_S) is None


def test_opening_at_a_position_is_no_seek_of_the_user(lua, limits):
    """mpv announces a seek while it opens a file in its middle."""
    session = lua.require("session").new(limits)
    session.begin(session, 0, 500, True)
    session.sought(session, 0.1)

    assert not session.user_sought
    assert session.tick(session, 5, 505, LENGTH_S) is None


@pytest.mark.parametrize(
    ("position_s", "duration_s", "reason", "finished"),
    [
        (949, LENGTH_S, "quit", False),
        (950, LENGTH_S, "quit", True),
        (800, LENGTH_S, "eof", True),
        (300, LENGTH_S, "eof", False),
        (300, None, "eof", True),
        (300, None, "quit", False),
    ],
)
def test_finished_means_near_the_end(running, position_s, duration_s, reason, finished):
    """The credits count as finished; a dropped stream does not."""
    assert finished == running.unload(running, reason, position_s, duration_s).finished


def test_leaving_the_end_again_is_unfinished(running):
    """The last word counts."""
    assert running.paused(running, 990, LENGTH_S).finished

    assert not running.unload(running, "quit", 500, LENGTH_S).finished


def test_the_end_is_said_once(running):
    """With keep-open the end is reported when reached, not again by what follows."""
    assert ("eof", LENGTH_S, True) == said(running.end_reached(running, LENGTH_S, LENGTH_S))

    assert running.end_reached(running, LENGTH_S, LENGTH_S) is None
    assert running.tick(running, 100, LENGTH_S, LENGTH_S) is None


def test_the_end_is_told_once(running):
    """mpv says that the end was reached and then unloads the file: one end, one report."""
    assert ("eof", 700, False) == said(running.end_reached(running, 700, LENGTH_S))
    assert running.unload(running, "eof", 700, LENGTH_S) is None


def test_nothing_is_saved_while_the_question_is_open_or_after_the_end(running):
    """The stored position survives an unanswered question; an unloaded file is done."""
    running.hold(running, True)
    assert running.tick(running, 20, 60, LENGTH_S) is None
    running.hold(running, False)
    running.unload(running, "quit", 70, LENGTH_S)

    assert running.paused(running, 80, LENGTH_S) is None


def test_an_unknown_position_saves_nothing(running):
    """mpv knows no position while it opens or closes a file."""
    assert running.tick(running, 20, None, None) is None
    assert running.paused(running, None, None) is None
    assert running.unload(running, "quit", None, None) is None


@pytest.mark.parametrize(
    ("answer", "waiting", "duration_s", "expected"),
    [
        (None, None, None, None),
        ({"position_s": 500, "duration_s": LENGTH_S}, None, None, 500),
        ({"position_s": 9}, None, None, None),
        ({"position_s": 500, "finished": True}, None, None, None),
        ({"position_s": 960, "duration_s": LENGTH_S}, None, None, None),
        ({"position_s": 960}, None, None, 960),
        ({"position_s": 960}, None, LENGTH_S, None),
        ({"position_s": 960, "duration_s": LENGTH_S}, None, 2 * LENGTH_S, 960),
        (None, {"position_s": 300, "client_time_s": 50}, None, 300),
        ({"position_s": 500, "at_s": 40}, {"position_s": 300, "client_time_s": 50}, None, 300),
        ({"position_s": 500, "at_s": 60}, {"position_s": 300, "client_time_s": 50}, None, 500),
        ({"position_s": 500}, {"position_s": 300, "client_time_s": 50}, None, 300),
        (
            {"position_s": 500, "at_s": 40},
            {"position_s": 999, "client_time_s": 50, "finished": True},
            None,
            None,
        ),
        ({"position_s": 500, "at_s": 40}, {"position_s": 0, "client_time_s": 50}, None, None),
    ],
)
def test_the_newest_word_says_where_to_resume(lua, limits, answer, waiting, duration_s, expected):
    """The spool beats an older answer; the head, the tail and finished files are not resumed."""
    point = lua.require("session").resume_point(
        limits, answer and lua.table(answer), waiting and lua.table(waiting), duration_s
    )

    assert expected == (point and point.position_s)


def test_resuming_can_go_back_a_little(lua):
    """resume_offset is taken off, never below the start."""
    limits = lua.table({**LIMITS, "resume_offset": 30})
    point = lua.require("session").resume_point

    assert 70 == point(limits, lua.table({"position_s": 100}), None, None).position_s
    assert 0 == point(limits, lua.table({"position_s": 20}), None, None).position_s


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["tick", "pause", "seek", "eof", "over"]),
        st.floats(0, LENGTH_S),
        st.floats(0, 20),
    ),
    max_size=30,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(moves=MOVES)
def test_whatever_happens_a_saved_position_is_one_that_was_there(lua, limits, moves):
    """Reports say the given position, are finished only near the end; quitting saves the last."""
    session = lua.require("session").new(limits)
    session.begin(session, 0, 0, False)
    session.restarted(session)
    now = 0.0
    for kind, position_s, pause_s in moves:
        now += pause_s
        if kind == "seek":
            session.sought(session, now)
            continue
        actions = {
            "tick": lambda at=now, p=position_s: session.tick(session, at, p, LENGTH_S),
            "pause": lambda p=position_s: session.paused(session, p, LENGTH_S),
            "eof": lambda p=position_s: session.end_reached(session, p, LENGTH_S),
            "over": lambda at=now: session.start_over(session, at, LENGTH_S),
        }
        report = actions[kind]()
        if report:
            assert (0 if kind == "over" else position_s) == report.position_s
            assert report.position_s >= 800 or not report.finished

    last = session.unload(session, "quit", 500, LENGTH_S)
    assert 500 == last.position_s
    assert not last.finished
