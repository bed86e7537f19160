"""
The machine's clock is set back or forward while the daemon runs: positions go on, the order of
events stays, and nothing is forgotten because of it.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest

from daemon.config.schedule import parse_schedule
from daemon.errors import StorageError
from daemon.maintenance import TRUST_AGAIN_AFTER_S, GarbageCollector
from daemon.telemetry.metrics import Metrics
from projections.commands import Record
from projections.events import DaemonStarted
from support.builders import report, report_body, report_command
from support.clock import FakeClock
from support.daemon import DaemonProcess
from support.ledger import Ledger, problems_in
from support.mpv import require_program, wait_until

HOUR_S = 3600
DAY_S = 24 * HOUR_S
YEAR_S = 365 * DAY_S
LOOK_S = 300
LIBRARIES = ("/usr/lib", "/usr/local/lib")
FAKETIME_HINT = "install libfaketime (Debian: apt-get install faketime) to run this test"


class Wall:
    """The wall clock of a process, to be set through a file."""

    def __init__(self, path: Path) -> None:
        require_program("faketime", FAKETIME_HINT)
        found = (p for root in LIBRARIES for p in Path(root).rglob("libfaketimeMT.so.1"))
        self._path = path
        self.set("+0")
        self.environment = {
            "LD_PRELOAD": str(next(found)),
            "FAKETIME_TIMESTAMP_FILE": str(path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: str) -> None:
        """Sets it that far from the true time: -1h, +400d."""
        waiting = self._path.with_suffix(".new")
        waiting.write_text(f"{offset}\n")
        waiting.replace(self._path)


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    """The wall clock of the daemon."""
    return Wall(tmp_path / "faketime")


@pytest.fixture
def daemon(tmp_path: Path, wall: Wall) -> Iterator[DaemonProcess]:
    """A daemon that collects garbage every second, by a clock that can be set."""
    environment = {**wall.environment, "PLAYHEAD_GC_SCHEDULE": "@every 1s"}
    with DaemonProcess(tmp_path / "data", environment=environment) as process:
        yield process


def resume_after(daemon: DaemonProcess, position_s: float) -> float:
    """Reports a position and asks where to resume."""
    body = report_body(position_s=position_s)
    daemon.client.post("/api/positions", json=body).raise_for_status()
    answer = daemon.client.get("/api/resume", params={"path": "/films/harbour.mkv"})
    return float(answer.json()["position_s"])


def collections(daemon: DaemonProcess) -> int:
    """How many garbage collections the log knows."""
    return len(daemon.events(type="garbage.collected"))


def test_positions_advance_whatever_the_clock_does(daemon: DaemonProcess, wall: Wall) -> None:
    """Set back an hour, forward a year and back, the last report to arrive is the position."""
    found = [resume_after(daemon, 60)]
    for position_s, offset in ((70, "-1h"), (80, "+366d"), (65, "-2d"), (90, "+0")):
        wall.set(offset)
        found.append(resume_after(daemon, position_s))
    seqs = [event["seq"] for event in daemon.events()]

    assert [60, 70, 80, 65, 90] == found
    assert sorted(seqs) == seqs
    assert [] == problems_in(daemon.data)


def test_a_clock_a_year_ahead_makes_nothing_be_forgotten(daemon: DaemonProcess, wall: Wall) -> None:
    """A garbage collection that is due at once by the wrong clock waits, and says why."""
    resume_after(daemon, 60)
    wait_until(lambda: collections(daemon) > 0, "a garbage collection by the right clock")
    wall.set("+400d")
    wait_until(
        lambda: any(line["event"] == "clock_jumped" for line in daemon.lines), "the jump noticed"
    )
    before = collections(daemon)
    wall.set("+0")

    assert 61 == resume_after(daemon, 61)
    assert before == collections(daemon)
    assert [] == daemon.events(type="position.expired")


class Household:
    """A running writer and a garbage collector with a clock that tests move."""

    def __init__(self, ledger: Ledger, clock: FakeClock, schedule: str) -> None:
        parsed = parse_schedule(schedule)
        assert parsed is not None
        self.ledger = ledger
        self.clock = clock
        self.metrics = Metrics(version="0")
        self.collector = GarbageCollector(
            ledger.writer, clock, self.metrics, schedule=parsed, retention_days=365, last=None
        )

    def count(self, kind: str) -> int:
        """How many events of a type the log holds."""
        return sum(envelope.type == kind for envelope in self.ledger.log.envelopes())

    async def look(self, *, after_s: float) -> float:
        """Lets time pass as the daemon would, look by look, and returns the last wait."""
        wait_s = 0.0
        for _ in range(int(after_s / LOOK_S)):
            self.clock.advance(LOOK_S)
            wait_s = await self.collector.look()
        return wait_s


@pytest.fixture(params=["@every 6h", "0 4 * * *"])
async def household(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Household]:
    """One with a fresh position."""
    clock = FakeClock()
    with Ledger(tmp_path, clock=clock) as ledger:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ledger.writer.run)
            await ledger.writer.submit(report_command())
            household = Household(ledger, clock, request.param)
            yield household
            ledger.writer.close()
        household.metrics.shutdown()


async def test_a_clock_set_forward_is_not_believed_at_once(household: Household) -> None:
    """A year ahead nothing is collected for a day; put right in time, nothing is ever lost."""
    household.clock.set_back(-2 * YEAR_S)
    await household.look(after_s=TRUST_AGAIN_AFTER_S / 2)
    household.clock.set_back(2 * YEAR_S)
    await household.look(after_s=2 * TRUST_AGAIN_AFTER_S)

    assert 0 == household.count("position.expired")
    assert 1 <= household.count("garbage.collected") <= 5


async def test_a_clock_that_stays_ahead_is_believed_in_the_end(household: Household) -> None:
    """Perhaps it was wrong before: after a day collections go on."""
    household.clock.set_back(-2 * YEAR_S)
    await household.look(after_s=TRUST_AGAIN_AFTER_S + DAY_S)

    assert 1 == household.count("position.expired")


async def test_a_clock_set_back_does_not_stop_collections_for_years(household: Household) -> None:
    """What was due by the wrong clock is due anew by the right one."""
    household.clock.set_back(2 * YEAR_S)
    await household.look(after_s=TRUST_AGAIN_AFTER_S + DAY_S)

    assert household.count("garbage.collected") >= 1
    assert household.collector.due_ns <= household.clock.now_ns() + DAY_S * 10**9


async def test_collections_come_as_often_as_they_are_due(household: Household) -> None:
    """In two days without any step, the schedule alone decides."""
    await household.look(after_s=2 * DAY_S)

    assert household.count("garbage.collected") in {2, 8}


async def test_a_small_correction_of_the_clock_is_nothing(household: Household) -> None:
    """NTP and summer time at their worst move a clock by seconds, and nobody waits for that."""
    for _ in range(10):
        household.clock.set_back(90)
        await household.look(after_s=DAY_S / 5)

    assert household.count("garbage.collected") >= 2


def test_events_keep_their_order_when_the_clock_runs_backwards(tmp_path: Path) -> None:
    """The log is ordered by arrival; its times say what the clock said."""
    clock = FakeClock()
    with Ledger(tmp_path, clock=clock) as ledger:
        for number in range(5):
            ledger.commit(report_command(report(position_s=float(number))))
            clock.set_back(HOUR_S)
        kept = list(ledger.log.envelopes())

        assert [1, 2, 3, 4, 5] == [envelope.seq for envelope in kept]
        assert sorted((envelope.recorded for envelope in kept), reverse=True) == [
            envelope.recorded for envelope in kept
        ]
        assert [] == ledger.problems()


def test_a_clock_beyond_all_reason_is_refused(tmp_path: Path) -> None:
    """A time that the log's columns cannot hold is an error of that command, not the end."""
    clock = FakeClock()
    with Ledger(tmp_path, clock=clock) as ledger:
        clock.set_back(-(2**63) // 10**9)
        started = Record(source="test", actor="", event=DaemonStarted(version="0", bind=""))
        (refused,) = ledger.commit(started)
        clock.set_back(2**63 // 10**9)
        (outcome,) = ledger.commit(report_command())

        assert isinstance(refused.error, StorageError)
        assert outcome.error is None
        assert [] == ledger.problems()
