"""
Commands that meet a bug: in a decision, in a fold, in the form of an event. Only they are refused.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.errors import StorageError
from projections import PROJECTIONS
from projections.commands import Command, DeletePosition, Record
from projections.envelope import Envelope
from projections.events import DaemonStopped, PositionReported
from projections.fold import Column, Key, Projection
from support.builders import report, report_command
from support.ledger import Ledger

POISON = "poison.mkv"


class Tally(msgspec.Struct, frozen=True):
    """How often a file was reported."""

    name: str
    count: int


class Tallies(Projection[Tally]):
    """Counts reports by name, and has a bug in the function that `bug` names."""

    name = "tallies"
    version = 1
    row = Tally
    handles = frozenset({"position.reported"})
    columns = (Column("count", "INTEGER"),)

    def __init__(self, bug: str) -> None:
        self.bug = bug

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row: the name's."""
        event: Any = envelope.event
        self._stumble("keys", event.name)
        return ((event.name,),)

    def apply(self, row: Tally | None, envelope: Envelope, key: Key) -> Tally:
        """One more."""
        event: Any = envelope.event
        self._stumble("apply", event.name)
        return Tally(event.name, 1 if row is None else row.count + 1)

    def index(self, row: Tally) -> tuple[int]:
        """The count."""
        self._stumble("index", row.name)
        return (row.count,)

    def _stumble(self, where: str, name: str) -> None:
        if name == POISON and where == self.bug:
            raise ZeroDivisionError(where)


@pytest.fixture(params=["keys", "apply", "index"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A log with one event and a view that has a bug."""
    with Ledger(tmp_path, projections=(*PROJECTIONS, Tallies(request.param))) as ledger:
        ledger.commit(report_command())
        yield ledger


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[Ledger]:
    """A log with one event and no bug."""
    with Ledger(tmp_path) as ledger:
        ledger.commit(report_command())
        yield ledger


def poison() -> Command:
    """A command whose event the buggy view cannot fold."""
    return report_command(report(name=POISON, path=f"/{POISON}"))


def unwritable() -> Command:
    """A command whose event has a text that no encoding knows."""
    return Record(source="test", actor="", event=DaemonStopped(reason="\ud800"))


def unreadable() -> Command:
    """A command whose event can be written, but is not what its type promises."""
    event = PositionReported(user="mara", media="/x", name="x", position_s="12")  # type: ignore[arg-type] # on purpose
    return Record(source="test", actor="", event=event)


def test_a_poisonous_command_is_refused(ledger: Ledger) -> None:
    """It ends in an error that calls itself a defect, and nothing of it is in the log."""
    (outcome,) = ledger.commit(poison())

    assert isinstance(outcome.error, StorageError)
    assert "defect" in outcome.error.hint
    assert () == outcome.receipts
    assert 1 == ledger.log.head().seq
    assert [] == ledger.problems()


def test_the_others_of_its_batch_are_recorded(ledger: Ledger) -> None:
    """They do not suffer, are recorded once, and keep their order."""
    names = ["a.mkv", "b.mkv", POISON, "c.mkv", POISON, "d.mkv"]
    commands = [report_command(report(name=name, path=f"/{name}")) for name in names]

    outcomes = ledger.commit(*commands)

    assert [2, 3, None, 4, None, 5] == [
        outcome.receipts[0].seq if outcome.receipts else None for outcome in outcomes
    ]
    assert [False, False, True, False, True, False] == [
        outcome.error is not None for outcome in outcomes
    ]
    assert 5 == ledger.log.head().seq
    assert [] == ledger.problems()


def test_the_writer_goes_on_after_it(ledger: Ledger) -> None:
    """The next command is recorded, and the fault is forgotten then."""
    ledger.commit(poison())
    fault = ledger.writer.fault

    (outcome,) = ledger.commit(report_command())

    assert isinstance(fault, StorageError)
    assert outcome.error is None
    assert 2 == outcome.receipts[0].seq
    assert ledger.writer.fault is None


def test_a_start_after_it_finds_a_log_it_can_fold(ledger: Ledger, tmp_path: Path) -> None:
    """Poison that was refused is not in the log, so it cannot keep the next start from coming."""
    ledger.commit(poison(), report_command())
    ledger.close()

    with Ledger(tmp_path, projections=ledger.projections) as again:
        assert 2 == again.log.end.seq
        assert [] == again.problems()


@pytest.mark.parametrize("make", [unwritable, unreadable])
def test_an_event_that_a_replay_could_not_read_is_not_written(sound: Ledger, make: Any) -> None:
    """What is written is read back before it is committed: the log stays readable for ever."""
    before, bad, after = sound.commit(report_command(), make(), report_command())

    assert isinstance(bad.error, StorageError)
    assert [2, 3] == [before.receipts[0].seq, after.receipts[0].seq]
    assert [] == sound.problems()


def test_the_views_hold_what_a_replay_will_read(sound: Ledger) -> None:
    """A whole number where a float belongs is a float in the live views too."""
    sound.commit(report_command(report(position_s=7)))

    assert [] == sound.problems()


def test_a_rejection_is_not_a_fault(sound: Ledger) -> None:
    """A command that is refused for its own sake neither stops its batch nor troubles readiness."""
    unknown = DeletePosition(source="test", actor="", user="nobody", media="/nothing")

    refused, recorded = sound.commit(unknown, report_command())

    assert refused.error is not None
    assert 2 == recorded.receipts[0].seq
    assert sound.writer.fault is None
