"""
Words in the names of episodes: which are part of a title, and how they are written.

What follows an episode's number is its title and then what its maker adds: resolution, codecs,
source, group. Words that only makers use end a title wherever they stand. Words that titles use too
end it only where nothing but such words follows: "Web of Lies" and "TS Eliot" stay whole. Editions
(extended, uncut) are left in, because they tell two files of one episode apart.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

_NEVER = """
    240p 360p 480i 480p 540p 576i 576p 720p 1080i 1080p 1440p 2160p 4320p uhd 4k 8k x264 x265
    x266 h264 h265 h266 avc hevc xvid divx av1 vp9 mpeg2 vc1 10bit 8bit hi10p hdr hdr10
    hdr10plus sdr aac aac2 ac3 eac3 ddp ddp2 ddp5 ddp7 dd2 dd5 dd7 dts dtshd dtsx truehd atmos
    flac bluray bdrip brrip bdremux remux hdtv pdtv sdtv dsr dvdrip dvdscr dvb hddvd hdrip
    tvrip satrip vhsrip webrip webdl webdlrip webhd webcap ahdtv hdtvrip hdtvmux dsrip vostfr
    fastsub amzn dsnp hmax atvp pcok pmtp crav iplayer repack rerip nfofix dirfix readnfo
    rartv rarbg eztv ettv eztvx
"""
_SELDOM = """
    web dl rip hd sd ts tc r5 dvd bd dv nf hulu ma ws internal proper multi dubbed subbed subs stan
    opus 264 265
"""
_WRITTEN = """
    USA FBI BBC US AU PL IE NZ FR DE JP UK QI XL SAS RAF WWII WPC LOL VI VII VIII VIIII IX II III IV
    DCI HD W1A HBO 100K CIA DTF
"""

NEVER_IN_TITLES = frozenset(_NEVER.split())
"""What only makers of files write."""

SELDOM_IN_TITLES = frozenset(_SELDOM.split())
"""What makers write as well as people who think of titles."""

AS_WRITTEN = tuple(_WRITTEN.split())
"""perpetual's special cases."""

WORDS_MAX = 10_000
"""Of a file with garbage words, so many are read: a list that somebody keeps has some hundred."""

JOINERS = "\u200c\u200d"
"""Of what cannot be seen, these belong to the spelling of words in some scripts."""

_SEPARATORS = re.compile(r"[\s._\-\u2010-\u2015\x00-\x1f\x7f-\x9f/]+")
_JOINED = (
    (re.compile(r"(?i)(?<![^\W_])web[-. _]?(dl|rip)(?![^\W_])"), r"web\1"),
    (re.compile(r"(?i)(?<![^\W_])blu[-. _]?ray(?![^\W_])"), "bluray"),
    (re.compile(r"(?i)(?<![^\W_])([hx])[. _]?(26[456])(?![^\W_])"), r"\1\2"),
    (re.compile(r"(?i)(?<![^\W_])dts[-. _]?(hd|x)(?![^\W_])"), r"dts\1"),
    (re.compile(r"(?i)(?<![^\W_])(?:dd|e-?ac-?3|aac)[p+]?[. _]?\d[. _]\d(?![^\W_])"), "ddp"),
)
"""Words of makers that hold a separator, and how they are known here."""

_GROUP = re.compile(r"(?P<word>[^\s._\-]+)[\s._]*-\s*[^\s._\-]+$")
_TAGS_AT_END = re.compile(r"(?:\s*\[[^\[\]]*\])+\s*$")


class Words(msgspec.Struct, frozen=True):
    """
    What is known about words, all of them in small letters.

    Attributes:
        ending: those that end a title wherever they stand, unless as its first word.
        doubtful: those that end it only with nothing but their like behind them.
        special: by the word, how it is written.
    """

    ending: frozenset[str]
    doubtful: frozenset[str]
    special: dict[str, str]


def words_from(
    garbage: Iterable[str], special: Iterable[str] = (), extensions: Iterable[str] = ()
) -> Words:
    """The words known anyway, and more of them; extensions are not part of a title either."""
    told = {word.strip().casefold() for word in garbage} - {""}
    doubtful = SELDOM_IN_TITLES.union(each.casefold() for each in extensions)
    return Words(
        ending=frozenset(told - doubtful),
        doubtful=doubtful,
        special={word.casefold(): word for word in (*AS_WRITTEN, *special)},
    )


def split_words(text: str) -> list[str]:
    """
    The words of a part of a name: composed Unicode, without what separates them and without what
    cannot be printed.
    """
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(each if _is_fit(each) else "." for each in composed)
    return [word for word in _SEPARATORS.split(seen) if word]


def _is_fit(character: str) -> bool:
    return character.isprintable() or character in JOINERS


def written(words: Sequence[str], known: Words) -> list[str]:
    """The words as they are written in a name: with a capital, special ones just so."""
    return [_written(word, known) for word in words]


def _written(word: str, known: Words) -> str:
    core = _core(word)
    if (special := known.special.get(core.casefold())) is not None:
        return word.replace(core, special, 1)
    return word.capitalize()


def title_words(text: str, known: Words) -> list[str]:
    """The words of a title, from a text that begins with it and goes on with what makers add."""
    for pattern, name in _JOINED:
        text = pattern.sub(name, text)
    text = _without_group(_TAGS_AT_END.sub("", text), known)
    words = split_words(text)
    end = next((place for place in range(len(words)) if _ends(words, place, known)), len(words))
    while end and _core(words[end - 1]).casefold() in known.doubtful:
        end -= 1
    return words[:end]


def _without_group(text: str, known: Words) -> str:
    """Without the name of a group, which stands at the end behind a dash and a maker's word."""
    found = _GROUP.search(text)
    is_group = found is not None and _is_garbage(found["word"], known)
    return text[: found.end("word")] if found is not None and is_group else text


def _ends(words: Sequence[str], place: int, known: Words) -> bool:
    word = _core(words[place]).casefold()
    if word in NEVER_IN_TITLES:
        return True
    if word not in known.ending:
        return False
    return place > 0 or len(words) == 1 or _is_garbage(words[1], known)


def _is_garbage(word: str, known: Words) -> bool:
    word = _core(word).casefold()
    return word in NEVER_IN_TITLES or word in known.ending or word in known.doubtful


def _core(word: str) -> str:
    """A word without the brackets and marks around it; itself if it is nothing else."""
    begin, end = 0, len(word)
    while begin < end and not word[begin].isalnum():
        begin += 1
    while end > begin and not word[end - 1].isalnum():
        end -= 1
    return word[begin:end] or word
