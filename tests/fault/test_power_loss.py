"""
Power loss under the real append code: log, views and writer on a simulated disk, whose power is cut
at hundreds of moments.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from daemon.eventlog.store import Head
from projections.commands import Command, DeletePosition, ExpirePositions, Record
from projections.events import DaemonStarted
from support.builders import report, report_command
from support.clock import FakeClock
from support.disk import MODES, Image, SimulatedDisk, memory_folder
from support.ledger import Ledger, Remains, remains

COMMITS = 24
CRASHES = 240
CRASHES_TO_FAIL = 80
"""Enough to show that the tests can fail."""
FOREVER_NS = 2**62


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where images are written to be opened by the stock VFS."""
    with memory_folder() as folder:
        yield folder


def workload() -> Iterator[tuple[Command, ...]]:
    """Batches of every kind: one command, many, large, deciding on rows of their own batch."""
    for number in range(COMMITS):
        name = f"film {number % 5}.mkv"
        seen = report(name=name, path=f"/{name}", position_s=float(number), id=number.to_bytes(16))
        batch: list[Command] = [report_command(seen)]
        if number % 3 == 0:
            several = tuple(report(name=f"{n}.mkv", path=f"/{n}", title="x" * 400) for n in "abcde")
            batch += [report_command(*several), Record(source="test", actor="", event=STARTED)]
        if number % 4 == 1:
            batch.append(DeletePosition(source="test", actor="", user="mara", media=f"/{'a'}"))
        if number % 8 == 7:
            limits = {"cutoff_ns": FOREVER_NS, "count_max": 3}
            batch.append(ExpirePositions(source="test", actor="", **limits))
        yield tuple(batch)


STARTED = DaemonStarted(version="0", bind="http://127.0.0.1:1")


class Run:
    """A workload on a disk; `promised_at` tells what had been acknowledged by any moment."""

    def __init__(self, disk: SimulatedDisk, *, log_synchronous: str = "full") -> None:
        self.disk = disk
        self.first = 0
        self._heads = {0: Head()}
        clock = FakeClock()
        with Ledger(vfs=disk.vfs_name, clock=clock) as ledger:
            ledger.log.connection.pragma("synchronous", log_synchronous)
            self.first = disk.operations
            self._promise(ledger.log.end)
            for batch in workload():
                ledger.commit(*batch)
                self._promise(ledger.log.end)
                clock.advance(7)
            assert [] == ledger.problems()
            assert ledger.writer.fault is None
        self.last = ledger.log.end

    def _promise(self, head: Head) -> None:
        self._heads[head.seq] = head
        self.disk.acknowledge(head.seq)

    def promised_at(self, operation: int) -> Head:
        """The end of the log as callers knew it when that many operations were done."""
        return self._heads[self.disk.acknowledged_at(operation)]

    def crashes(
        self, folder: Path, *, seed: int, count: int = CRASHES
    ) -> Iterator[tuple[Image, Remains]]:
        """What is left after many crashes, each started upon."""
        for image in self.disk.crashes(count, seed=seed, first=self.first):
            image.write_to(folder)
            yield image, remains(folder, promised=self.promised_at(image.operation))

    def first_starts(self) -> Iterable[Image]:
        """
        What a crash can leave after any operation of the first start: each of them once, because
        half of all crashes leave what another leaves.
        """
        images = (
            self.disk.image_at(operation, mode, seed=operation)
            for operation in range(self.first + 1)
            for mode in MODES
        )
        return {frozenset(image.files.items()): image for image in images}.values()


@pytest.mark.parametrize("seed", [1, 2])
def test_no_crash_loses_what_was_acknowledged(folder: Path, seed: int) -> None:
    """Every crash leaves a whole chain with every acknowledged event, and views that follow it."""
    with SimulatedDisk() as disk:
        run = Run(disk)
        failed = [
            (str(image), left.problems)
            for image, left in run.crashes(folder, seed=seed)
            if left.problems
        ]

    assert run.last.seq > COMMITS
    assert [] == failed


def test_a_crash_during_the_very_first_start_leaves_something_to_start_on(folder: Path) -> None:
    """Files whose making was cut anywhere are taken or made anew at the next start."""
    with SimulatedDisk() as disk:
        run = Run(disk)
        failed = []
        for image in run.first_starts():
            image.write_to(folder)
            left = remains(folder, promised=Head())
            failed += [(str(image), left.problems)] if left.problems else []

    assert run.first > 10
    assert [] == failed


def test_a_second_power_loss_during_recovery_loses_nothing(folder: Path) -> None:
    """Power may fail again while the views catch up and while the next events are written."""
    failed = []
    with SimulatedDisk() as disk:
        run = Run(disk)
        for image in disk.crashes(16, seed=3, first=run.first):
            promised = run.promised_at(image.operation)
            with image.boot() as rebooted:
                with Ledger(vfs=rebooted.vfs_name) as ledger:
                    ledger.commit(report_command())
                    end = ledger.log.end
                    acknowledged = rebooted.operations
                for second in rebooted.crashes(12, seed=4):
                    second.write_to(folder)
                    known = end if second.operation >= acknowledged else promised
                    left = remains(folder, promised=known)
                    failed += [(str(image), str(second), left.problems)] if left.problems else []

    assert [] == failed


def test_views_that_got_ahead_of_the_log_are_rebuilt(folder: Path) -> None:
    """Should a log ever lose its end, views that know more are found out and folded afresh."""
    ahead, others = 0, []
    with SimulatedDisk() as disk:
        run = Run(disk, log_synchronous="normal")
        for _, left in run.crashes(folder, seed=5, count=CRASHES_TO_FAIL):
            ahead += any("is ahead of the log" in problem for problem in left.problems)
            others += [
                problem
                for problem in left.problems
                if "ahead of the log" not in problem and "was acknowledged" not in problem
            ]

    assert ahead > 0
    assert [] == others


def test_a_log_without_full_sync_is_found_out(folder: Path) -> None:
    """These tests can fail: with synchronous=NORMAL crashes lose acknowledged events."""
    with SimulatedDisk() as disk:
        run = Run(disk, log_synchronous="normal")
        lossy = sum(
            any("was acknowledged" in problem for problem in left.problems)
            for _, left in run.crashes(folder, seed=6, count=CRASHES_TO_FAIL)
        )

    assert lossy > CRASHES_TO_FAIL // 10


def test_a_disk_that_lies_is_found_out(folder: Path) -> None:
    """These tests can fail: on a disk that ignores fsync most crashes do harm."""
    with SimulatedDisk(lying=True) as disk:
        run = Run(disk)
        harmed = sum(
            bool(left.problems) for _, left in run.crashes(folder, seed=7, count=CRASHES_TO_FAIL)
        )

    assert harmed > CRASHES_TO_FAIL // 4
