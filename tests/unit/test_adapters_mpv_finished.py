"""Which files were watched to their end: asked once, and again when there is news."""

import pytest

from adapters.mpv.finished import NEWS_MAX, Answer, Asked, FinishedFiles, answer
from projections.commands import ReportPositions
from projections.userdata import State
from support.builders import report
from support.players import PlayerViews
from support.small_core import USER, SmallCore

FILM, OTHER = "/films/harbour.mkv", "/films/other.mkv"


def with_queries(core):
    """The core, with the named queries that players ask."""
    core.views = PlayerViews()
    for envelope in core.events:
        core.views.apply(envelope)
    return core


@pytest.fixture
def core():
    """Two servers that have the film, and nobody has watched it."""
    made = with_queries(SmallCore())
    made.see("attic", "a", State(played=False, position_ticks=0))
    return made


def ask(core, known=None):
    """What is known of both files."""
    known = Answer({}, 0) if known is None else known
    return answer(core.views, user=USER, paths=(FILM, OTHER), known=known)


def told(core, path, **fields):
    """A player reports a file."""
    name = path.rpartition("/")[2]
    core.do(ReportPositions, user=USER, reports=(report(path=path, name=name, **fields),))


def test_a_film_watched_on_a_server_is_finished(core):
    """The television is a player like any other; the next question is about that film alone."""
    before = ask(core)
    core.see("attic", "a", State(played=True, position_ticks=0), "PlaybackFinished")
    after = ask(core, before)

    assert [False, True] == [known.files[FILM].is_finished for known in (before, after)]
    assert not after.files[OTHER].is_finished


def test_only_what_there_is_news_about_is_asked_again(core):
    """A report of one file leaves what is known of the others as it is."""
    before = ask(core)
    told(core, OTHER, finished=True)
    after = ask(core, before)
    later = ask(core, after)

    assert before.files[FILM] is after.files[FILM]
    assert after.files[OTHER].is_finished
    assert after.files[OTHER] is later.files[OTHER]


def test_with_too_much_news_everything_is_asked_again(core):
    """What was told before the last of it may be about any file."""
    before = ask(core)
    told(core, FILM, finished=True)
    for number in range(NEWS_MAX):
        told(core, f"/films/{number}.mkv")

    assert ask(core, before).files[FILM].is_finished


def test_the_last_word_counts(core):
    """Watched on a server, then begun again in a player: it is not finished."""
    core.see("attic", "a", State(played=True, position_ticks=0), "PlaybackFinished")
    told(core, FILM)
    begun = ask(core)

    assert not begun.files[FILM].is_finished


def test_it_is_told_whether_anything_changed():
    """The same files finished as before are no reason to look at a playlist."""
    finished = FinishedFiles(USER)
    watched, begun = Asked(is_finished=True, title=None), Asked(is_finished=False, title=None)

    assert not finished.take(Answer({FILM: begun}, 1))
    assert finished.take(Answer({FILM: watched}, 2))
    assert not finished.take(Answer({FILM: watched, OTHER: begun}, 3))
    assert frozenset({FILM}) == finished.paths
