"""Which episode a file name tells of."""

import pytest

from projections.episodes import EpisodeMark, episode_of


@pytest.mark.parametrize(
    ("name", "season", "episode"),
    [
        ("The.Show.S01E05.Title.1080p.mkv", 1, 5),
        ("The_Show_S02E03_Title.mp4", 2, 3),
        ("the show - s1e1 - Pilot.mkv", 1, 1),
        ("The.Show.S100E01.mkv", 100, 1),
        ("The.Show.S01E1000.mkv", 1, 1000),
        ("The.Show.S01E03E04.mkv", 1, 3),
        ("The.Show.S01E03-E04.mkv", 1, 3),
        ("The.Show.S01E05-06.mkv", 1, 5),
        ("The.Show.S01.E07.mkv", 1, 7),
        ("The.Show.S01 EP08.mkv", 1, 8),
        ("The Show [S00E09].mkv", 0, 9),
        ("The Show (1x05).mkv", 1, 5),
        ("The.Show.12X105.Title.mkv", 12, 105),
        ("The.Show.1x05x06.mkv", 1, 5),
    ],
)
def test_season_and_episode_are_found(name, season, episode):
    """In the usual spellings; of several episodes, the first."""
    assert EpisodeMark("the show", season, episode) == episode_of(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Harbour.Lights.2019.1080p.x264.mkv",
        "Show.Title.1920x1080.mkv",
        "Show.Title.640x480.mkv",
        "Show.Title.DDP5.1x264.mkv",
        "Show.Title.5.1x265.mkv",
        "10x10.mkv",
        "Friends01E01.mkv",
        "Show.S1234E01.mkv",
        "Show.S01E12345.mkv",
        "Show.S01.mkv",
        "Show.2x4.mkv",
        "Daily.2026.01.15.mkv",
    ],
)
def test_what_is_no_episode_is_none(name):
    """Sizes of pictures, codecs and titles are no episodes."""
    assert episode_of(name) is None


@pytest.mark.parametrize(
    ("name", "show"),
    [
        ("S01E01.mkv", ""),
        (".s01e01.mkv", ""),
        ("Doctor.Who.2005.S01E01.mkv", "doctor who 2005"),
        ("進撃の巨人S01E01.mkv", "進撃の巨人"),
        ("STRASSE_S01E01.mkv", "strasse"),
        ("Cafe\u0301.S01E01.mkv", "caf\u00e9"),
        ("\udcff.S01E01.mkv", "\udcff"),
        ("A  -  B__C.s01e01.mkv", "a b c"),
        ("The.Show.2x03.of.S01E02.mkv", "the show 2x03 of"),
    ],
)
def test_show_is_the_text_before(name, show):
    """In small letters, composed, and whatever separates its words."""
    assert show == episode_of(name).show
