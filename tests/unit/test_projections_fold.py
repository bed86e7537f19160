"""Folding events into rows, and the digest that tells whether two states are the same."""

from projections.events import DaemonStopped, PositionDeleted
from projections.fold import digest, encode_key, encode_rows, fold
from projections.positions import POSITIONS
from projections.summary import SUMMARY
from support.builders import envelope, reported
from support.clock import START_NS

KEY = ("mara", "/films/harbour.mkv")


def test_a_projection_sees_only_what_it_handles():
    """Events of other types leave no trace in its rows."""
    rows = fold(POSITIONS, [envelope(DaemonStopped(reason="signal"))])

    assert {} == rows


def test_a_projection_without_a_list_sees_everything():
    """The audit summary counts types that no release knows yet."""
    rows = fold(SUMMARY, [envelope(DaemonStopped(reason="signal"), type="daemon.exploded")])

    assert {(START_NS // 86_400_000_000_000, "daemon.exploded", "test")} == set(rows)


def test_a_fold_can_go_on_from_rows():
    """Folding a log in two parts is folding it in one."""
    first = envelope(reported(position_s=10.0), seq=1)
    second = envelope(reported(position_s=20.0), seq=2, at=START_NS + 1)

    continued = fold(POSITIONS, [second], rows=fold(POSITIONS, [first]))

    assert fold(POSITIONS, [first, second]) == continued


def test_a_fold_does_not_change_the_rows_it_starts_from():
    """A state of the past stays what it was."""
    before = fold(POSITIONS, [envelope(reported())])
    gone = PositionDeleted(user="mara", media=KEY[1], name="harbour.mkv")

    after = fold(POSITIONS, [envelope(gone, seq=2)], rows=before)

    assert {KEY} == set(before)
    assert {} == after


def test_a_key_has_one_text():
    """The text of a key is exact, whatever characters a path has."""
    assert '["mara","/films/a \\"b\\"\\u0000\u00e9.mkv"]' == encode_key(
        ("mara", '/films/a "b"\x00é.mkv')
    )


def test_rows_are_digested_in_the_order_of_their_keys():
    """The digest does not depend on the order in which rows came to be."""
    one = envelope(reported(media="a"), seq=1)
    other = envelope(reported(media="b"), seq=2)
    forwards = dict(sorted(fold(POSITIONS, [one, other]).items()))
    backwards = dict(sorted(forwards.items(), reverse=True))

    assert digest(encode_rows(forwards)) == digest(encode_rows(backwards))


def test_rows_are_ordered_as_sqlite_orders_them():
    """By the bytes of their keys in UTF-8, so that live views and a fold give one digest."""
    names = ["\U0001f3ac", "\uff21", "z", "\u00e9", "Z"]

    rows = fold(POSITIONS, [envelope(reported(media=name)) for name in names])

    keys = [key for key, _ in encode_rows(rows)]
    assert sorted(keys, key=str.encode) == keys


def test_a_digest_tells_where_a_key_ends():
    """Moving a byte from a key to its row, or from one row to the next, changes the digest."""
    tables = [
        [],
        [("", b"")],
        [("ab", b"c")],
        [("a", b"bc")],
        [("a", b"b"), ("c", b"")],
        [("a", b""), ("b", b"c")],
    ]

    assert len(tables) == len({digest(table) for table in tables})
