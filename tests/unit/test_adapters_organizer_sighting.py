"""Names that take more than a pattern, as guessit reads them, and names that nobody guesses."""

import pytest

from projections.filing_names import filed_name
from support.organized import rules_with
from support.recognition import recognized

WORDS = rules_with().words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Show.1x05-06.Title.mkv", "Show.S01E05E06.Title"),
        ("The.Office.US.3x05.mkv", "The.Office.US.S03E05"),
        ("Show.Season.2.Episode.3.Title.mkv", "Show.S02E03.Title"),
        ("Show - Saison 2 - Episode 3 - Titre.mkv", "Show.S02E03.Titre"),
        ("[Group] Show - S01E01 - Title [1080p].mkv", "Show.S01E01.Title"),
        ("www.site.com - Show.S01E01.Title.720p.mkv", "Show.S01E01.Title"),
        ("Show.S01E01-S01E03.Title.mkv", "Show.S01E01E02E03.Title"),
        ("Show.S2011E05.Title.mkv", "Show.S2011E05.Title"),
        ("1923.1x02.Title.mkv", "1923.S01E02.Title"),
        ("Show.2024.01.15.S01E02.mkv", "Show.S01E02"),
    ],
)
def test_other_forms_are_read_too(name, expected):
    """The rules for the new name are the same: all episodes of a show go into one folder."""
    assert expected == filed_name(recognized(name), WORDS, suffix_bytes=4).stem


@pytest.mark.parametrize(
    "name",
    [
        "Show.105.Title.mkv",
        "Show - 12.mkv",
        "Show.Ep05.mkv",
        "Show.S02.Complete.mkv",
        "Show.Part.2.mkv",
        "VID_20240115_123456.mp4",
        "Show.1920x1080.mkv",
        "1080p.x264.5x05.mkv",
        "\udcff\udcfe.mkv",
        "",
        "." * 255,
    ],
)
def test_what_is_only_perhaps_an_episode_is_none(name):
    """An absolute number, a season, a day in another order: nobody guesses."""
    assert recognized(name) is None
