"""
Archiving, interrupted: by a power loss at any moment, by a disk that refuses, by a file that went
or changed. What was acknowledged is there, or it is said what is not.
"""

import shutil

import apsw
import pytest

from daemon.datadir import DataDirectory
from daemon.errors import CorruptLog, SegmentLost, StorageError
from daemon.eventlog.sealing import give_back, remove_leftovers, seal
from daemon.eventlog.segment import Limits, write_segment
from daemon.eventlog.store import EventLog
from support.builders import report, report_command
from support.clock import FakeClock
from support.command import playhead_inside
from support.disk import SimulatedDisk, memory_folder
from support.ledger import Ledger, remains

EVENTS = 60
UNTIL = 50
LIMITS = Limits(segment_events=16, block_events=5)
CRASHES = 60

OLD_TRIGGER = """
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append only'); END
"""


def fill(ledger, count=EVENTS):
    """Reports with ids of their own."""
    seen = [
        report(name=f"{n % 7}.mkv", path=f"/{n % 7}.mkv", position_s=n, id=n.to_bytes(16))
        for n in range(1, count + 1)
    ]
    ledger.commit(*map(report_command, seen))


def sealing(log, until=UNTIL):
    """`playhead archive`, with segments of a few events."""
    return seal(log, until=until, clock=FakeClock(), source="cli", actor="test", limits=LIMITS)


class Run:
    """An archiving on a simulated disk; the segments are real files."""

    def __init__(self, disk, archive):
        self.disk = disk
        self.archive = archive
        self.starts = {}  # of each segment: how many operations were done when its file was whole
        with Ledger(vfs=disk.vfs_name, archive=archive) as ledger:
            fill(ledger)
            self.first, self.promised = disk.operations, ledger.log.end
            durable = disk.operations
            for sealed in sealing(ledger.log):
                self.starts[sealed.name] = durable
                durable = disk.operations
            give_back(ledger.log)
            self.last = ledger.log.end

    def files_at(self, operation, folder):
        """Puts what was durable of the archive by then into a folder; nothing that was not."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, whole in self.starts.items():
            if whole < operation:
                shutil.copyfile(self.archive / name, folder / name)


def test_no_crash_loses_an_event_or_its_id(tmp_path):
    """
    Each leaves a whole log with all that was acknowledged, half of it sealed perhaps; a second run
    goes on to the end, after which every id is still known.
    """
    failed, kept = [], set()
    with SimulatedDisk() as disk, memory_folder() as folder:
        run = Run(disk, tmp_path / "archive")
        for image in disk.crashes(CRASHES, seed=1, first=run.first):
            image.write_to(folder)
            run.files_at(image.operation, tmp_path / "left")
            left = remains(folder, promised=run.promised, archive=tmp_path / "left")
            with Ledger(folder, archive=tmp_path / "left") as ledger:
                kept.add(ledger.log.archive.head().seq)
                ledger.seal(UNTIL, LIMITS)
                give_back(ledger.log)
                ids = [number.to_bytes(16) for number in range(1, EVENTS + 1)]
                found = ledger.log.seqs_of_ids(ids)
                problems = left.problems + ledger.problems()
                problems += [] if len(found) == EVENTS else [f"{len(found)} ids are known"]
                failed += [(str(image), problems)] if problems else []

    assert [] == failed
    assert {0, 16, 32, 48, UNTIL} == kept  # crashes before, between and after every segment


def test_a_file_that_nobody_needs_is_taken_away(tmp_path):
    """A crash between a whole segment and its transaction; unfinished ones too; no other file."""
    with Ledger(tmp_path) as ledger:
        fill(ledger)
        log = ledger.log
        left = write_segment(
            log.archive.folder, log.rows(), previous=bytes(32), limits=Limits(segment_events=9)
        )
        (log.archive.folder / f".{left.name}.partial").write_bytes(b"half")
        strange = log.archive.folder / "events-000000000001-000000000003.segment"
        strange.write_bytes(b"somebody else's")
        gone = {path.name for path in remove_leftovers(log)}
        sealed = ledger.seal(UNTIL, LIMITS)

        assert {left.name, f".{left.name}.partial"} == gone
        assert {strange.name, *(each.name for each in sealed)} == {
            path.name for path in log.archive.folder.iterdir()
        }
        assert [] == ledger.problems()


def test_nothing_leaves_when_the_disk_refuses(tmp_path):
    """A full disk in the middle of the transaction: all stay, and the next run seals them."""
    with SimulatedDisk() as disk, Ledger(vfs=disk.vfs_name, archive=tmp_path / "a") as ledger:
        fill(ledger)
        before = ledger.log.end
        disk.fail_write(3, code=apsw.SQLITE_FULL, times=1_000)
        with pytest.raises(StorageError, match="disk is full"):
            list(sealing(ledger.log))
        disk.heal()

        assert before == ledger.log.end
        assert 0 == ledger.log.archive.head().seq
        assert 4 == len(list(sealing(ledger.log)))
        ledger.engine.catch_up()
        assert [] == ledger.problems()


def test_a_log_that_does_not_hold_is_not_sealed(tmp_path):
    """What is damaged would be damaged for ever; the operator is told which event it is."""
    with Ledger(tmp_path) as ledger:
        fill(ledger)
        ledger.log.connection.execute("DROP TRIGGER events_are_never_changed")
        ledger.log.connection.execute("UPDATE events SET actor = 'jon' WHERE seq = 20")
        with pytest.raises(CorruptLog, match="Event 20 does not hold"):
            list(sealing(ledger.log))

        assert 16 == ledger.log.archive.head().seq
        assert 1 == len(list(ledger.log.archive.folder.iterdir()))
        assert EVENTS - 16 + 1 == ledger.log.connection.execute("SELECT count(*) FROM events").get


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events WHERE seq = 51",
        "DELETE FROM events",
        "UPDATE events SET actor = 'jon' WHERE seq = 51",
        "DELETE FROM segments",
        "UPDATE segments SET last = 60",
        "INSERT INTO segments SELECT 'x', 51, 99, previous, hash, 0, 0, 0, digest, 1 FROM segments",
        "INSERT INTO segments SELECT 'x', 52, 55, id, hash, 0, 0, 0, id, 1 FROM events LIMIT 1",
        "DELETE FROM archived_ids",
        "UPDATE archived_ids SET seq = seq + 1",
        "INSERT INTO archived_ids VALUES (zeroblob(16), 51, 'mara')",
    ],
)
def test_only_what_is_sealed_can_leave(tmp_path, statement):
    """The file itself refuses everything else, whoever asks."""
    with Ledger(tmp_path) as ledger:
        fill(ledger)
        ledger.seal(UNTIL, LIMITS)

        with pytest.raises(apsw.ConstraintError):
            ledger.log.connection.execute(statement)
        assert [] == ledger.problems()


def test_an_event_without_its_id_kept_cannot_leave(tmp_path):
    """A segment alone is not enough: what comes again must be known."""
    with Ledger(tmp_path) as ledger:
        fill(ledger)
        log = ledger.log
        log.connection.execute("BEGIN")
        log.connection.execute(
            "INSERT INTO segments SELECT 'x', 1, 5, hash, hash, 0, 0, 0, hash, 1 FROM events"
            " WHERE seq = 5"
        )

        with pytest.raises(apsw.ConstraintError, match="append only"):
            log.connection.execute("DELETE FROM events WHERE seq <= 5")
        log.connection.execute("ROLLBACK")


@pytest.fixture
def archived(tmp_path):
    """A data directory with four segments, and the second of them."""
    with Ledger(tmp_path) as ledger:
        fill(ledger)
        sealed = ledger.seal(UNTIL, LIMITS)
    return tmp_path, DataDirectory(tmp_path).archive / sealed[1].name


def spoil(path, *, how):
    """Something that happens to files."""
    content = path.read_bytes()
    path.unlink()
    if how == "changed":
        path.write_bytes(content[:-3] + bytes(3))
    elif how == "cut":
        path.write_bytes(content[:-3])


@pytest.mark.parametrize("how", ["missing", "changed", "cut"])
def test_damage_is_told_and_mended_by_a_copy(archived, how):
    """Verify names the file and what to do; with the file back everything holds."""
    data, path = archived
    kept = path.read_bytes()
    spoil(path, how=how)
    told = playhead_inside("verify", data=data, code=1)
    path.unlink(missing_ok=True)
    path.write_bytes(kept)
    mended = playhead_inside("verify", data=data)

    assert 1 == told.stdout.count("WRONG")
    assert f"WRONG  event 17: Segment {path}" in told.stdout
    assert "events 17 to 32 of the log are in it" in told.stdout
    assert f"back from a backup, where they have the same names: archive/{path.name}" in told.stderr
    assert "Everything holds." in mended.stdout


@pytest.mark.parametrize("how", ["missing", "changed", "cut"])
def test_a_daemon_starts_without_a_segment_but_does_not_rebuild(archived, how):
    """Views that are in step need none; made anew they would have a hole, so they are not made."""
    data, path = archived
    spoil(path, how=how)
    with Ledger(data) as ledger:
        before = ledger.digests()
        ledger.commit(report_command(report(id=(EVENTS + 1).to_bytes(16))))
        again = ledger.commit(report_command(report(id=(20).to_bytes(16))))
        with pytest.raises(SegmentLost, match="events 17 to 32"):
            ledger.engine.rebuild(ledger.projections)
        after = ledger.digests()
    (data / "views.db").unlink()

    assert (20, True) == (again[0].receipts[0].seq, again[0].receipts[0].duplicate)
    assert before.keys() == after.keys()
    with pytest.raises(SegmentLost, match="events 17 to 32"), Ledger(data):
        pass
    told = playhead_inside("replay", data=data, code=1)
    assert "Put it back from a backup" in told.stderr


def test_a_damaged_archive_is_not_backed_up(archived, tmp_path_factory):
    """Older backups stay, and no new one pretends."""
    data, path = archived
    kept = tmp_path_factory.mktemp("kept")
    spoil(path, how="changed")
    told = playhead_inside("backup", kept, data=data, code=1)

    assert path.name in told.stderr
    assert [] == list(kept.iterdir())


def test_a_log_of_an_earlier_release_can_be_read_and_then_archived(tmp_path):
    """Its file has no tables of an archive, and a trigger that lets nothing leave."""
    with Ledger(tmp_path) as ledger:
        fill(ledger)
        for statement in (
            "DROP TABLE segments",
            "DROP TABLE archived_ids",
            "DROP TRIGGER only_sealed_events_leave",
            OLD_TRIGGER,
        ):
            ledger.log.connection.execute(statement)
    read = playhead_inside("verify", data=tmp_path)
    playhead_inside("archive", "--before", "31", data=tmp_path)
    log = EventLog.create(tmp_path / "log.db")
    archived = log.archive.head().seq
    log.close()

    assert "Everything holds." in read.stdout
    assert 30 == archived
    assert "Everything holds." in playhead_inside("verify", data=tmp_path).stdout
