"""
What lies in an organizer's directory, and under which name each of its episodes would be filed.

Only files directly in the directory count, and those in a folder of it that is named after the one
episode it holds. Files that bear another's name (subtitles, pictures) belong to that one.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec

from projections.envelope import Nanos
from projections.filing_names import (
    Filed,
    Recognized,
    filed_name,
    recognized_plainly,
    split_name,
)
from projections.filing_words import Words, split_words

Kind: TypeAlias = Literal["file", "folder", "other"]

Why: TypeAlias = Literal[
    "no_text",
    "no_episode",
    "sample",
    "shared",
    "empty",
    "duplicate",
    "undone",
    "blocked",
    "crowded",
    "failed",
]
"""
Why a file is left: its name is no UTF-8, or tells no episode; it is a sample; its folder holds more
videos; it is empty; what it holds is there already; it was put back; its show's folder is no
folder; too many have its name; moving it failed.
"""

COMPANION_BYTES_MAX = 64
"""What follows the stem in the name of a companion: a language or two, what it is, an extension."""

PARTIAL = tuple(
    f".{end}"
    for end in ("part", "partial", "crdownload", "download", "filepart", "tmp", "aria2", "!ut")
)
"""A name that ends so is unfinished, and so is one beside which the same with such an end lies."""


class Mark(msgspec.Struct, frozen=True, gc=False):
    """What tells whether a file is the one it was."""

    size_bytes: int
    mtime_ns: Nanos
    inode: int


class Lying(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What has a name in a folder. A file is finished once nobody writes to it any more."""

    kind: Kind
    mark: Mark = Mark(0, 0, 0)
    is_finished: bool = True


Names: TypeAlias = Mapping[str, Lying]
"""All that lies in one folder, by name."""

Listing: TypeAlias = Mapping[str, Names]
"""By folder, relative to the directory, which is the empty path, what lies in it."""


class FilingRules(msgspec.Struct, frozen=True):
    """What is filed, what goes along, and what is known about words. All in small letters."""

    extensions: frozenset[str]
    companions: frozenset[str]
    words: Words


class Episode(msgspec.Struct, frozen=True):
    """A file that is to be filed, and how."""

    seen: Recognized
    filed: Filed


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """
    What may be done with a directory.

    Attributes:
        listing: the directory itself and its folders named after an episode.
        episodes: by path the files that have a name to be filed under.
        others: by path why the rest have none.
        companions: by path of a video, by path of a companion, what follows the stem in its name.
    """

    listing: Listing
    episodes: dict[str, Episode]
    others: dict[str, Why]
    companions: dict[str, dict[str, str]]

    def lying(self, path: str) -> Lying:
        """What has a path of the listing."""
        folder, _, name = path.rpartition("/")
        return self.listing[folder][name]

    def shows(self) -> set[str]:
        """The folders into which files would go, as they are called on this disk."""
        top = folders_by_fold(self.listing[""])
        return {folder_of(each.filed.folder, top) for each in self.episodes.values()}


def candidates(listing: Listing, rules: FilingRules) -> Iterator[str]:
    """The paths of the files that may be episodes, by their extension and place."""
    for folder in sorted(listing):
        for name in videos_in(listing[folder], rules):
            yield f"{folder}/{name}" if folder else name


def videos_in(names: Names, rules: FilingRules) -> list[str]:
    """The names of the videos in a folder, sorted; what is hidden is none."""
    return sorted(
        name
        for name, lying in names.items()
        if lying.kind == "file"
        and not name.startswith((".", "~"))
        and split_name(name)[1] in rules.extensions
    )


def is_release(folder: str) -> bool:
    """Whether a folder is named after one episode, so that what it holds may be filed."""
    return not folder.startswith(".") and recognized_plainly(f"{folder}.mkv") is not None


def is_partial(name: str, names: Names) -> bool:
    """Whether a file's name, or what lies beside it, says that it is still on its way."""
    if name.casefold().endswith(PARTIAL):
        return True
    return any(name + end in names for end in PARTIAL)


def fold(name: str) -> str:
    """A name as disks compare it that take upper for lower case, or one Unicode form for others."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def folders_by_fold(names: Names) -> dict[str, str]:
    """By folded name the folders there are; of two that are alike, the first by name."""
    folders = sorted((name for name in names if names[name].kind == "folder"), reverse=True)
    return {fold(name): name for name in folders}


def folder_of(wanted: str, top: Mapping[str, str]) -> str:
    """The folder of a show: the one there is, however its name is spelled; else the wanted one."""
    return top.get(fold(wanted), wanted)


def survey(
    listing: Listing, recognized: Mapping[str, Recognized | None], rules: FilingRules
) -> Survey:
    """
    What may be done with a directory.

    Args:
        listing: the directory itself and its folders named after an episode.
        recognized: by path what the candidates' names tell.
        rules: what is filed.
    """
    episodes: dict[str, Episode] = {}
    others: dict[str, Why] = {}
    companions: dict[str, dict[str, str]] = {}
    for folder in sorted(listing):
        names = listing[folder]
        ends = _companions_in(names, rules)
        videos = videos_in(names, rules)
        is_alone = len([name for name in videos if not is_sample(name)]) == 1
        for name in videos:
            path = f"{folder}/{name}" if folder else name
            companions[path] = {_beside(path, each): end for each, end in ends[name].items()}
            seen = _seen(path, recognized.get(path), is_alone=is_alone)
            if isinstance(seen, str):
                others[path] = seen
            elif (filed := _filed(seen, companions[path], rules)) is not None:
                episodes[path] = Episode(seen, filed)
            else:
                others[path] = "no_episode"
    return Survey(listing=listing, episodes=episodes, others=others, companions=companions)


def _beside(path: str, name: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{name}"


def _seen(path: str, seen: Recognized | None, *, is_alone: bool) -> Recognized | Why:
    """Which episode a file is: by its name, or by that of the folder that holds nothing else."""
    folder, _, name = path.rpartition("/")
    if not is_text(path):
        return "no_text"
    if is_sample(name):
        return "sample"
    if not folder:
        return seen or "no_episode"
    whole = recognized_plainly(f"{folder}.{split_name(name)[1]}")
    if whole is None or not is_alone or not (seen is None or _is_same(seen, whole)):
        return "shared"
    return seen or whole


def _is_same(one: Recognized, other: Recognized) -> bool:
    numbers = [(each.season, each.episodes, each.day) for each in (one, other)]
    shows = [[fold(word) for word in split_words(each.show)] for each in (one, other)]
    return numbers[0] == numbers[1] and shows[0] == shows[1]


def _filed(seen: Recognized, ends: Mapping[str, str], rules: FilingRules) -> Filed | None:
    suffixes = (f".{seen.extension}", *ends.values())
    return filed_name(seen, rules.words, suffix_bytes=max(len(each.encode()) for each in suffixes))


def is_text(path: str) -> bool:
    """Whether a path is UTF-8, so that events can tell of it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_sample(name: str) -> bool:
    """Whether a file says that it is a short piece of another."""
    words = [word.casefold() for word in split_words(split_name(name)[0])]
    return bool(words) and "sample" in {words[0], words[-1]}


def _companions_in(names: Names, rules: FilingRules) -> dict[str, dict[str, str]]:
    """
    By video the files that go along with it, and what follows its stem in their names. Where the
    stems of several videos fit, the longest counts, and the first video that has it.
    """
    videos = videos_in(names, rules)
    by_stem = {split_name(name)[0]: name for name in reversed(videos)}
    found: dict[str, dict[str, str]] = {name: {} for name in videos}
    for name in sorted(names):
        is_file = names[name].kind == "file" and is_text(name)
        if is_file and split_name(name)[1] in rules.companions:
            for begin in _ends_of(name):
                if (video := by_stem.get(name[:begin])) is not None:
                    found[video][name] = name[begin:]
                    break
    return found


def _ends_of(name: str) -> Iterator[int]:
    """Where in a name a stem may end, the longest first; what is left is fit for a new name."""
    for place in range(len(name) - 1, 0, -1):
        end = name[place:]
        if len(end.encode()) > COMPANION_BYTES_MAX or not end.isprintable():
            return
        if end[0] in ".-":
            yield place
