"""
Where another machine has a file that this one has: by exchanging the beginning of its path.
"""

import re
from collections.abc import Mapping
from fractions import Fraction

from projections.rules import is_below

_BACKSLASHES = re.compile(r"[A-Za-z]:|\\\\")
"""How a path begins on a machine that separates folders by backslashes."""

NTSC_DENOMINATOR = 1_001
RATE_DENOMINATOR_MAX = 1_000

NTSC_TOLERANCE = 0.005
"""23.976, 29.97 and 59.94 are told with two or three digits."""


def on_host(path: str, prefixes: Mapping[str, str]) -> str | None:
    """
    A path of this machine as another one has it: the longest prefix that fits is exchanged. None
    if none fits.
    """
    fitting = [prefix for prefix in prefixes if is_below(path, prefix)]
    if not fitting:
        return None
    prefix = max(fitting, key=len)
    rest = path[len(prefix.rstrip("/")) :].lstrip("/")
    target = prefixes[prefix]
    if _BACKSLASHES.match(target):
        return target.rstrip("/\\") + "\\" + rest.replace("/", "\\")
    return f"{target.rstrip('/')}/{rest}"


def from_host(path: str, prefixes: Mapping[str, str]) -> str | None:
    """A path of another machine as this one has it; None if no prefix fits."""
    plain = path.replace("\\", "/")
    for ours, theirs in sorted(prefixes.items(), key=lambda pair: -len(pair[1])):
        top = theirs.replace("\\", "/").rstrip("/")
        if plain.casefold() == top.casefold() or plain.casefold().startswith(f"{top}/".casefold()):
            return f"{ours.rstrip('/')}/{plain[len(top) :].lstrip('/')}"
    return None


def rate_of(fps: float) -> Fraction:
    """
    The rate that cameras mean by a number of frames per second: 29.97 is 30000/1001.
    """
    near = round(fps * NTSC_DENOMINATOR / 1_000)
    ntsc = Fraction(near * 1_000, NTSC_DENOMINATOR)
    if near and abs(float(ntsc) - fps) < NTSC_TOLERANCE and abs(fps - round(fps)) > NTSC_TOLERANCE:
        return ntsc
    return Fraction(fps).limit_denominator(RATE_DENOMINATOR_MAX)
