"""
A log as players write it: a few users, each playing one of 150 files for a while, a report every
ten seconds, with everything an mpv tells. The same seed gives the same events.
"""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from daemon.eventlog.store import EventLog, Stored
from daemon.ids import new_id
from projections.codec import CODEC
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.events import PositionReported, Reason

USERS = ("mara", "jonas", "ilse", "default")
MEDIA_COUNT = 150
REPORTS_PER_SESSION = 40
REPORT_EVERY_S = 10
START_NS = 1_700_000_000 * NANOS_PER_SECOND
FILL_BATCH_EVENTS = 5_000


def reports(count: int, *, seed: int = 1) -> Iterator[PositionReported]:
    """That many reports, session after session."""
    chance = random.Random(seed)
    return islice(_sessions(chance), count)


def _sessions(chance: random.Random) -> Iterator[PositionReported]:
    while True:
        number = chance.randrange(MEDIA_COUNT)
        name = f"Harbour Lights S{number // 10 + 1:02}E{number % 10 + 1:02}.mkv"
        path = f"/media/series/Harbour Lights/Season {number // 10 + 1:02}/{name}"
        user, session = chance.choice(USERS), f"{chance.getrandbits(128):032x}"
        for step in range(REPORTS_PER_SESSION):
            yield PositionReported(
                user=user,
                media=path,
                name=name,
                position_s=round(step * REPORT_EVERY_S + chance.random(), 3),
                duration_s=2_700.0 + number,
                reason=_reason(step),
                device="living-room",
                session=session,
                path=path,
                size_bytes=1_500_000_000 + number,
                fingerprint=f"moviehash:{number:016x}-{1_500_000_000 + number}",
                title=f"Harbour Lights {number}",
                client_time_s=1.7e9 + step * REPORT_EVERY_S,
            )


def _reason(step: int) -> Reason:
    if step == 0:
        return "start"
    return "stop" if step == REPORTS_PER_SESSION - 1 else "heartbeat"


def stored(seq: int, event_id: bytes, event: PositionReported) -> Stored:
    """The event as a row of the log, without its hash."""
    at = moment_of(seq)
    kind, data = CODEC.type_of(event), CODEC.encode(event)
    return (seq, event_id, at, at, kind, "http", event.user, None, data)


def moment_of(seq: int) -> Nanos:
    """When the event of that place happened: time goes on by a report's interval."""
    return START_NS + seq * REPORT_EVERY_S * NANOS_PER_SECOND


def fill_log(path: Path, count: int) -> None:
    """A log of that many reports at `path`, which must not exist yet."""
    assert not path.exists()
    log = EventLog.create(path)
    numbered = enumerate(reports(count), 1)
    rows = (stored(seq, new_id(moment_of(seq)), event) for seq, event in numbered)
    while batch := list(islice(rows, FILL_BATCH_EVENTS)):
        log.append(batch)
    log.close()
