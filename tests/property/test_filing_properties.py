"""
Whatever lies in a directory and whatever it is called: an organizer loses nothing, overwrites
nothing, is done when it is done, and undoing brings everything back.

Files are told apart by their inodes on a real disk: one that takes the place of another is noticed
even if the two are alike.
"""

import os
import tempfile
import unicodedata
from pathlib import Path

import anyio
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.organizer.sighting import sighted
from projections.filing_names import filed_name, recognized_plainly
from support.organized import Organized, rules_with
from support.roots import IN_MEMORY

FOLDER = IN_MEMORY if IN_MEMORY.is_dir() else None
NAME_BYTES_MAX = 255

CAFE = "Cafe\u0301"
SHOWS = [
    "Show",
    "show",
    "The_Show",
    "-Show",
    "..Show",
    CAFE,
    "Caf\u00e9",
    "進撃" * 40,
    "S\n'\"$`h",
    "Ô\\",
]
NUMBERS = [".S01E01", " s1e1", " - S01E01E02", ".1x01", ".2024.01.15", ".S00E00", ".S01E01-E03", ""]
TAILS = [
    "",
    ".Title",
    ".720p.WEB-GRP",
    ".Web.Of.Lies",
    "\n",
    ".$(id)",
    ".\u202etxt",
    "." + "é" * 90,
]
ENDS = [".mkv", ".MKV", ".mp4", ".srt", ".de.srt", ".mkv.part", ".nfo", "", ".mkv "]
CONTENTS = [b"a", b"b", b"ccc", b"ccc", b"ccc", b""]

made_stems = st.tuples(
    st.sampled_from(SHOWS), st.sampled_from(NUMBERS), st.sampled_from(TAILS)
).map("".join)
any_stems = st.binary(min_size=1, max_size=40).map(lambda raw: os.fsdecode(raw) + ".S01E01")
names = st.builds(
    lambda stem, end: os.fsdecode(os.fsencode(stem + end)[-NAME_BYTES_MAX:]),
    st.one_of(made_stems, made_stems, made_stems, any_stems),
    st.sampled_from(ENDS),
).map(lambda name: name.replace("/", "").replace("\0", ""))


@st.composite
def trees(draw):
    """Files by folder and name: some have names that become one, some go with others."""
    stems = draw(st.lists(made_stems, min_size=1, max_size=3))
    alike = st.builds(str.__add__, st.sampled_from(stems), st.sampled_from(ENDS))
    tags = st.builds(
        lambda show, tail, end: f"{show}.S01E01{tail}{end}",
        st.sampled_from(SHOWS[:3]),
        st.sampled_from([".720p", ".1080p", ".x264-GRP", ""]),
        st.sampled_from(ENDS[:5]),
    )
    some = st.one_of(alike, tags, names)
    return draw(st.dictionaries(st.tuples(folders, some), contents, min_size=4, max_size=12))


folders = st.sampled_from([*[""] * 8, "Show", "show", CAFE, "Show.S01E01.720p-GRP", "Other"])
contents = st.sampled_from(CONTENTS)


def made(top, tree):
    """A directory with these files, but for those that no disk could hold."""
    for (folder, name), content in tree.items():
        if name in {"", ".", ".."} or len(os.fsencode(name)) > NAME_BYTES_MAX:
            continue
        place = top / folder
        if not place.is_file() and not (place / name).is_dir():
            place.mkdir(exist_ok=True)
            (place / name).write_bytes(content)


def inodes(top):
    """The content of each file by its inode."""
    files = (path for path in top.rglob("*") if path.is_file())
    return {path.stat().st_ino: path.read_bytes() for path in files}


def paths(top):
    """Where each file is by its inode, and which folders there are."""
    found = sorted(top.rglob("*"))
    files = {path.stat().st_ino: str(path.relative_to(top)) for path in found if path.is_file()}
    return files, [str(path.relative_to(top)) for path in found if path.is_dir()]


@given(trees())
def test_nothing_is_lost_and_everything_comes_back(tree):
    """Filed, filed again, put back: the same files, at last at the same places."""

    async def check(folder):
        downloads = Organized(folder / "downloads")
        made(downloads.folder, tree)
        there, before = inodes(downloads.folder), paths(downloads.folder)
        done = await downloads.work()
        after, count = paths(downloads.folder), len(downloads.desk.core.events)
        assert there == inodes(downloads.folder)
        assert {} == done.failed
        again = await downloads.work()
        assert ({}, after) == (again.filed, paths(downloads.folder))
        assert count == len(downloads.desk.core.events)
        steps = await downloads.undo()
        assert [] == [step for step in steps if step.why_not is not None]
        assert there == inodes(downloads.folder)
        assert before == paths(downloads.folder)
        last = await downloads.work()
        assert set() == {step.old_path for step in steps} & {each.path for each in last.plan.moves}
        assert [] == downloads.desk.core.differences()

    with tempfile.TemporaryDirectory(prefix="playhead-", dir=FOLDER) as folder:
        anyio.run(check, Path(folder))


@given(names)
def test_a_name_that_is_given_is_fit(name):
    """It fits every disk, cannot be taken for an option, hides nothing and hides not."""
    found = recognized_plainly(name)
    filed = found and filed_name(found, rules_with().words, suffix_bytes=len(".de.srt"))
    for part in (filed.folder, filed.stem) if filed else ():
        assert 0 < len(part.encode()) <= NAME_BYTES_MAX - len(".de.srt") - len(" (99)")
        assert part[0] not in "-. "
        assert part.isprintable()
        assert not {"/", "\0"} & set(part)
        assert unicodedata.is_normalized("NFC", part)


@given(
    st.lists(st.sampled_from(["the", "show", "of", "Web", "Two", "3"]), min_size=1, max_size=3),
    st.integers(1, 40),
    st.lists(st.integers(1, 120), min_size=1, max_size=2, unique=True).map(sorted),
    st.lists(st.sampled_from(["title", "Of", "lies", "1080p", "WEB", "x264"]), max_size=4),
)
@settings(max_examples=40)
def test_plain_names_are_read_as_guessit_reads_them(show, season, episodes, tail):
    """The quick way gives the numbers that the slow one would."""
    number = f"s{season:02}" + "".join(f"e{episode:02}" for episode in episodes)
    name = ".".join([*show, number, *tail, "mkv"])
    quickly = recognized_plainly(name)
    slowly = sighted(name)
    assume(slowly is not None)  # it takes "Web" for a source, wherever it stands

    assert (season, tuple(episodes)) == (quickly.season, quickly.episodes)
    assert (season, tuple(episodes)) == (slowly.season, slowly.episodes)
