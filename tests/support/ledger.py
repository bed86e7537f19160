"""
The log, its views and the writer on one disk, driven commit by commit without an event loop; and
what is left of them after a crash, judged.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw
import msgspec

from daemon.clock import Clock
from daemon.database import storage_errors
from daemon.engine.engine import Engine
from daemon.engine.replay import replay
from daemon.engine.verify import check_views
from daemon.engine.views import ViewReader, ViewStore
from daemon.eventlog.integrity import check_chain, check_file
from daemon.eventlog.plan import Pending, Receipt
from daemon.eventlog.sealing import seal
from daemon.eventlog.segment import LIMITS, Limits, Sealed
from daemon.eventlog.store import EventLog, Head, LogReader
from daemon.eventlog.writer import QUEUE_COMMANDS_MAX, Writer
from daemon.ids import id_text
from projections import PROJECTIONS
from projections.commands import Command
from projections.envelope import Seq
from projections.errors import PlayheadError
from projections.fold import Projection, digest, encode_rows
from support.clock import FakeClock

PAGES_BETWEEN_CHECKPOINTS = 12
"""SQLite's default is 1000: a short workload would never see a checkpoint."""


class Outcome(msgspec.Struct, frozen=True):
    """What the writer answered to one command: receipts or an error."""

    receipts: tuple[Receipt, ...]
    error: PlayheadError | None


class Ledger:
    """
    An open log with views and writer.

    Args:
        folder: of `log.db` and `views.db`.
        vfs: name of the VFS both are opened with; a simulated disk ignores the folder.
        clock: the writer's.
        projections: the views that are kept.
        queue_commands_max: commands that may wait for the writer.
        archive: the folder of the log's segments, where it is not beside the log.
    """

    def __init__(
        self,
        folder: Path = Path("/"),
        *,
        vfs: str | None = None,
        clock: Clock | None = None,
        projections: Sequence[Projection[Any]] = PROJECTIONS,
        queue_commands_max: int = QUEUE_COMMANDS_MAX,
        archive: Path | None = None,
    ) -> None:
        self.projections = projections
        self.log = EventLog.create(folder / "log.db", vfs=vfs, archive=archive)
        try:
            self.views = ViewStore.create(folder / "views.db", vfs=vfs)
            for connection in (self.log.connection, self.views.connection):
                connection.pragma("wal_autocheckpoint", PAGES_BETWEEN_CHECKPOINTS)
            self.engine = Engine(self.log, self.views, projections)
            self.engine.catch_up()
        except BaseException:
            self.close()
            raise
        self.writer = Writer(
            self.log, self.engine, clock or FakeClock(), queue_commands_max=queue_commands_max
        )

    def commit(self, *commands: Command, settles: bool = True) -> list[Outcome]:
        """
        Has the writer carry these out as one batch, as its worker thread does; `settles` as for
        callers that do not come in crowds.
        """
        batch = [Pending(command) for command in commands]
        self.writer._commit(batch)
        if settles:
            self.writer.settle()
        return [Outcome(pending.receipts, pending.error) for pending in batch]

    def seal(self, until: Seq, limits: Limits = LIMITS) -> list[Sealed]:
        """Archives the log up to an event, as `playhead archive` does; the views follow."""
        sealing = seal(
            self.log, until=until, clock=FakeClock(), source="cli", actor="test", limits=limits
        )
        sealed = list(sealing)
        self.engine.catch_up()
        return sealed

    def digests(self) -> dict[str, str]:
        """The digest of every view as it stands."""
        return {p.name: self.views.digest(p) for p in self.projections}

    def digests_from_zero(self) -> dict[str, str]:
        """The digest every view should have: the whole log folded afresh."""
        tables = replay(self.projections, self.log.envelopes())
        return {name: digest(encode_rows(rows)) for name, rows in tables.items()}

    def problems(self) -> list[str]:
        """What is wrong with the log or the views, in sentences."""
        found = [str(finding) for finding in check_file(self.log)]
        found += [str(finding) for finding in check_chain(self.log).findings]
        found += [f"the views are damaged: {text}" for text in _damage(self.views.connection)]
        if self.digests() != self.digests_from_zero():
            found.append("the views are not what the log says")
        return found

    def close(self) -> None:
        """Releases both files."""
        for name in ("views", "log"):
            opened = getattr(self, name, None)
            if opened is not None:
                opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Remains(msgspec.Struct, frozen=True):
    """What a crash left, after a start on it: the log's end and whatever is wrong."""

    head: Head
    problems: list[str]


def remains(folder: Path, *, promised: Head, archive: Path | None = None) -> Remains:
    """
    Starts on what a crash left in a folder, and judges it.

    `promised` is the end of the log that callers have been told of; the segments may be elsewhere.
    """
    try:
        with storage_errors("look at the views"):
            found = views_ahead(folder)
        with Ledger(folder, archive=archive) as ledger:
            found += ledger.problems()
            head = ledger.log.end
            if ledger.log.hash_at(promised.seq) != promised.hash:
                found.append(f"event {promised.seq} was acknowledged, the log ends at {head.seq}")
            return Remains(head, found)
    except PlayheadError as error:
        return Remains(Head(), [f"the daemon would not start: {error}"])
    except Exception as error:  # noqa: BLE001 - damage that is met as a defect is judged too
        return Remains(Head(), [f"the daemon would fall over: {error!r}"])


def problems_in(folder: Path) -> list[str]:
    """What is wrong with the log and the views in a data directory, which may be in use."""
    log, views = LogReader.open(folder / "log.db"), ViewReader.open(folder / "views.db")
    try:
        found = [str(finding) for finding in [*check_file(log), *check_chain(log).findings]]
        reports = check_views(log, views, PROJECTIONS)
        return found + [f"{report.name}: {report.problem}" for report in reports if report.problem]
    finally:
        views.close()
        log.close()


def recorded_in(folder: Path) -> dict[str, int]:
    """The seq of every event in the log of a data directory, by the text of its id."""
    log = LogReader.open(folder / "log.db")
    try:
        return {id_text(row[1]): row[0] for row in log.rows()}
    finally:
        log.close()


def views_ahead(folder: Path) -> list[str]:
    """Views that have applied what the log does not hold, before anything is caught up."""
    if not (folder / "views.db").exists() or not (folder / "log.db").exists():
        return []
    # Writable, because only such a connection may roll back what a crash interrupted.
    log = LogReader(apsw.Connection(str(folder / "log.db")))
    views = ViewReader(apsw.Connection(str(folder / "views.db")))
    try:
        if not _has_table(log.connection, "events"):
            return [] if not _has_table(views.connection, "checkpoints") else _checkpoints(views)
        if not _has_table(views.connection, "checkpoints"):
            return []
        return [
            f"the view {name} is ahead of the log: {seq} > {log.head().seq}"
            for name, seq, known in views.connection.execute(_CHECKPOINTS)
            if log.hash_at(seq) != known
        ]
    finally:
        views.close()
        log.close()


_CHECKPOINTS = "SELECT name, seq, hash FROM checkpoints"


def _checkpoints(views: ViewReader) -> list[str]:
    rows = views.connection.execute(_CHECKPOINTS)
    return [f"the view {name} is at {seq}, there is no log" for name, seq, _ in rows if seq > 0]


def _has_table(connection: apsw.Connection, name: str) -> bool:
    statement = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
    return bool(connection.execute(statement, (name,)).get)


def _damage(connection: apsw.Connection) -> list[str]:
    rows = connection.execute("PRAGMA integrity_check").fetchall()
    return [str(row[0]) for row in rows if row[0] != "ok"]
