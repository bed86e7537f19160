"""Range headers: which bytes they mean, and what is made of those that nobody should send."""

import pytest

from daemon.web.ranges import (
    GAP_BYTES_MAX,
    HEADER_CHARACTERS_MAX,
    RANGES_MAX,
    ByteRange,
    content_range,
    parse_ranges,
    unsatisfied_range,
)

SIZE = 10_000


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-499", 0, 499),
        ("bytes=500-999", 500, 999),
        ("bytes=9500-", 9500, 9999),
        ("bytes=-500", 9500, 9999),
        ("bytes=0-", 0, 9999),
        ("bytes=0-0", 0, 0),
        ("bytes=9999-9999", 9999, 9999),
        ("bytes=-1", 9999, 9999),
        ("bytes=-20000", 0, 9999),
        ("bytes=100-99999999999999999999999", 100, 9999),
        ("BYTES=0-1", 0, 1),
        ("bytes = 0-1", 0, 1),
        ("bytes= , 0-1 ,\t", 0, 1),
        ("bytes=007-0008", 7, 8),
    ],
)
def test_one_range_is_cut_to_the_file(header, first, last):
    """First to last, from first, or the last so many: never beyond the end."""
    assert (ByteRange(first, last),) == parse_ranges(header, SIZE)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=5",
        "bytes=5-4",
        "bytes=0-1,5-4",
        "bytes=0-1;5-6",
        "bytes=+1-2",
        "bytes=1_0-20",
        "bytes=0x1-2",
        "bytes=--5",
        "bytes=\u0660-\u0661",
        "items=0-1",
        "0-499",
    ],
)
def test_what_is_not_understood_is_ignored(header):
    """The whole file is sent then, as if nothing had been asked."""
    assert None is parse_ranges(header, SIZE)


@pytest.mark.parametrize(
    "header",
    [
        "bytes=10000-",
        "bytes=10000-10001",
        "bytes=-0",
        "bytes=20000-,-0",
        "bytes=" + "9" * 500 + "-",
    ],
)
def test_no_byte_of_what_was_asked_for_exists(header):
    """Then none is sent: the answer is 416."""
    assert () == parse_ranges(header, SIZE)


def test_an_empty_file_has_no_range_but_all_of_it_are_its_last_bytes():
    """From a byte on there is nothing; the last so many of nothing are the file."""
    assert () == parse_ranges("bytes=0-", 0)
    assert () == parse_ranges("bytes=-0", 0)
    assert None is parse_ranges("bytes=-500", 0)


def test_what_lies_outside_is_left_out_of_several():
    """The ranges that exist are sent, in the order they were asked for."""
    header = "bytes=5000-5099,99999-,0-99"

    assert (ByteRange(5000, 5099), ByteRange(0, 99)) == parse_ranges(header, SIZE)


def test_ranges_that_overlap_are_sent_once():
    """Nobody makes us send the same bytes twice."""
    header = "bytes=100-300,0-150,200-400,5000-5001"

    assert (ByteRange(0, 400), ByteRange(5000, 5001)) == parse_ranges(header, SIZE)


def test_a_merged_range_stands_where_its_first_member_stood():
    """A client that wants the index at the end first still gets that first."""
    header = "bytes=-100,0-99,9800-9900"

    assert (ByteRange(9800, 9999), ByteRange(0, 99)) == parse_ranges(header, SIZE)


def test_a_small_gap_is_sent_too():
    """The head of another part would cost more than the bytes between."""
    near, far = 100 + GAP_BYTES_MAX, 101 + GAP_BYTES_MAX

    assert (ByteRange(0, 300),) == parse_ranges(f"bytes=0-99,{near}-300", SIZE)
    assert 2 == len(parse_ranges(f"bytes=0-99,{far}-300", SIZE))


def test_too_many_ranges_are_ignored():
    """One more than anybody needs, and the whole file is sent."""
    ranges = [f"{place * 300}-{place * 300}" for place in range(RANGES_MAX + 1)]

    assert RANGES_MAX == len(parse_ranges("bytes=" + ",".join(ranges[:-1]), SIZE))
    assert None is parse_ranges("bytes=" + ",".join(ranges), SIZE)


def test_a_header_that_is_too_long_is_ignored():
    """Nobody needs a kilobyte to say which bytes."""
    assert None is parse_ranges("bytes=0-1" + "," * HEADER_CHARACTERS_MAX, SIZE)


def test_content_range_says_what_is_sent_and_of_how_much():
    """As the header has it, both ends included."""
    assert "bytes 5-9/10000" == content_range(ByteRange(5, 9), SIZE)
    assert "bytes */10000" == unsatisfied_range(SIZE)
    assert 5 == ByteRange(5, 9).size_bytes
