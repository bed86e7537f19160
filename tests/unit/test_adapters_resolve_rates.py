"""Seconds, frames and timecodes: no frame is lost at any rate that cameras know."""

from fractions import Fraction

import pytest

from adapters.resolve.rates import frame_at, frames_before, frames_in, rate_in

FILM, NTSC, FAST = Fraction(24_000, 1_001), Fraction(30_000, 1_001), Fraction(60_000, 1_001)


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        ("30000/1001", NTSC),
        ("29.97", NTSC),
        (29.97, NTSC),
        ("23.976", FILM),
        ("23.98", FILM),
        (59.94, FAST),
        ("25", 25),
        (25.0, 25),
        ("24.0", 24),
        ("120000/1001", Fraction(120_000, 1_001)),
        ("", None),
        (None, None),
        ("0/0", None),
        ("-25", None),
        ("90000/1", None),
        ("nan", None),
        ("fast", None),
    ],
)
def test_a_rate_is_what_the_camera_means(told, rate):
    """However many digits somebody tells; what is no rate is none."""
    assert rate == rate_in(told)


@pytest.mark.parametrize("rate", [FILM, Fraction(25), NTSC, Fraction(50), FAST])
@pytest.mark.parametrize("digits", [3, 6])
def test_the_moment_of_a_frame_is_its_frame(rate, digits):
    """For the first hours of a clip, though players round moments to milliseconds."""
    for frame in (0, 1, 2, 7, 1_799, 17_981, 215_784, 431_568):
        shown_s = float(frame / rate)
        last_s = float((frame + Fraction(3, 4)) / rate)

        assert frame == frame_at(round(shown_s, digits), rate)
        assert frame == frame_at(last_s, rate)


def test_a_moment_outside_the_clip_is_its_first_or_last_frame():
    """Players may tell either."""
    assert (0, 99) == (frame_at(-1.0, NTSC), frame_at(60.0, NTSC, frames_count=100))


def test_a_duration_has_at_least_a_frame():
    """A marker without a duration is a frame long."""
    assert [1, 1, 30, 251] == [
        frames_in(0.0, NTSC),
        frames_in(0.01, NTSC),
        frames_in(1.0, NTSC),
        frames_in(float(251 / FILM), FILM),
    ]


@pytest.mark.parametrize(
    ("timecode", "rate", "frames"),
    [
        ("00:00:00:00", NTSC, 0),
        ("01:00:00:00", Fraction(25), 90_000),
        ("01:00:00:00", FILM, 86_400),
        ("10:00:00:12", Fraction(25), 900_012),
        ("00:01:00;02", NTSC, 1_800),
        ("00:10:00;00", NTSC, 17_982),
        ("01:00:00;00", NTSC, 107_892),
        ("01:00:00;00", FAST, 215_784),
        ("01:00:00;00", Fraction(25), 90_000),
        ("", NTSC, 0),
        (None, NTSC, 0),
        ("noon", NTSC, 0),
    ],
)
def test_a_timecode_is_the_number_of_a_frame(timecode, rate, frames):
    """Drop-frame timecode leaves out two numbers a minute, four at twice the rate."""
    assert frames == frames_before(timecode, rate)
