"""Conditional requests: what is unchanged is not sent, what changed is not taken for the same."""

import pytest

from daemon.web.conditions import Validators, allows_range, etag_of, judge

NOW_S = 1_800_000_000
MODIFIED_S = 1_700_000_000
MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"
EARLIER = "Tue, 14 Nov 2023 22:13:19 GMT"
FILE = Validators(etag='"a1"', modified_s=MODIFIED_S, now_s=NOW_S)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"if-none-match": '"a1"'}, 304),
        ({"if-none-match": 'W/"a1"'}, 304),
        ({"if-none-match": '"b", "a1"'}, 304),
        ({"if-none-match": '"b" , , W/"a1" ,'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"b"'}, 200),
        ({"if-none-match": "a1"}, 200),
        ({"if-none-match": '"a1" "b"'}, 200),
        ({"if-none-match": '"x,\\"a1\\""'}, 200),
        ({"if-modified-since": MODIFIED}, 304),
        ({"if-modified-since": EARLIER}, 200),
        ({"if-modified-since": "Tuesday, 14-Nov-23 22:13:20 GMT"}, 304),
        ({"if-modified-since": "Tue Nov 14 22:13:20 2023"}, 304),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "Fri, 31 Dec 99999 23:59:59 GMT"}, 200),
        ({"if-match": '"a1"'}, 200),
        ({"if-match": '"b", "a1"'}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": 'W/"a1"'}, 412),
        ({"if-match": '"b"'}, 412),
        ({"if-match": "a1"}, 412),
        ({"if-unmodified-since": MODIFIED}, 200),
        ({"if-unmodified-since": EARLIER}, 412),
        ({"if-unmodified-since": "never"}, 200),
    ],
)
def test_each_condition_by_itself(headers, status):
    """Weak comparison to spare sending, strong to be sure; bad dates count for nothing."""
    assert status == judge("GET", headers, FILE)
    assert status == judge("HEAD", headers, FILE)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-match": '"a1"', "if-unmodified-since": EARLIER}, 200),
        ({"if-match": '"b"', "if-none-match": '"a1"'}, 412),
        ({"if-match": '"a1"', "if-none-match": '"a1"'}, 304),
        ({"if-unmodified-since": EARLIER, "if-none-match": '"a1"'}, 412),
        ({"if-none-match": '"b"', "if-modified-since": MODIFIED}, 200),
        ({"if-none-match": '"a1"', "if-modified-since": EARLIER}, 304),
    ],
)
def test_conditions_count_in_the_order_of_the_standard(headers, status):
    """An ETag outranks a date, and what must hold outranks what spares sending."""
    assert status == judge("GET", headers, FILE)


def test_a_change_is_refused_where_a_read_is_spared():
    """If-None-Match on another method protects what is there."""
    assert 412 == judge("PUT", {"if-none-match": "*"}, FILE)
    assert 200 == judge("PUT", {"if-modified-since": MODIFIED}, FILE)


@pytest.mark.parametrize(
    ("if_range", "allowed"),
    [
        (None, True),
        ('"a1"', True),
        (' "a1" ', True),
        ('W/"a1"', False),
        ('"b"', False),
        ('"a1", "b"', False),
        (MODIFIED, True),
        (EARLIER, False),
        ("Tue, 14 Nov 2023 22:13:21 GMT", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_a_part_is_sent_only_of_the_state_the_client_knows(if_range, allowed):
    """The exact strong ETag or the exact date; a later date is not enough."""
    assert allowed is allows_range(if_range, FILE)


def test_a_date_is_no_proof_while_its_second_lasts():
    """A file modified just now may be modified again within the same second."""
    fresh = Validators(etag='"a1"', modified_s=MODIFIED_S, now_s=MODIFIED_S)

    assert not allows_range(MODIFIED, fresh)
    assert allows_range('"a1"', fresh)


def test_last_modified_is_never_in_the_future():
    """A file from a camera with a wrong clock was modified at most now."""
    odd = Validators(etag='"a1"', modified_s=NOW_S + 1000, now_s=MODIFIED_S)

    assert MODIFIED == odd.last_modified
    assert 304 == judge("GET", {"if-modified-since": odd.last_modified}, odd)


def test_an_etag_is_the_hash_or_what_changes_with_every_write():
    """Strong either way, and valid in a header whatever the numbers are."""
    assert '"' + "ab" * 32 + '"' == etag_of("ab" * 32, size_bytes=1, mtime_ns=2, inode=3)
    assert '"ff-10-a"' == etag_of(None, size_bytes=255, mtime_ns=16, inode=10)
    assert '"0-ffffffffffffffff-1"' == etag_of(None, size_bytes=0, mtime_ns=-1, inode=1)
