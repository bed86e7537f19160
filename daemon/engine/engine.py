"""
The engine: brings the views up to the log at start, and one batch further with each append.

A batch sees its own rows: decisions later in a batch build on those before. Nothing of a batch is
visible to readers before `commit`, and `commit` is only called once the log holds the batch's
events.

What is committed is kept in memory at first, encoded and ready, and stored some batches at a time:
the same rows change again and again, and writing them once instead of sixteen times took 110 us off
each of a thousand reports a second. `settle` stores it. Whoever reads the file calls that before,
in any thread, and so sees all that was committed.
"""

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any, TypeAlias, TypeVar, cast

import msgspec

from daemon.engine.replay import fold_failed, replay
from daemon.engine.views import Checkpoint, Encoded, ViewStore, encoded
from daemon.eventlog.store import Head, LogReader
from projections.envelope import Envelope, Seq
from projections.errors import PlayheadError
from projections.fold import Key, Projection

Row = TypeVar("Row", bound=msgspec.Struct)

CACHE_ROWS_MAX = 10_000
"""Rows kept decoded per projection; players report the same few files again and again."""

CATCH_UP_EVENTS = 5_000
"""Events applied per transaction while catching up: an interruption loses little work."""

UNSETTLED_ROWS_MAX = 10_000
"""Rows kept in memory only; a batch that brings more is stored at once."""

Rows: TypeAlias = dict[str, dict[Key, Encoded]]
"""Rows as they are stored, by projection."""

_ABSENT = object()


class Batch:
    """The rows one batch of events changes, on top of what is stored."""

    def __init__(self, engine: "Engine", projections: Sequence[Projection[Any]]) -> None:
        self.projections = projections
        self._engine = engine
        self._changed: dict[str, dict[Key, Any]] = {}
        self._fresh: dict[str, dict[Key, Any]] = {}
        self.encoded: Rows = {}
        self._unseen: Rows = {}

    def get(self, projection: Projection[Row], key: Key) -> Row | None:
        """One row as this batch sees it."""
        changed = self._changed.get(projection.name)
        if changed is not None:
            row = changed.get(key, _ABSENT)
            if row is not _ABSENT:
                return cast("Row | None", row)
        return self._engine.load(projection, key)

    def find(
        self, projection: Projection[Row], query: str, parameters: tuple[str | int, ...]
    ) -> list[Row]:
        """The rows a named query selects, this batch's changes included."""
        self.write()
        return self._engine.find(projection, query, parameters, batch=self)

    def apply(self, envelope: Envelope) -> None:
        """Folds one event into every projection that handles it."""
        for projection in self._engine.projections_for(envelope.type):
            if projection not in self.projections:
                continue
            for key in projection.keys(envelope):
                row = projection.apply(self.get(projection, key), envelope, key)
                self._changed.setdefault(projection.name, {})[key] = row
                self._fresh.setdefault(projection.name, {})[key] = row

    def write(self) -> None:
        """
        Encodes what has changed: what could not be stored shows now, before the log has the events.
        """
        for projection in self.projections:
            fresh = self._fresh.get(projection.name)
            if fresh:
                rows = {key: encoded(projection, key, row) for key, row in fresh.items()}
                self.encoded.setdefault(projection.name, {}).update(rows)
                self._unseen.setdefault(projection.name, {}).update(rows)
        self._fresh.clear()

    def take_unseen(self) -> Rows:
        """The rows encoded since the last call: those that no query of this batch can find yet."""
        unseen, self._unseen = self._unseen, {}
        return unseen

    def changes(self) -> dict[str, dict[Key, Any]]:
        """All rows changed so far, by projection."""
        return self._changed


class Engine:
    """
    The views and the log they follow.

    Args:
        log: read for catching up; it must be the log whose events are applied.
        store: the views.
        projections: in the order they are applied.
    """

    def __init__(
        self, log: LogReader, store: ViewStore, projections: Sequence[Projection[Any]]
    ) -> None:
        self.store = store
        self.projections = tuple(projections)
        self.applied: Seq = 0
        self.settled: Seq = 0
        self.is_stuck = False
        self._log = log
        self._interested: dict[str, list[Projection[Any]]] = {}
        self._cache: dict[str, dict[Key, Any]] = {projection.name: {} for projection in projections}
        self._unsettled: Rows = {}
        self._reached = Head()
        self._lock = RLock()  # of the store, which readers settle in threads of their own

    def catch_up(self, *, progress: Callable[[int], None] | None = None) -> None:
        """
        Brings every projection to the end of the log: rebuilt when its version changed or its
        checkpoint does not belong to this log, continued otherwise.

        Raises:
            DecodeError: a record is damaged.
            FoldFailed: a fold cannot cope with an event.
            StorageError: the disk refused.
        """
        with self._lock:
            self._catch_up(progress)

    def _catch_up(self, progress: Callable[[int], None] | None) -> None:
        self._settle(self._unsettled)
        head = self._log.head()
        stale = [projection for projection in self.projections if not self._is_valid(projection)]
        if stale:
            self.rebuild(stale, progress=progress)
        behind = [p for p in self.projections if self._checkpoint_seq(p) < head.seq]
        if behind:
            self._continue(behind, head, progress=progress)
        self._clear_cache()
        self.applied = self.settled = head.seq

    def rebuild(
        self,
        projections: Sequence[Projection[Any]],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """
        Folds the whole log aside and swaps the result in within one transaction; readers see old or
        new, whole.
        """
        head = self._log.head()
        tables = replay(projections, self._log.envelopes(until=head.seq), progress=progress)
        with self._lock:
            self._settle(self._unsettled)
            self.store.begin()
            try:
                for projection in projections:
                    self.store.recreate(projection)
                    self.store.write(projection, tables[projection.name])
                    self._set_checkpoint(projection, head)
                self.store.commit()
            finally:
                self.store.rollback()
            self._clear_cache()

    def begin(self) -> Batch:
        """A new batch; the previous one must have been committed or rolled back."""
        return Batch(self, self.projections)

    def commit(self, batch: Batch, head: Head) -> None:
        """Makes a batch visible: its rows and the checkpoint at `head` together."""
        batch.write()
        with self._lock:
            for name, rows in batch.encoded.items():
                self._unsettled.setdefault(name, {}).update(rows)
            self.applied, self._reached = head.seq, head
            self._remember(batch)
            if self.store.is_open:
                self._settle(batch.take_unseen())
            elif sum(map(len, self._unsettled.values())) > UNSETTLED_ROWS_MAX:
                self._settle(self._unsettled)

    def rollback(self) -> None:
        """Forgets the batch that was begun."""
        with self._lock:
            self.store.rollback()

    @property
    def is_settled(self) -> bool:
        """Whether everything committed is stored."""
        return self.settled == self.applied

    def settle(self) -> None:
        """
        Stores what was committed; in any thread. While the disk refuses it stays in memory.

        Raises:
            StorageError: it does; `is_stuck` tells so until it was stored.
        """
        if not self.is_settled:
            with self._lock:
                self._settle(self._unsettled)

    def _settle(self, rows: Rows) -> None:
        """`rows` are those that the open transaction, if there is one, does not hold."""
        if self.is_settled:
            return
        try:
            if not self.store.is_open:
                self.store.begin()
            self._put(rows)
            self.store.advance([projection.name for projection in self.projections], self._reached)
            self.store.commit()
        except BaseException:
            self.is_stuck = True
            self.store.rollback()
            raise
        self._unsettled = {}
        self.settled = self._reached.seq
        self.is_stuck = False

    def _put(self, rows: Rows) -> None:
        for projection in self.projections:
            if projection.name in rows:
                self.store.put(projection, rows[projection.name].values())

    def find(
        self,
        projection: Projection[Row],
        query: str,
        parameters: tuple[str | int, ...],
        *,
        batch: Batch,
    ) -> list[Row]:
        """The rows a named query selects as a batch sees them: its own are put there for that."""
        with self._lock:
            if not self.store.is_open:
                self._settle(self._unsettled)
                self.store.begin()
            self._put(batch.take_unseen())
            return self.store.find(projection, query, parameters)

    def load(self, projection: Projection[Row], key: Key) -> Row | None:
        """A committed row, from the cache when it is there."""
        cache = self._cache[projection.name]
        row = cache.get(key, _ABSENT)
        if row is _ABSENT:
            _make_room(cache)
            row = cache[key] = self._committed(projection, key)
        return cast("Row | None", row)

    def _committed(self, projection: Projection[Row], key: Key) -> Row | None:
        with self._lock:
            unsettled = self._unsettled.get(projection.name, {}).get(key)
            if unsettled is None:
                return self.store.get(projection, key)
        return None if unsettled[1] is None else self.store.decode(projection, unsettled[1])

    def projections_for(self, kind: str) -> list[Projection[Any]]:
        """The projections that handle an event type."""
        found = self._interested.get(kind)
        if found is None:
            found = [p for p in self.projections if p.handles is None or kind in p.handles]
            self._interested[kind] = found
        return found

    def _remember(self, batch: Batch) -> None:
        for name, rows in batch.changes().items():
            cache = self._cache[name]
            _make_room(cache)
            cache.update(rows)

    def _clear_cache(self) -> None:
        for cache in self._cache.values():
            cache.clear()

    def _is_valid(self, projection: Projection[Any]) -> bool:
        checkpoint = self.store.checkpoint(projection.name)
        if checkpoint is None or checkpoint.version != projection.version:
            return False
        return self._log.hash_at(checkpoint.seq) == checkpoint.hash

    def _checkpoint_seq(self, projection: Projection[Any]) -> Seq:
        checkpoint = self.store.checkpoint(projection.name)
        return 0 if checkpoint is None else checkpoint.seq

    def _set_checkpoint(self, projection: Projection[Any], head: Head) -> None:
        checkpoint = Checkpoint(projection.version, head.seq, head.hash)
        self.store.set_checkpoint(projection.name, checkpoint)

    def _continue(
        self,
        behind: Sequence[Projection[Any]],
        head: Head,
        *,
        progress: Callable[[int], None] | None,
    ) -> None:
        start = self._checkpoint_seq(behind[0])
        assert all(self._checkpoint_seq(projection) == start for projection in behind)
        while start < head.seq:
            until = min(start + CATCH_UP_EVENTS, head.seq)
            reached = self._log.hash_at(until)
            assert reached is not None
            batch = Batch(self, behind)
            for envelope in self._log.envelopes(after=start, until=until):
                _apply(batch, envelope)
            self._store_at_once(batch, Head(until, reached))
            if progress is not None:
                progress(until - start)
            start = until

    def _store_at_once(self, batch: Batch, head: Head) -> None:
        """A batch that may be of some projections only."""
        batch.write()
        self.store.begin()
        try:
            self._put(batch.encoded)
            self.store.advance([projection.name for projection in batch.projections], head)
            self.store.commit()
        finally:
            self.store.rollback()
        self._remember(batch)


def _make_room(cache: dict[Key, Any]) -> None:
    if len(cache) >= CACHE_ROWS_MAX:
        cache.clear()


def _apply(batch: Batch, envelope: Envelope) -> None:
    try:
        batch.apply(envelope)
    except PlayheadError:
        raise
    except Exception as error:
        raise fold_failed(envelope, error) from error
