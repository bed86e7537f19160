"""Names of episodes, read and written: what is part of a title, and what fits into a name."""

import unicodedata

import pytest

from projections.filing_names import Recognized, filed_name, recognized_plainly
from projections.filing_words import title_words, words_from

WORDS = words_from(("lolcats",), ("iCarly",), ("mkv", "avi", "ts"))
LONGEST = len(".mkv")


def title(tail, words=WORDS):
    """The title in what follows an episode's number."""
    return " ".join(title_words(tail, words))


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (".Web.Of.Lies.1080p", "Web Of Lies"),
        (".TS.Eliot.Poem", "TS Eliot Poem"),
        (".The.Web.Of.Lies.720p.WEB-GRP", "The Web Of Lies"),
        (".Title.WEB-GRP", "Title"),
        (".Title.Blu-Ray.x264-GRP", "Title"),
        (".Title.DD5.1.H.264-GRP", "Title"),
        (" - Title [1080p] [GRP]", "Title"),
        (" - Spider-Man", "Spider Man"),
        (".Title.avi", "Title"),
        (".AVI.Arad.Speaks", "AVI Arad Speaks"),
        (".Title.Extended.720p", "Title Extended"),
        (".Title.lolcats.More", "Title"),
        (".Lolcats.And.Dogs", "Lolcats And Dogs"),
        (".lolcats.1080p", ""),
        (".1080p.web.h264-grp", ""),
        ("", ""),
    ],
)
def test_a_title_ends_where_its_makers_words_begin(tail, expected):
    """A word that titles use too ends one only with nothing else behind it."""
    assert expected == title(tail)


def test_special_words_are_written_just_so():
    """Those of the configuration too, in brackets or not."""
    seen = recognized_plainly("icarly.(us).S01E01.the.fbi.mkv")

    assert "iCarly.(US).S01E01.The.FBI" == filed_name(seen, WORDS, suffix_bytes=4).stem


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("S01E02", "Show.S01E02"),
        ("s1e2e3", "Show.S01E02E03"),
        ("S01E01-E03", "Show.S01E01E02E03"),
        ("S01E01-24", "Show.S01E01-E24"),
        ("S01E1001", "Show.S01E1001"),
        ("2024-01-15", "Show.2024.01.15"),
    ],
)
def test_numbers_are_written_whole(number, expected):
    """Several episodes in one file are all told."""
    seen = recognized_plainly(f"show {number}.mkv")

    assert expected == filed_name(seen, WORDS, suffix_bytes=4).stem


@pytest.mark.parametrize(
    "name",
    [
        "[Group] Show - S01E01.mkv",
        "www.site.com - Show.S01E01.mkv",
        "Show.S01E01.S01E02.mkv",
        "Show.S01E05.E06.mkv",
        "Show.2024.01.15.S01E02.mkv",
        "Show.S01E01v2.mkv",
        "Show.15.01.2024.mkv",
        "Show.2024.13.15.mkv",
        "VID_20240115_123456.mp4",
        "S01E01.mkv",
        "Show.S01.mkv",
        "",
        ".mkv",
    ],
)
def test_only_plain_names_are_read_quickly(name):
    """What somebody who knows more forms might read otherwise is left to them."""
    assert recognized_plainly(name) is None


def test_a_long_name_is_cut_between_characters():
    """Number, extension and room for another suffix stay; half a character does not."""
    seen = Recognized(show="進" * 100, season=1, episodes=(2,), tail="." + "é" * 200)
    filed = filed_name(seen, WORDS, suffix_bytes=len(".de.srt"))

    assert len(filed.folder.encode()) <= 200
    assert 240 < len(filed.stem.encode()) <= 255 - len(".de.srt") - len(" (99)")
    assert ".S01E02." in filed.stem
    assert {"進", "é", "É"} == set(filed.stem.replace(".S01E02.", ""))


def test_a_cut_leaves_no_accent_alone():
    """A letter goes with what is put on top of it."""
    letter = "\u0924\u094d"  # a consonant and its virama, for which there is no single character
    seen = Recognized(show="Show", season=1, episodes=(1,), tail="." + letter * 60)
    stem = filed_name(seen, WORDS, suffix_bytes=LONGEST).stem

    assert stem.endswith(letter)


def test_names_are_composed_and_hold_nothing_hidden():
    """Newlines, escapes and marks that turn the direction of writing are not carried on."""
    seen = recognized_plainly("Cafe\u0301\n\x1b[31mShow\u202e.S01E01.De\u0301ja\x00\x7f.mkv")
    filed = filed_name(seen, WORDS, suffix_bytes=LONGEST)

    assert "Café.[31mshow.S01E01.Déja" == filed.stem
    assert unicodedata.is_normalized("NFC", filed.stem)


@pytest.mark.parametrize("show", ["", "...", "- -", "\n", "\u202e"])
def test_a_show_of_which_nothing_is_left_has_no_name(show):
    """It would be filed into no folder."""
    seen = Recognized(show=show, season=1, episodes=(1,))

    assert filed_name(seen, WORDS, suffix_bytes=LONGEST) is None
