"""
Bytes that a released version wrote, read by this one: every event type in every version there ever
was, and the hash that chains them.

`golden_events.json` is only ever added to. A blob in it stands in somebody's log.
"""

import json
from pathlib import Path

import msgspec
import pytest

from daemon.eventlog.store import GENESIS_HASH, chain_hash
from projections.codec import CODEC

GOLDEN = json.loads(Path(__file__).with_name("golden_events.json").read_text(encoding="utf-8"))

STOPPED = "81a6726561736f6ea67369676e616c"
DELETED = (
    "83a475736572a46d617261a56d65646961b22f66696c6d732f686172626f75722e6d6b76"
    "a46e616d65ab686172626f75722e6d6b76"
)

# fmt: off
CHAIN = [
    (
        (1, bytes(range(16)), 1795251600000000001, 1795251600000000002,
         "daemon.stopped", "daemon", "daemon", None, bytes.fromhex(STOPPED)),
        "d4924c16d571a0d9ce8e2ef52bfa15c241ac0150683b563a1e12855e70eb8e9e",
    ),
    (
        (2, bytes(range(16, 32)), -1, 1795251600000000003,
         "position.deleted", "http", "mara", 1, bytes.fromhex(DELETED)),
        "4ff3232377b90fa490c3b4429850cb647e0aa2abb06c185ede5766d889d308f3",
    ),
]
# fmt: on
"""Two rows of a log as stored, and the hash of each."""


@pytest.mark.parametrize(
    "golden",
    [pytest.param(one, id=f"{number}-{one['type']}") for number, one in enumerate(GOLDEN)],
)
def test_a_released_event_reads_as_it_always_did(golden):
    """Each field has the value it was written with, defaults included."""
    event = CODEC.decode(golden["type"], bytes.fromhex(golden["hex"]))

    for name, value in golden["fields"].items():
        assert value == json.loads(msgspec.json.encode(getattr(event, name))), name


def test_every_type_and_version_has_a_golden_blob():
    """Nothing is released whose bytes are not kept here."""
    released = {*CODEC.decoders, *CODEC._old}

    assert set() == released - {golden["type"] for golden in GOLDEN}


def test_the_chain_of_an_old_log_still_holds():
    """A log sealed by any earlier release verifies: the hash covers the same bytes as ever."""
    previous = GENESIS_HASH
    for row, expected in CHAIN:
        previous = chain_hash(previous, row)

        assert expected == previous.hex()
