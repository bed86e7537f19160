"""
Hypothesis strategies for what travels through the log: odd texts, every kind of event, commands
that collide with one another.
"""

import functools
import types
import typing
import uuid
from typing import Any

import msgspec
from hypothesis import strategies as st

from projections.commands import (
    Command,
    DeletePosition,
    DeleteTimestamp,
    ExpirePositions,
    PositionReport,
    Record,
)
from projections.events import Event, GarbageCollected
from projections.timestamps import timestamp_id
from projections.vocabulary import EVENT_TYPES
from support.builders import report, report_command
from support.clock import NANOS_PER_SECOND, START_NS

COMPOSED = "caf\u00e9.mkv"
DECOMPOSED = "cafe\u0301.mkv"

ODD_TEXTS = (
    "",
    COMPOSED,
    DECOMPOSED,
    "\x00",
    "\u2028\u2029",
    "\ufeff",
    "\uffff\U0010ffff",
    "\u202egnp.mkv",
    "👩\u200d👩\u200d👧.mkv",
    "' OR 1=1; --",
    '"\\',
)

texts = st.sampled_from(ODD_TEXTS) | st.text(st.characters(codec="utf-8"), max_size=40)
"""Anything a file name can be in valid Unicode."""

finite = st.floats(allow_nan=False, allow_infinity=False)

int64s = st.integers(min_value=-(2**63), max_value=2**63 - 1)

_BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: int64s,
    float: finite,
    bool: st.booleans(),
    type(None): st.none(),
    bytes: st.binary(max_size=20),
    msgspec.UnsetType: st.just(msgspec.UNSET),
}


def events() -> st.SearchStrategy[Event]:
    """An event of any type there is, with any values its fields can have."""
    return st.one_of([events_of(kind) for kind in EVENT_TYPES.values()])


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """An event of one type, with any values its fields can have."""
    return _structs_of(kind)


@functools.cache
def _structs_of(kind: Any) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    fields = {name: _values_of(hint) for name, hint in hints.items() if name[0] != "_"}
    return st.builds(kind, **fields)


def _values_of(hint: Any) -> st.SearchStrategy[Any]:
    if hint in _BY_TYPE:
        return _BY_TYPE[hint]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return st.deferred(lambda: _structs_of(hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is dict:
        return st.dictionaries(_values_of(arguments[0]), _values_of(arguments[1]), max_size=2)
    if origin is tuple:
        return _tuples_of(arguments)
    assert isinstance(hint, types.UnionType), f"no values are known for {hint}"
    return st.one_of([_values_of(choice) for choice in arguments])


def _tuples_of(arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if arguments[-1] is Ellipsis:
        return st.lists(_values_of(arguments[0]), max_size=2).map(tuple)
    return st.tuples(*map(_values_of, arguments))


FILES: tuple[dict[str, Any], ...] = (
    {"path": "/s1/a.mkv", "name": "a.mkv"},
    {"path": "/s2/a.mkv", "name": "a.mkv"},
    {"path": None, "name": "a.mkv"},
    {"path": "/x/" + COMPOSED, "name": COMPOSED},
    {"path": "/x/" + COMPOSED, "name": DECOMPOSED},
    {"media": "key", "path": None, "name": "b.mkv"},
    {"media": "key", "path": None, "name": "a.mkv"},
    {"path": "/x/\x00\U0010ffff \u2028", "name": "\x00\U0010ffff \u2028"},
    {"path": "/x/\uff21.mkv", "name": "\uff21.mkv"},
    {"path": "/x/\U0001f3ac.mkv", "name": "\U0001f3ac.mkv"},
)
"""Few enough that reports meet again, and with every way in which files share keys and names."""

users = st.sampled_from(["mara", "jon"])

positions_s = st.floats(min_value=0, max_value=10_000)

ages_ns = st.sampled_from([0, 30, 60, 61, 3_600, 86_400]).map(lambda s: s * NANOS_PER_SECOND)
"""Fresh, on its way for a minute at most, and out of a spool."""

ids = st.integers(min_value=1, max_value=12).map(lambda n: uuid.UUID(int=n).bytes)
"""Few enough that they repeat."""

ids_or_none: st.SearchStrategy[bytes | None] = st.none() | ids

LATE_AGES_NS = st.integers(min_value=61 * NANOS_PER_SECOND, max_value=10**15)


def reports(
    *,
    ids: st.SearchStrategy[bytes | None] = ids_or_none,
    ages_ns: st.SearchStrategy[int] = ages_ns,
) -> st.SearchStrategy[PositionReport]:
    """A report of one of a few files."""
    return st.builds(
        lambda file, fields: report(**(file | fields)),
        st.sampled_from(FILES),
        st.fixed_dictionaries(
            {
                "id": ids,
                "age_ns": ages_ns,
                "position_s": positions_s,
                "finished": st.booleans(),
                "session": st.sampled_from(["", "s1", "s2"]),
                "fingerprint": st.sampled_from([None, "moviehash:1-2"]),
                "duration_s": st.none() | positions_s,
                "device": st.sampled_from(["", "tv"]),
            }
        ),
    )


names = st.sampled_from(sorted({file["name"] for file in FILES}))

media_keys = st.sampled_from(["/s1/a.mkv", "/s2/a.mkv", "name:a.mkv", "/x/" + COMPOSED, "key"])


def commands() -> st.SearchStrategy[Command]:
    """An order of any kind; some will be refused."""
    origin = {"source": st.sampled_from(["http", "test"]), "actor": users, "user": users}
    return st.one_of(
        st.builds(
            lambda user, listed: report_command(*listed, user=user),
            users,
            st.lists(reports(), min_size=1, max_size=3),
        ),
        st.builds(DeletePosition, **origin, media=media_keys),
        st.builds(DeleteTimestamp, **origin, timestamp_id=names.map(timestamp_id)),
        st.builds(
            ExpirePositions,
            source=st.just("daemon"),
            actor=st.just("gc"),
            cutoff_ns=st.integers(min_value=-90_000, max_value=3_600).map(
                lambda seconds: START_NS + seconds * NANOS_PER_SECOND
            ),
            count_max=st.integers(min_value=1, max_value=3),
        ),
        st.builds(
            Record,
            source=st.just("daemon"),
            actor=st.just("gc"),
            event=events_of(GarbageCollected),
        ),
    )
