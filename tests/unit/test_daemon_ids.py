"""Event ids: UUIDs of version 7 that sort by the time they were made."""

import uuid

import pytest

from daemon.ids import id_bytes, id_text, new_id
from support.clock import START_NS

MILLI = 1_000_000


def test_an_id_is_a_uuid_of_version_7():
    """Version, variant and the milliseconds are where RFC 9562 wants them."""
    value = uuid.UUID(bytes=new_id(START_NS))

    assert (7, uuid.RFC_4122) == (value.version, value.variant)
    assert START_NS // MILLI == value.int >> 80


def test_ids_sort_by_time():
    """The index over ids grows at its end."""
    ids = [new_id(START_NS + n * MILLI) for n in range(100)]

    assert sorted(ids) == ids


def test_ids_of_one_moment_differ():
    """Many events in one millisecond are still many events."""
    assert 1000 == len({new_id(START_NS) for _ in range(1000)})


def test_a_clock_beyond_all_bounds_still_gives_ids():
    """48 bits of milliseconds wrap around instead of spilling into the version."""
    for moment in (0, -1, 2**63 - 1):
        assert 7 == uuid.UUID(bytes=new_id(moment)).version


def test_text_and_bytes_are_two_forms_of_one_id():
    """Clients may write an id in any of the usual forms."""
    value = new_id(START_NS)

    for text in (id_text(value), id_text(value).upper(), value.hex(), f"urn:uuid:{id_text(value)}"):
        assert value == id_bytes(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "12", "not a uuid", "0" * 31, "g" * 32),
        *("0f8fad5b-d9cb-469f-a165-7086708951 3", "0f8fad5b-d9cb-469f-a165-70867089512g"),
    ],
)
def test_anything_else_is_no_id(text):
    """What cannot be an id is refused, not padded."""
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the standard library's
        id_bytes(text)
