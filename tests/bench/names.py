"""
How well names of episodes are read, measured with guessit's own test names: what is known of each
is in its package. No one is asserted: guessit was written with these, and our rules leave what they
are not sure of.
"""

import re
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import yaml

from bench.figures import Figure
from projections.filing_names import Filed, Recognized, filed_name, recognized_plainly
from projections.filing_words import words_from
from support.recognition import recognized

WORDS = words_from((), (), ("avi", "mkv", "mpeg", "mp4", "m4v", "mpg", "webm", "avif", "ts"))
NEEDED = {"season", "episode", "title"}
MICROSECONDS = 1e6


class Known(msgspec.Struct, frozen=True):
    """A name, and what guessit's authors say that it tells."""

    name: str
    season: int
    episodes: tuple[int, ...]
    shows: frozenset[str]
    title: str


class Score(msgspec.Struct):
    """How many names were read, and how many of them rightly."""

    read: int = 0
    number: int = 0
    show: int = 0
    title: int = 0


def measure(folder: Path, rounds: int) -> list[Figure]:
    """The share of names that are read as they should be, and how long one takes."""
    names = list(_known())
    every, plain = _score(names, recognized), _score(names, recognized_plainly)
    pattern_us = median(_microseconds(names, recognized_plainly) for _ in range(rounds))
    return [
        _figure("all forms", every, len(names)),
        _figure("of them by pattern alone", plain, len(names)),
        Figure(name="a name by pattern, us", ours=f"{pattern_us:.0f}"),
        Figure(
            name="a name by guessit where the pattern does not fit, us",
            ours=f"{_microseconds([each for each in names if _is_hard(each)], recognized):.0f}",
        ),
    ]


def _figure(what: str, score: Score, count: int) -> Figure:
    return Figure(
        name=f"names of episodes read, {what}",
        ours=f"{score.read} of {count}",
        note=f"number right {score.number}, show {score.show}, title {score.title}",
    )


def _known() -> Iterator[Known]:
    text = files("guessit.test").joinpath("episodes.yml").read_text(encoding="utf-8")
    for name, told in yaml.safe_load(text).items():
        is_told = isinstance(name, str) and isinstance(told, dict) and "options" not in told
        if is_told and NEEDED <= told.keys() and isinstance(told["season"], int):
            yield _one(name.rpartition("/")[2], told)


def _one(name: str, told: dict[str, Any]) -> Known:
    episodes = told["episode"] if isinstance(told["episode"], list) else [told["episode"]]
    extra = [_bare(told.get(key, "")) for key in ("country", "year")]
    show = _bare(told["title"])
    return Known(
        name=name if re.search(r"\.\w{2,4}$", name) else f"{name}.mkv",
        season=told["season"],
        episodes=tuple(episodes),
        shows=frozenset({show, *(show + each for each in extra), show + "".join(extra)}),
        title=_bare(told.get("episode_title", "")),
    )


def _bare(text: object) -> str:
    return re.sub(r"[\W_]+", "", str(text).casefold())


def _score(names: list[Known], read: Callable[[str], Recognized | None]) -> Score:
    score = Score()
    for known in names:
        found = read(known.name)
        filed = found and filed_name(found, WORDS, suffix_bytes=4)
        if isinstance(found, Recognized) and isinstance(filed, Filed):
            score.read += 1
            score.number += (known.season, known.episodes) == (found.season, found.episodes)
            score.show += _bare(filed.show) in known.shows
            score.title += _bare(filed.title) == known.title
    return score


def _is_hard(known: Known) -> bool:
    return recognized_plainly(known.name) is None


def _microseconds(names: list[Known], read: Callable[[str], object]) -> float:
    started_s = time.perf_counter()
    for known in names:
        read(known.name)
    return (time.perf_counter() - started_s) / len(names) * MICROSECONDS
