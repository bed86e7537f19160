"""Whatever a client writes into its headers, the answer is one of the few that exist."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daemon.web.conditions import Validators, allows_range, judge
from daemon.web.media_types import content_disposition
from daemon.web.ranges import GAP_BYTES_MAX, RANGES_MAX, parse_ranges

sizes = st.integers(min_value=0, max_value=2**63 - 1)
small_sizes = st.integers(min_value=1, max_value=2_000)
anything = st.binary(max_size=200).map(lambda data: data.decode("latin-1"))
nearly_ranges = st.text(alphabet="bytes=-, 0123456789\t", max_size=60)
numbers = st.integers(min_value=0, max_value=2_500)
pairs = st.tuples(numbers, numbers).map(lambda pair: f"{min(pair)}-{max(pair)}")
specs = pairs | numbers.map(lambda number: f"{number}-") | numbers.map(lambda number: f"-{number}")
CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
FILE = Validators(etag='"a1"', modified_s=1_700_000_000, now_s=1_800_000_000)


@given(anything | nearly_ranges | anything.map(lambda text: "bytes=" + text), sizes)
def test_any_header_means_nothing_or_bytes_of_the_file(header, size):
    """It never raises, and never asks for what is not there."""
    ranges = parse_ranges(header, size) or ()

    assert len(ranges) <= RANGES_MAX
    assert all(0 <= one.first <= one.last < size for one in ranges)


@given(st.lists(specs, min_size=1, max_size=8), small_sizes)
def test_exactly_the_bytes_asked_for_are_sent_once(wanted, size):
    """All that exist, none twice, and between them only gaps that are not worth leaving out."""
    asked = set()
    for spec in wanted:
        first, _, last = spec.partition("-")
        begin = int(first) if first else max(0, size - int(last))
        end = int(last) + 1 if first and last else size
        asked |= set(range(begin, min(end, size)))

    ranges = parse_ranges("bytes=" + ",".join(wanted), size)
    ordered = sorted(ranges)
    sent = [number for one in ordered for number in range(one.first, one.last + 1)]

    assert len(sent) == len(set(sent))
    assert asked <= set(sent)
    assert all(one.first in asked and one.last in asked for one in ordered)
    for one, following in pairwise(ordered):
        assert following.first - one.last - 1 > GAP_BYTES_MAX


@given(st.dictionaries(st.sampled_from(CONDITIONS), anything), st.sampled_from(["GET", "PUT"]))
def test_any_condition_is_judged(headers, method):
    """It never raises, and there are three answers."""
    assert judge(method, headers, FILE) in {200, 304, 412}


@given(anything)
def test_any_if_range_is_judged(header):
    """It never raises, and nothing but the right validator allows a part."""
    allowed = allows_range(header, FILE)

    assert not allowed or header.strip(" \t") == FILE.etag or "2023" in header


@given(st.text(max_size=300))
def test_any_name_makes_a_header(name):
    """One line of ASCII, whatever the file is called."""
    header = content_disposition(name, "inline")

    assert header.isascii()
    assert header.isprintable()
