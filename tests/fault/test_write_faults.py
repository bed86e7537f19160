"""
A disk that refuses writes or syncs under the running writer: full, broken, and well again.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import apsw
import msgspec
import pytest
from starlette.requests import Request

from daemon.database import open_database
from daemon.engine.engine import Engine
from daemon.errors import CorruptLog, CorruptViews, StorageError
from daemon.eventlog.store import EventLog
from daemon.web import status
from projections.commands import ExpirePositions
from projections.errors import DecodeError
from projections.positions import POSITIONS
from support.builders import report, report_command
from support.disk import FOR_EVER, DiskFault, SimulatedDisk, memory_folder
from support.house import idle_house
from support.ledger import Ledger, Outcome, remains


class Break(NamedTuple):
    """From the nth write or sync of a file on the disk refuses, until it is healed."""

    on: Literal["write", "sync"]
    nth: int
    code: int
    file: str

    def strike(self, disk: SimulatedDisk) -> DiskFault:
        """Makes it so."""
        fail = disk.fail_write if self.on == "write" else disk.fail_sync
        return fail(self.nth, code=self.code, times=FOR_EVER, file=self.file)

    def __str__(self) -> str:
        return f"{self.on}-{self.nth}-{self.code}-{self.file}"


LOG_FAULTS = [
    Break("write", 1, apsw.SQLITE_FULL, "log.db-wal"),
    Break("write", 2, apsw.SQLITE_FULL, "log.db-wal"),
    Break("write", 3, apsw.SQLITE_IOERR_WRITE, "log.db-wal"),
    Break("write", 5, apsw.SQLITE_IOERR_WRITE, "log.db-wal"),
    Break("sync", 1, apsw.SQLITE_IOERR_FSYNC, "log.db-wal"),
]

VIEW_FAULTS = [
    Break("write", 1, apsw.SQLITE_FULL, "views.db-wal"),
    Break("write", 2, apsw.SQLITE_IOERR_WRITE, "views.db-wal"),
    Break("write", 7, apsw.SQLITE_FULL, "views.db-wal"),
]

CHECKPOINT_FAULTS = [
    Break("sync", 6, apsw.SQLITE_IOERR_FSYNC, "log.db-wal"),  # those before it are commits'
    Break("write", 1, apsw.SQLITE_FULL, "log.db"),
    Break("sync", 1, apsw.SQLITE_IOERR_FSYNC, "log.db"),
    Break("write", 1, apsw.SQLITE_FULL, "views.db"),
    Break("sync", 1, apsw.SQLITE_IOERR_FSYNC, "views.db"),
    Break("sync", 1, apsw.SQLITE_IOERR_FSYNC, "views.db-wal"),
]

MANY = 60
"""Commands enough for several checkpoints."""


@pytest.fixture
def disk() -> Iterator[SimulatedDisk]:
    """A disk that works until told otherwise."""
    with SimulatedDisk() as disk:
        yield disk


@pytest.fixture
def ledger(disk: SimulatedDisk) -> Iterator[Ledger]:
    """A log on that disk that holds one event."""
    with Ledger(vfs=disk.vfs_name) as ledger:
        assert ledger.commit(report_command())[0].error is None
        yield ledger
        disk.heal()


async def readiness(ledger: Ledger, folder: Path) -> tuple[int, list[str]]:
    """What /readyz says of this writer."""
    with idle_house(folder) as house:
        services = msgspec.structs.replace(house.services, writer=ledger.writer)
        response = await status.readyz(services, Request({"type": "http"}))
    return response.status_code, json.loads(bytes(response.body))["reasons"]


def commit_until(fault: DiskFault, ledger: Ledger) -> list[Outcome]:
    """Commits one command after the other until the fault has struck."""
    outcomes = []
    while not fault.hits:
        assert len(outcomes) < MANY
        outcomes += ledger.commit(report_command(report(title="x" * 500)))
    return outcomes


@pytest.mark.parametrize("broken", LOG_FAULTS, ids=str)
def test_a_command_the_log_cannot_take_is_refused(
    disk: SimulatedDisk, ledger: Ledger, broken: Break
) -> None:
    """It ends in a StorageError with a hint, nothing of it is in the log, and readers see none."""
    fault = broken.strike(disk)

    *accepted, refused = commit_until(fault, ledger)
    before = ledger.log.end
    again = ledger.commit(report_command(), report_command())

    assert all(outcome.error is None for outcome in accepted)
    assert all(isinstance(outcome.error, StorageError) for outcome in [refused, *again])
    assert all(outcome.receipts == () and outcome.error.hint for outcome in [refused, *again])
    assert 1 + len(accepted) == before.seq == ledger.log.end.seq
    assert before == ledger.log.head()
    assert ledger.writer.fault is not None
    disk.heal()
    assert [] == ledger.problems()


@pytest.mark.parametrize("broken", LOG_FAULTS, ids=str)
def test_the_log_goes_on_when_the_disk_is_well_again(
    disk: SimulatedDisk, ledger: Ledger, broken: Break
) -> None:
    """After the fault the next command is recorded, and a power loss then leaves a whole log."""
    commit_until(broken.strike(disk), ledger)
    before = ledger.log.end.seq
    disk.heal()

    (outcome,) = ledger.commit(report_command())

    assert outcome.error is None
    assert before + 1 == outcome.receipts[0].seq
    assert ledger.writer.fault is None
    assert [] == ledger.problems()
    with memory_folder() as folder:
        for mode in ("none", "all", "prefix", "random"):
            image = disk.image_at(disk.operations, mode, seed=1)
            image.write_to(folder)
            assert [] == remains(folder, promised=ledger.log.end).problems


@pytest.mark.parametrize("broken", VIEW_FAULTS, ids=str)
def test_a_failure_of_the_views_does_not_undo_what_the_log_holds(
    disk: SimulatedDisk, ledger: Ledger, broken: Break
) -> None:
    """The command whose events are on disk is acknowledged; the writer tells that views lag."""
    fault = broken.strike(disk)

    outcomes = commit_until(fault, ledger)

    assert all(outcome.error is None for outcome in outcomes)
    assert 1 + len(outcomes) == ledger.log.head().seq
    assert 1 == ledger.writer.lag
    assert isinstance(ledger.writer.fault, StorageError)
    assert "views" in str(ledger.writer.fault)


@pytest.mark.parametrize("broken", VIEW_FAULTS, ids=str)
def test_while_the_views_cannot_follow_commands_are_refused(
    disk: SimulatedDisk, ledger: Ledger, broken: Break
) -> None:
    """No decision is taken on stale views; the first after the fault finds them caught up."""
    commit_until(broken.strike(disk), ledger)
    head = ledger.log.end
    refused = ledger.commit(report_command(), report_command())
    disk.heal()

    (outcome,) = ledger.commit(report_command())

    assert all(isinstance(outcome.error, StorageError) for outcome in refused)
    assert head.seq + 1 == outcome.receipts[0].seq
    assert 0 == ledger.writer.lag
    assert ledger.writer.fault is None
    assert [] == ledger.problems()


@pytest.mark.parametrize("broken", CHECKPOINT_FAULTS, ids=str)
def test_a_checkpoint_that_fails_costs_no_command(
    disk: SimulatedDisk, ledger: Ledger, broken: Break
) -> None:
    """What cannot be copied out of the write-ahead log stays in it, and nobody is refused."""
    fault = broken.strike(disk)
    outcomes = commit_until(fault, ledger)
    disk.heal()
    for _ in range(MANY):
        outcomes += ledger.commit(report_command())

    assert all(outcome.error is None for outcome in outcomes)
    assert 1 + len(outcomes) == ledger.log.end.seq
    assert [] == ledger.problems()


@pytest.mark.parametrize("broken", [LOG_FAULTS[0], LOG_FAULTS[-1], VIEW_FAULTS[0]], ids=str)
async def test_readiness_tells_the_reason_until_the_disk_is_well(
    disk: SimulatedDisk, ledger: Ledger, tmp_path: Path, broken: Break
) -> None:
    """503 with what was refused and what to do; a probe of the healed disk makes it 200 again."""
    healthy = await readiness(ledger, tmp_path)
    commit_until(broken.strike(disk), ledger)
    head = ledger.log.end
    code, reasons = await readiness(ledger, tmp_path)
    ledger.writer._probe()
    still = await readiness(ledger, tmp_path)
    disk.heal()
    ledger.writer._probe()

    assert (200, []) == healthy
    assert [503, 503] == [code, still[0]]
    assert any(word in reasons[0] for word in ("the disk is full", "health of the disk"))
    assert (200, []) == await readiness(ledger, tmp_path)
    assert head == ledger.log.end
    assert [] == ledger.problems()


def test_a_repeat_while_the_disk_is_full_does_not_look_like_recovery(
    disk: SimulatedDisk, ledger: Ledger
) -> None:
    """A batch that wrote nothing says nothing about the disk: the fault stays until a write."""
    known = report_command(report(id=bytes(16)))
    ledger.commit(known)
    commit_until(LOG_FAULTS[0].strike(disk), ledger)

    (outcome,) = ledger.commit(known)

    assert outcome.receipts[0].duplicate
    assert isinstance(ledger.writer.fault, StorageError)


def test_a_fault_while_deciding_fails_the_whole_batch(disk: SimulatedDisk, ledger: Ledger) -> None:
    """
    When the views' disk refuses in the middle of a batch, SQLite may have undone what the batch
    wrote before: no command of it goes on as if nothing had been.
    """
    ledger.views.connection.pragma("cache_size", 10)
    large = [report(path=f"/{n}", title="x" * 1000) for n in range(200)]
    look = ExpirePositions(source="test", actor="gc", cutoff_ns=0, count_max=1)
    disk.fail_write(1, file="views.db-wal")
    outcomes = ledger.commit(report_command(*large), look, report_command())
    disk.heal()
    ledger.commit(report_command())

    assert [StorageError] * 3 == [type(outcome.error) for outcome in outcomes]
    assert 2 == ledger.log.end.seq
    assert [] == ledger.problems()


def test_an_interrupted_catching_up_is_taken_up_again(ledger: Ledger) -> None:
    """A log that cannot be read for a moment while the views catch up does not wedge the engine."""
    for _ in range(3):
        ledger.commit(report_command(), settles=False)
    late = Engine(ledger.log, ledger.views, ledger.projections)
    ledger.log.connection.set_progress_handler(lambda: True, 1)
    with pytest.raises(StorageError):
        late.catch_up()
    ledger.log.connection.set_progress_handler(None)
    late.catch_up()

    assert 4 == late.applied
    assert [] == ledger.problems()


def test_commands_that_came_together_are_stored_together(
    disk: SimulatedDisk, ledger: Ledger
) -> None:
    """Until somebody settles, what was acknowledged is in the log only; nothing of it is lost."""
    for number in range(5):
        ledger.commit(report_command(report(path=f"/{number}")), settles=False)
    before = ledger.views.checkpoint("positions")
    ledger.writer.settle()
    after = ledger.views.checkpoint("positions")

    assert before is not None
    assert after is not None
    assert [1, 6] == [before.seq, after.seq]
    assert [] == ledger.problems()


def test_a_reader_that_finds_the_disk_full_reads_what_there_is(
    disk: SimulatedDisk, ledger: Ledger
) -> None:
    """It is not refused; the fault is told, and decisions wait until the views could be stored."""
    ledger.commit(report_command(), settles=False)
    fault = VIEW_FAULTS[0].strike(disk)
    ledger.writer.settle()
    told, lag = ledger.writer.fault, ledger.writer.lag
    (refused,) = ledger.commit(report_command())
    disk.heal()
    (outcome,) = ledger.commit(report_command())

    assert fault.hits
    assert isinstance(told, StorageError)
    assert 1 == lag
    assert isinstance(refused.error, StorageError)
    assert 3 == outcome.receipts[0].seq
    assert [] == ledger.problems()


def test_a_disk_that_cannot_hold_a_write_ahead_log_is_refused(tmp_path: Path) -> None:
    """Without WAL a commit would not survive power loss, so the log is not opened at all."""
    with pytest.raises(StorageError, match="write-ahead log"):
        EventLog.create(tmp_path / "log.db", vfs="unix-none")


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    """Opening something else by mistake neither harms it nor looks like a defect."""
    (tmp_path / "log.db").write_bytes(b"these are my holiday notes\n" * 100)
    with pytest.raises(Exception, match="damaged") as caught:
        open_database(tmp_path / "log.db", synchronous="FULL")

    assert "log.db" in str(caught.value)
    assert (tmp_path / "log.db").read_bytes().startswith(b"these are my holiday notes")


def test_damaged_views_are_told_with_the_way_out(tmp_path: Path) -> None:
    """Nothing is lost with the views, so the hint is to delete them, not to restore a backup."""
    (tmp_path / "views.db").write_bytes(b"torn" * 4096)
    with pytest.raises(CorruptViews, match=r"views\.db.* damaged") as caught:
        Ledger(tmp_path)
    for name in ("views.db", "views.db-wal", "views.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)

    assert "delete views.db" in caught.value.hint
    with Ledger(tmp_path) as ledger:
        assert [] == ledger.problems()


def test_a_damaged_row_of_a_view_is_told_with_the_way_out(tmp_path: Path) -> None:
    """A row that has lost its form names its view; it is no defect of the daemon."""
    with Ledger(tmp_path) as ledger:
        ledger.commit(report_command())
        ledger.views.connection.execute("UPDATE positions SET row = x'7b7d'")
    with Ledger(tmp_path) as ledger, pytest.raises(CorruptViews, match="view positions") as caught:
        ledger.views.get(POSITIONS, ("mara", "/films/harbour.mkv"))

    assert "delete views.db" in caught.value.hint


def test_a_log_with_a_missing_event_is_not_folded(tmp_path: Path) -> None:
    """A gap stops the start and names the event, whatever SQLite thinks of the file."""
    with Ledger(tmp_path) as ledger:
        for _ in range(3):
            ledger.commit(report_command())
        ledger.log.connection.execute("DROP TRIGGER only_sealed_events_leave")
        ledger.log.connection.execute("DELETE FROM events WHERE seq = 2")
    (tmp_path / "views.db").unlink()

    with pytest.raises(CorruptLog, match="Event 2 is missing"):
        Ledger(tmp_path)


def test_a_log_with_an_empty_event_is_not_folded(tmp_path: Path) -> None:
    """A torn record, which SQLite reads as nothing at all, is damage and no event."""
    with Ledger(tmp_path) as ledger:
        ledger.commit(report_command())
        for statement in (
            "DROP TRIGGER events_are_never_changed",
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'events'",
            "PRAGMA writable_schema = RESET",
            "UPDATE events SET type = NULL, data = NULL",
        ):
            ledger.log.connection.execute(statement)
    (tmp_path / "views.db").unlink()

    with pytest.raises(DecodeError, match="damaged"):
        Ledger(tmp_path)
