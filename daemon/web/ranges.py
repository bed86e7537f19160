"""
Which bytes of a file a Range header asks for (RFC 9110, "Range Requests"). Pure: no file, no clock.

A header that is not understood is ignored, as the document wants it, and the whole file is sent.
So is one with more ranges than anybody needs. Ranges that overlap, or nearly touch, become one:
nobody makes us send the same bytes twice.
"""

import re
from collections.abc import Iterable

import msgspec

RANGES_MAX = 32
"""Players ask for one, readers of documents for a handful; more is an attack or a mistake."""

HEADER_CHARACTERS_MAX = 1024
"""Room for that many ranges of a file of any size."""

GAP_BYTES_MAX = 128
"""About what the head of one more part costs: a smaller gap is cheaper sent than left out."""

DIGITS_MAX = 19
"""What a file offset can have; a number with more is past the end of every file."""

_RANGE = re.compile(r"([0-9]*)-([0-9]*)", re.ASCII)


class ByteRange(msgspec.Struct, frozen=True, order=True):
    """Bytes of a file, from `first` to `last`, both included, as in the header."""

    first: int
    last: int

    @property
    def size_bytes(self) -> int:
        """How many bytes it is."""
        return self.last - self.first + 1


def parse_ranges(header: str, size_bytes: int) -> tuple[ByteRange, ...] | None:
    """
    What to send of a file of this size: some ranges, in the order they were asked for; none when no
    byte of what was asked for exists (416); None when the header is to be ignored.
    """
    unit, equals, wanted = header.partition("=")
    if not equals or unit.strip(" \t").lower() != "bytes" or len(header) > HEADER_CHARACTERS_MAX:
        return None
    # Empty elements are to be accepted in any list.
    texts = [text for text in (part.strip(" \t") for part in wanted.split(",")) if text]
    if not texts or len(texts) > RANGES_MAX:
        return None
    found: list[ByteRange] = []
    for text in texts:
        form = _RANGE.fullmatch(text)
        if form is None or text == "-":
            return None
        first, last = _number(form[1]), _number(form[2])
        if first is not None and last is not None and last < first:
            return None
        one = _satisfiable(first, last, size_bytes)
        found += [] if one is None else [one]
    if not found and size_bytes == 0 and all(_is_suffix(text) for text in texts):
        return None  # "the last 500 bytes" of an empty file is all of it, which no range can say
    return coalesce(found)


def _number(digits: str) -> int | None:
    significant = digits.lstrip("0")[: DIGITS_MAX + 1]
    return int(significant or "0") if digits else None


def _is_suffix(text: str) -> bool:
    return text.startswith("-") and text.strip("-0") != ""


def _satisfiable(first: int | None, last: int | None, size_bytes: int) -> ByteRange | None:
    """The range cut to the file, or None when it lies outside."""
    if first is None:
        assert last is not None
        one = ByteRange(max(0, size_bytes - last), size_bytes - 1)
    else:
        end = size_bytes - 1
        one = ByteRange(first, end if last is None else min(last, end))
    return one if one.first <= one.last else None


def coalesce(ranges: Iterable[ByteRange]) -> tuple[ByteRange, ...]:
    """
    The same bytes without repetition: ranges that overlap or are at most `GAP_BYTES_MAX` apart are
    one, which stands where its first member stood.
    """
    groups: list[tuple[int, ByteRange]] = []
    for one, place in sorted((one, place) for place, one in enumerate(ranges)):
        if groups and one.first <= groups[-1][1].last + 1 + GAP_BYTES_MAX:
            at, known = groups.pop()
            groups.append((min(at, place), ByteRange(known.first, max(known.last, one.last))))
        else:
            groups.append((place, one))
    return tuple(one for _, one in sorted(groups))


def content_range(one: ByteRange, size_bytes: int) -> str:
    """The Content-Range header of a part that is sent."""
    return f"bytes {one.first}-{one.last}/{size_bytes}"


def unsatisfied_range(size_bytes: int) -> str:
    """The Content-Range header of a 416: how large the file really is."""
    return f"bytes */{size_bytes}"
