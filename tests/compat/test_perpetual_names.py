"""
The 36 file names that were measured with perpetual, and what becomes of them here.

Where it lost files or left them although it knew them, this does otherwise; the last column says
why. Garbage words are those that are known anyway.
"""

import unicodedata

import pytest

from projections.filing_names import filed_name
from projections.filing_words import words_from
from support.organized import VIDEOS
from support.recognition import recognized

WORDS = words_from((), (), VIDEOS)

AS_PERPETUAL = [
    ("the.show.s01e05.episode.title.1080p.web.h264-grp.mkv", "The.Show.S01E05.Episode.Title.mkv"),
    ("The_Show_S02E03_Some_Title_720p_HDTV.mp4", "The.Show.S02E03.Some.Title.mp4"),
    ("Show.Name.S01E01.mkv", "Show.Name.S01E01.mkv"),
    ("Long.Runner.S100E01.Centenary.mkv", "Long.Runner.S100E01.Centenary.mkv"),
    ("Doctor.Who.2005.S01E01.Rose.mkv", "Doctor.Who.2005.S01E01.Rose.mkv"),
    ("Élite.S01E02.Deseo.mkv", "Élite.S01E02.Deseo.mkv"),
    ("進撃の巨人.S01E01.二千年後の君へ.mkv", "進撃の巨人.S01E01.二千年後の君へ.mkv"),
    ("FBI.Most.Wanted.S05E10.The.Return.US.HDTV.mkv", "FBI.Most.Wanted.S05E10.The.Return.US.mkv"),
    (
        "Marvels.Agents.of.S.H.I.E.L.D.S01E01.Pilot.mkv",
        "Marvels.Agents.Of.S.H.I.E.L.D.S01E01.Pilot.mkv",
    ),
    ("Mr.Robot.S01E01.eps1.0_hellofriend.mov.mkv", "Mr.Robot.S01E01.Eps1.0.Hellofriend.Mov.mkv"),
    (
        "The.Office.US.S03E05.Initiation.EXTENDED.mkv",
        "The.Office.US.S03E05.Initiation.Extended.mkv",
    ),
    ("QI.S18E01.QI.XL.mp4", "QI.S18E01.QI.XL.mp4"),
    ("Show.Name.S00E00.Behind.The.Scenes.mkv", "Show.Name.Behind.The.Scenes.mkv"),
    ("Show.Name.S00E05.Christmas.Special.mkv", "Show.Name.S00E05.Christmas.Special.mkv"),
    ("Already.Organized.S01E02.Title.Here.mkv", "Already.Organized.S01E02.Title.Here.mkv"),
    (
        "Rick & Morty (2013) [tv].S07E03.Air Force Wong!.mkv",
        "Rick.&.Morty.(2013).[tv].S07E03.Air.Force.Wong!.mkv",
    ),
    (
        "McDonald's.vs.iCarly.S01E01.O'Brien.and.McGee.MKV",
        "Mcdonald's.Vs.Icarly.S01E01.O'brien.And.Mcgee.mkv",
    ),
    ("Show.Name.S01E02.Title.REPACK.PROPER.2160p.HEVC.mkv", "Show.Name.S01E02.Title.mkv"),
]

OTHERWISE = [
    (
        "The Show - S01E01 - Pilot.mkv",
        "The.Show.S01E01.Pilot.mkv",
        "left, though its name was known",
    ),
    ("The Show S01E01.mkv", "The.Show.S01E01.mkv", "the same"),
    ("Short.Form.s1e1.One.Digit.mkv", "Short.Form.S01E01.One.Digit.mkv", "the same"),
    ("Cross.Style.1x05.Title.mkv", "Cross.Style.S01E05.Title.mkv", "the same"),
    (
        "Daily.Show.2024.01.15.Guest.Name.720p.WEB.mkv",
        "Daily.Show.2024.01.15.Guest.Name.mkv",
        "the same",
    ),
    (
        "Anime.Show.S01E100.The.Hundred.mkv",
        "Anime.Show.S01E100.The.Hundred.mkv",
        "S01E10.mkv: one of ten was left",
    ),
    (
        "Anime.Show.S01E101.The.Next.mkv",
        "Anime.Show.S01E101.The.Next.mkv",
        "S01E10.mkv too: the one before was lost",
    ),
    (
        "Double.Bill.S01E01E02.Two.In.One.mkv",
        "Double.Bill.S01E01E02.Two.In.One.mkv",
        "S01E01.mkv: it took the place of the first",
    ),
    (
        "Double.Bill.S01E03-E04.Two.More.mkv",
        "Double.Bill.S01E03E04.Two.More.mkv",
        "E04 was a word of the title",
    ),
    (
        "Double.Bill.S01E05-06.Range.mkv",
        "Double.Bill.S01E05E06.Range.mkv",
        "06 was a word of the title",
    ),
    (
        "Web.Therapy.S02E01.Web.Of.Lies.1080p.mkv",
        "Web.Therapy.S02E01.Web.Of.Lies.mkv",
        "the title was lost",
    ),
    (
        "Grey's.Anatomy.S05E01.TS.Eliot.Poem.mkv",
        "Grey's.Anatomy.S05E01.Ts.Eliot.Poem.mkv",
        "the title was lost",
    ),
    (
        unicodedata.normalize("NFD", "Café.Show.S01E01.Déjà.Vu.mkv"),
        "Café.Show.S01E01.Déjà.Vu.mkv",
        "two folders of one name",
    ),
]

LEFT_ALONE = [
    ".s01e01.mkv",  # perpetual moved it to the root of the disk: no show, no folder
    "S01E01.Pilot.mkv",
    "[SubsGroup] Frieren - 12 (1080p) [ABCD1234].mkv",
    "Movie.Title.2023.1080p.BluRay.x264.mkv",
]

PARTIAL = "Show.Name.S01E02.Title.avi.part"
"""The last of the 36 is left alone for what it is, not for its name: see the plans."""


def filed(name):
    """The name under which a file is filed, without its folder."""
    found = recognized(name)
    return f"{filed_name(found, WORDS, suffix_bytes=4).stem}.{found.extension}"


@pytest.mark.parametrize(("name", "expected"), AS_PERPETUAL)
def test_a_name_becomes_what_it_became_with_perpetual(name, expected):
    """Folders that perpetual made go on being filled."""
    assert expected == filed(name)


@pytest.mark.parametrize(("name", "expected", "before"), OTHERWISE)
def test_a_name_that_perpetual_got_wrong(name, expected, before):
    """Episodes keep their number and their title, and no two become one."""
    assert expected == filed(name), before


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_a_name_that_tells_no_episode_of_a_show(name):
    """Films, absolute numbers and names without a show have no place to go."""
    assert recognized(name) is None


def test_all_36_names_are_here():
    """None was left out."""
    assert 36 == len({*AS_PERPETUAL, *OTHERWISE, *LEFT_ALONE, PARTIAL})


def test_no_two_of_the_names_become_one():
    """With perpetual, the second of two took the place of the first."""
    names = [name for name, *_ in (*AS_PERPETUAL, *OTHERWISE)]

    assert len(names) == len({filed(name) for name in names})
