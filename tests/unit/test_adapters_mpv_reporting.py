"""One playback: what of it is worth reporting, and when."""

import pytest

from adapters.mpv.identifying import Playable
from adapters.mpv.reporting import Playback, Told, is_nearly_over, report_of

FILM = Playable(path="/films/harbour.mkv", name="harbour.mkv", file="/films/harbour.mkv")
FILM_S = 1_000.0


@pytest.fixture
def playback():
    """A film of a thousand seconds, reported every ten."""
    made = Playback(FILM, "s1", entry=1, save_every_s=10)
    made.duration_s = FILM_S
    return made


def told(reason, position_s, *, finished=False):
    """A report of the film."""
    return Told(reason=reason, position_s=position_s, duration_s=FILM_S, finished=finished)


def test_the_first_seconds_are_no_watching(playback):
    """Nothing is told before ten seconds have been seen; going back behind them later is told."""
    assert None is playback.begin(0, 0, resumed=False)
    assert None is playback.look(9.9, 9.9)
    assert None is playback.ended("stop")
    assert told("heartbeat", 10.1) == playback.look(10.1, 10.1)
    assert told("pause", 2) == playback.paused(2)


def test_a_resumed_film_tells_from_its_start(playback):
    """Somebody chose that place, so going back from it is meant."""
    assert told("start", 5) == playback.begin(0, 5, resumed=True)
    assert told("pause", 1) == playback.paused(1)


def test_it_is_told_every_so_often_while_it_moves(playback):
    """A film that stands tells nothing, however long."""
    playback.begin(0, 100, resumed=False)

    assert None is playback.look(9, 109)
    assert told("heartbeat", 110) == playback.look(10, 110)
    assert None is playback.look(15, 115)
    assert told("heartbeat", 120) == playback.look(20, 120)
    assert None is playback.look(30, 120.4)


def test_the_last_of_many_seeks_counts(playback):
    """While somebody drags the bar nothing is told; a second later, where it came to rest."""
    playback.begin(0, 100, resumed=False)
    playback.restarted()
    for now_s in (1, 1.5, 2):
        playback.sought(now_s)
        assert None is playback.look(now_s, 500)

    assert 1 == playback.settles_in_s(2)
    assert None is playback.look(2.9, 700)
    assert told("seek", 701) == playback.look(3, 701)
    assert None is playback.settles_in_s(3)


def test_a_seek_before_the_first_frame_is_nobodys(playback):
    """Opening a file somewhere announces a seek, too."""
    playback.begin(0, 100, resumed=True)
    playback.sought(0.1)

    assert None is playback.settles_in_s(0.1)


def test_an_end_tells_nothing_that_was_told(playback):
    """A film paused for days may have been watched elsewhere; its player's end is no news."""
    playback.begin(0, 100, resumed=False)

    assert told("pause", 150) == playback.paused(150)
    assert None is playback.ended("quit")


def test_an_end_tells_what_was_only_seen(playback):
    """What was looked at since the last report is not lost."""
    playback.begin(0, 100, resumed=False)
    playback.look(5, 105)

    assert told("quit", 105) == playback.ended("quit")


def test_the_end_of_the_file_is_told_once(playback):
    """With keep-open the player stays there, and closes later."""
    playback.begin(0, 100, resumed=False)
    playback.look(5, 999.5)

    assert told("eof", 999.5, finished=True) == playback.ended("eof")
    assert None is playback.ended("eof")
    assert None is playback.ended("stop")


def test_a_place_that_is_no_news_is_not_told_before_it_moves(playback):
    """A player that is found paused where others have gone on since."""
    assert None is playback.begin(0, 100, resumed=True, is_news=False)
    assert None is playback.ended("other")
    assert told("heartbeat", 101) == playback.look(10, 101)


@pytest.mark.parametrize(
    ("position_s", "duration_s", "over"),
    [(949, 1_000, False), (950, 1_000, True), (5, None, False), (5, 0, False)],
)
def test_a_film_is_finished_when_only_credits_follow(position_s, duration_s, over):
    """From nineteen parts of twenty on; never where the length is not known."""
    assert over is is_nearly_over(position_s, duration_s)


def test_a_report_says_which_file_and_whose_player(playback):
    """Everything by which the file is known again elsewhere."""
    report = report_of(told("pause", 150), playback, device="tv", report_id=b"i" * 16)

    assert ("harbour.mkv", "/films/harbour.mkv", "tv", "s1", "pause", 150, FILM_S) == (
        report.name,
        report.path,
        report.device,
        report.session,
        report.reason,
        report.position_s,
        report.duration_s,
    )
