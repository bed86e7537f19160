"""Where a file that was just opened goes on, or is left alone."""

import pytest

from adapters.mpv.resume import Opening, is_news, seek_target
from projections.positions import Position
from projections.resume import ResumePoint
from support.builders import reported

FRESH = {"position_s": 0.0, "duration_s": 1_000.0}


def point(position_s=None, **fields):
    """What the log says."""
    return ResumePoint(detail="Last seen.", position_s=position_s, **fields)


@pytest.mark.parametrize(
    ("opening", "known_s", "target_s"),
    [
        ({}, 200, 200),
        ({}, None, None),
        ({}, 9.9, None),
        ({}, 949, 949),
        ({}, 950, None),
        ({"duration_s": None}, 950, 950),
        ({"start": "50"}, 200, None),
        ({"start": ""}, 200, 200),
        ({"position_s": 1.0}, 200, 200),
        ({"position_s": 1.1}, 200, None),
        ({"position_s": 4.0, "is_joined": True}, 200, 200),
        ({"position_s": 5.1, "is_joined": True}, 200, None),
    ],
)
def test_a_file_goes_on_where_it_was_left(opening, known_s, target_s):
    """Unless somebody chose another beginning, or it was hardly begun, or nearly over."""
    assert target_s == seek_target(Opening(**(FRESH | opening)), point(known_s))


@pytest.mark.parametrize(
    ("device", "at", "found_s", "news"),
    [
        ("tv", None, 70, True),
        ("tv", None, 60.4, False),
        ("den", None, 70, False),
        (None, None, 70, True),
        (None, 5, 70, False),
    ],
)
def test_the_place_of_a_player_that_was_there_is_news_if_nobody_told_since(
    device, at, found_s, news
):
    """Beyond its own last word, or without any; not if another player or a server told since."""
    position = None
    if device is not None:
        position = Position(reported(device=device), at=1, seq=1, late=False)

    opening = Opening(position_s=found_s)

    assert news is is_news(opening, point(50, position=position, at=at), device="tv")
