"""
The log, the engine and the writer under everything that can happen to them, against plain dicts.

The oracle knows the rules in words only: the last report wins, a late one only against older ones;
what is forgotten takes its bookmarks along; an id counts once and belongs to one actor.
"""

import shutil
import unicodedata
from copy import deepcopy
from itertools import count
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from projections import PROJECTIONS
from projections.commands import DeletePosition, DeleteTimestamp, ExpirePositions
from projections.errors import Conflict, NotFound
from projections.positions import POSITIONS
from projections.timestamps import TIMESTAMPS, timestamp_id, whole_seconds
from support.builders import report_command
from support.clock import NANOS_PER_SECOND, FakeClock
from support.folders import scratch_folder
from support.ledger import Ledger
from support.strategies import media_keys, names, reports, users

# A failure is reduced to its shortest form, for which Hypothesis takes up to five minutes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

LATE_NS = 60 * NANOS_PER_SECOND
EVERYTHING = 1_000


def key_of(report):
    """The media key in the words of the manual: explicit, else the path, else the bare name."""
    return report.media or report.path or "name:" + composed(report.name)


def composed(name):
    """The name in one spelling."""
    return unicodedata.normalize("NFC", name)


def position_of(row):
    """A position in the oracle's form."""
    report = row.report
    return (row.at, report.position_s, report.finished, composed(report.name))


def bookmark_of(row):
    """A bookmark in the oracle's form."""
    return (row.at, whole_seconds(row.report), row.report.media)


class Oracle:
    """What should be kept: positions by user and key, bookmarks by user and name, ids by owner."""

    def __init__(self):
        self.positions = {}
        self.bookmarks = {}
        self.owners = {}
        self.events_count = 0

    def report(self, user, report, now):
        """One report that is new to the log."""
        self.events_count += 1
        if report.id is not None:
            self.owners[report.id] = (user, self.events_count)
        at, late = now - report.age_ns, report.age_ns > LATE_NS
        key, finished = key_of(report), report.finished
        old = self.positions.get((user, key))
        if not (late and old is not None and at < old[0]):
            self.positions[user, key] = (at, report.position_s, finished, composed(report.name))
        old = self.bookmarks.get((user, report.name))
        if not (late and old is not None and at < old[0]):
            seconds = 0 if finished else int(report.position_s)
            self.bookmarks[user, report.name] = (at, seconds, key)

    def forget_name(self, user, name):
        """Every file of a name goes, and the one that wrote the bookmark, whatever its name is."""
        mark = self.bookmarks.get((user, name))
        if mark is not None:
            keys = [
                key
                for (owner, key), kept in self.positions.items()
                if owner == user and (kept[3] == composed(name) or key == mark[2])
            ]
            self.forget(user, keys)
        assert (user, name) not in self.bookmarks

    def forget(self, user, keys):
        """Positions that go, each with the bookmarks it wrote last: one event per name."""
        for key in keys:
            name = self.positions.pop((user, key))[3]
            gone = [n for (u, n), mark in self.bookmarks.items() if (u, mark[2]) == (user, key)]
            spellings = {n for n in gone if composed(n) == name}
            self.events_count += len(gone) + (not spellings)
            for one in gone:
                del self.bookmarks[user, one]


class LogMachine(RuleBasedStateMachine):
    """One data directory and all that can happen to it."""

    used = Bundle("used")
    view_copies = Bundle("view_copies")
    log_copies = Bundle("log_copies")

    def __init__(self):
        super().__init__()
        self.scratch = scratch_folder()
        self.folder = Path(self.scratch.name)
        self.clock = FakeClock()
        self.oracle = Oracle()
        self.projections = list(PROJECTIONS)
        self.numbers = count(1)
        self.open()

    def open(self):
        """Starts on the folder as the daemon does."""
        self.ledger = Ledger(self.folder, clock=self.clock, projections=self.projections)

    def teardown(self):
        """Leaves nothing behind."""
        self.ledger.close()
        self.scratch.cleanup()

    def submit(self, command):
        """The outcome of one command committed by itself."""
        (outcome,) = self.ledger.commit(command)
        return outcome

    @rule(
        target=used,
        batch=st.lists(
            st.tuples(users, st.lists(reports(ids=st.none()), min_size=1, max_size=3)),
            min_size=1,
            max_size=3,
        ),
        with_ids=st.booleans(),
    )
    def report(self, batch, with_ids):
        """Players report; what arrives together is committed together."""
        sent = [(user, self.named(one)) for user, listed in batch for one in listed]
        if not with_ids:
            sent = [(user, msgspec.structs.replace(one, id=None)) for user, one in sent]

        outcomes = self.ledger.commit(*(report_command(one, user=user) for user, one in sent))

        for (user, one), outcome in zip(sent, outcomes, strict=True):
            self.oracle.report(user, one, self.clock.now_ns())
            assert (self.oracle.events_count, False) == (
                outcome.receipts[0].seq,
                outcome.receipts[0].duplicate,
            )
        return multiple(*(pair for pair in sent if pair[1].id is not None))

    def named(self, report):
        """The report with an id that no other has, as a player makes them."""
        return msgspec.structs.replace(report, id=next(self.numbers).to_bytes(16, "big"))

    @rule(pair=used)
    def retry(self, pair):
        """A player that heard no answer sends the same report again: it is in the log once."""
        user, one = pair
        if one.id not in self.oracle.owners:  # lost with a restored log, so it counts as new
            self.submit(report_command(one, user=user))
            self.oracle.report(user, one, self.clock.now_ns())
        _, seq = self.oracle.owners[one.id]

        outcome = self.submit(report_command(one, one, user=user))

        assert [(seq, True)] * 2 == [(r.seq, r.duplicate) for r in outcome.receipts]

    @rule(pair=used)
    def steal(self, pair):
        """Somebody else's id is refused, together with everything sent along with it."""
        user, one = pair
        other = "jon" if user == "mara" else "mara"
        fresh = msgspec.structs.replace(one, id=None)
        if one.id not in self.oracle.owners:
            return

        outcome = self.submit(report_command(fresh, one, user=other))

        assert isinstance(outcome.error, Conflict)

    @rule(user=users, media=media_keys)
    def delete(self, user, media):
        """Somebody forgets one file."""
        command = DeletePosition(source="http", actor=user, user=user, media=media)

        outcome = self.submit(command)

        assert ((user, media) in self.oracle.positions) == (outcome.error is None)
        if outcome.error is None:
            self.oracle.forget(user, [media])
        else:
            assert isinstance(outcome.error, NotFound)

    @rule(user=users, name=names)
    def delete_as_an_old_client(self, user, name):
        """TimestampSync's client forgets a name, and with it every file called so."""
        command = DeleteTimestamp(
            source="timestampsync", actor=user, user=user, timestamp_id=timestamp_id(name)
        )

        outcome = self.submit(command)

        assert outcome.error is None
        self.oracle.forget_name(user, name)

    @rule(user=users, listed=st.lists(reports(ids=st.none()), min_size=1, max_size=3), name=names)
    def report_and_delete_at_once(self, user, listed, name):
        """Committed together, in this order: what is forgotten was there to be forgotten."""
        command = DeleteTimestamp(
            source="timestampsync", actor=user, user=user, timestamp_id=timestamp_id(name)
        )

        outcomes = self.ledger.commit(report_command(*listed, user=user), command)

        assert [None, None] == [outcome.error for outcome in outcomes]
        for one in listed:
            self.oracle.report(user, one, self.clock.now_ns())
        self.oracle.forget_name(user, name)

    @rule(age_s=st.sampled_from([-10, 0, 100, 5_000, 90_000]))
    def expire(self, age_s):
        """The garbage collector forgets what is older than the retention."""
        cutoff = self.clock.now_ns() - age_s * NANOS_PER_SECOND
        command = ExpirePositions(
            source="daemon", actor="gc", cutoff_ns=cutoff, count_max=EVERYTHING
        )

        outcome = self.submit(command)

        assert outcome.error is None
        for user, key in [k for k, kept in self.oracle.positions.items() if kept[0] < cutoff]:
            self.oracle.forget(user, [key])

    @rule(seconds=st.sampled_from([0.3, 1, 61, 4_000]))
    def wait(self, seconds):
        """Time passes."""
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([0.3, 61, 4_000]))
    def set_the_clock_back(self, seconds):
        """An operator or NTP corrects the clock."""
        self.clock.set_back(seconds)

    @rule(kind=st.sampled_from(["thing.melted", "position.reported.2"]), data=st.binary(max_size=9))
    def go_back_a_release(self, kind, data):
        """A newer release wrote what this one does not know, and was then replaced by this one."""
        now = self.clock.now_ns()
        seq = self.oracle.events_count = self.oracle.events_count + 1
        row = (seq, b"newer" + seq.to_bytes(11, "big"), now, now, kind, "later", "mara", None, data)

        self.ledger.log.append([row])
        self.reopen()

        assert data == list(self.ledger.log.envelopes())[-1].event.data

    @rule()
    def reopen(self):
        """The daemon is restarted."""
        self.ledger.close()
        self.open()

    @rule()
    def lose_the_views(self):
        """Somebody deletes `views.db` while the daemon is down."""
        self.ledger.close()
        for file in self.folder.glob("views.db*"):
            file.unlink()
        self.open()

    def copy_of(self, name):
        """A copy of a file, made while the daemon is down."""
        self.ledger.close()
        copy = self.folder / f"{next(self.numbers)}-{name}"
        shutil.copy(self.folder / name, copy)
        self.open()
        return copy

    @rule(target=view_copies)
    def copy_the_views(self):
        """A backup of the views is made."""
        return self.copy_of("views.db")

    @rule(copy=consumes(view_copies))
    def restore_the_views(self, copy):
        """An old backup of the views is put back: they catch up, or are built anew for this log."""
        self.ledger.close()
        shutil.copy(copy, self.folder / "views.db")
        self.open()

    @rule(target=log_copies)
    def copy_the_log(self):
        """A backup of the log is made."""
        return self.copy_of("log.db"), deepcopy(self.oracle)

    @rule(backup=consumes(log_copies), listed=st.lists(reports(ids=st.none()), max_size=4))
    def restore_the_log(self, backup, listed):
        """An old backup of the log is put back, and grows, before the views are looked at again."""
        copy, self.oracle = backup
        self.ledger.close()
        shutil.move(self.folder / "views.db", self.folder / "aside.db")
        shutil.copy(copy, self.folder / "log.db")
        self.open()
        for one in listed:
            self.submit(report_command(one))
            self.oracle.report("mara", one, self.clock.now_ns())
        self.ledger.close()
        shutil.move(self.folder / "aside.db", self.folder / "views.db")
        self.open()

    @rule(place=st.integers(0, len(PROJECTIONS) - 1))
    def release_a_new_version(self, place):
        """A fold has changed, so its view is built anew, the others are not."""
        old = self.projections[place]
        kind = type(old.name, (type(old),), {"version": old.version + 1})
        self.projections[place] = kind()
        self.reopen()

        assert kind.version == self.ledger.views.checkpoint(old.name).version

    @invariant()
    def positions_are_the_oracles(self):
        """Positions and bookmarks are what plain dicts say they are."""
        views = self.ledger.views
        positions = [views.decode(POSITIONS, data) for _, data in views.rows(POSITIONS)]
        bookmarks = [views.decode(TIMESTAMPS, data) for _, data in views.rows(TIMESTAMPS)]

        assert self.oracle.positions == {
            (row.report.user, row.report.media): position_of(row) for row in positions
        }
        assert self.oracle.bookmarks == {
            (row.report.user, row.report.name): bookmark_of(row) for row in bookmarks
        }

    @invariant()
    def no_bookmark_outlives_its_file(self):
        """What an old client is offered is the bookmark of a file that is still kept."""
        kept = set(self.oracle.positions)

        assert {(user, mark[2]) for (user, _), mark in self.oracle.bookmarks.items()} <= kept

    @invariant()
    def the_log_is_whole(self):
        """Seqs without gaps, an unbroken chain, and views that a rebuild would not change."""
        seqs = [row[0] for row in self.ledger.log.rows()]

        assert list(range(1, self.oracle.events_count + 1)) == seqs
        assert [] == self.ledger.problems()
        assert 0 == self.ledger.writer.lag


LogMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=30)


class TestLogMachine(LogMachine.TestCase):
    """Runs the machine."""
