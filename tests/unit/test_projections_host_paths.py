"""Where another machine has a file, and the rates that cameras mean."""

from fractions import Fraction

import pytest

from projections.host_paths import from_host, on_host, rate_of

MAP = {
    "/srv/projects": "P:\\projects",
    "/srv/projects/nas": "\\\\nas\\clips",
    "/srv/mac": "/Volumes/Mac/",
}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("/srv/projects/P1/a b.mov", "P:\\projects\\P1\\a b.mov"),
        ("/srv/projects/nas/P2/a.mov", "\\\\nas\\clips\\P2\\a.mov"),
        ("/srv/mac/P3/Żółć.mov", "/Volumes/Mac/P3/Żółć.mov"),
        ("/srv/projects-old/a.mov", None),
        ("/elsewhere", None),
    ],
)
def test_the_longest_prefix_is_exchanged(ours, theirs):
    """With the separators of the other machine."""
    assert theirs == on_host(ours, MAP)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("P:\\projects\\P1\\a.mov", "/srv/projects/P1/a.mov"),
        ("p:/Projects/P1/a.mov", "/srv/projects/P1/a.mov"),
        ("\\\\nas\\clips\\a.mov", "/srv/projects/nas/a.mov"),
        ("/Volumes/Mac/a.mov", "/srv/mac/a.mov"),
        ("P:\\projects2\\a.mov", None),
    ],
)
def test_the_way_back(theirs, ours):
    """However the other machine writes it."""
    assert ours == from_host(theirs, MAP)


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (23.976, "24000/1001"),
        (23.976023976, "24000/1001"),
        (24.0, "24"),
        (25.0, "25"),
        (29.97, "30000/1001"),
        (59.94, "60000/1001"),
        (119.88, "120000/1001"),
        (12.5, "25/2"),
    ],
)
def test_a_rate_is_the_fraction_that_is_meant(fps, rate):
    """An hour of 29.97 as 2997/100 would be four frames off."""
    assert Fraction(rate) == rate_of(fps)
