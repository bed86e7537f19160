"""
Proof that the views are what the log says: each projection's live rows against rows folded afresh.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from daemon.engine.replay import replay
from daemon.engine.views import Checkpoint, ViewReader
from daemon.eventlog.store import LogReader
from projections.envelope import Seq
from projections.fold import Projection, digest, encode_rows


class ViewReport(msgspec.Struct, frozen=True, kw_only=True):
    """One projection: how far it has come, both digests, and a sentence when something is wrong."""

    name: str
    version: int
    seq: Seq
    live_digest: str
    rebuilt_digest: str
    problem: str | None


def check_views(
    log: LogReader,
    views: ViewReader,
    projections: Sequence[Projection[Any]],
    *,
    progress: Callable[[int], None] | None = None,
) -> list[ViewReport]:
    """
    One report per projection, in order.

    The views are read as of one moment, so a running daemon does not disturb the comparison.
    """
    views.connection.execute("BEGIN")
    try:
        checkpoints = {p.name: views.checkpoint(p.name) for p in projections}
        live = {p.name: views.digest(p) for p in projections if _is_current(checkpoints, p)}
    finally:
        views.connection.execute("ROLLBACK")
    rebuilt = _rebuilt(log, [p for p in projections if p.name in live], checkpoints, progress)
    return [
        ViewReport(
            name=p.name,
            version=p.version,
            seq=_seq_of(checkpoints[p.name]),
            live_digest=live.get(p.name, ""),
            rebuilt_digest=rebuilt.get(p.name, ""),
            problem=_problem(
                log, p, checkpoints[p.name], same=live.get(p.name) == rebuilt.get(p.name)
            ),
        )
        for p in projections
    ]


def _is_current(checkpoints: dict[str, Checkpoint | None], projection: Projection[Any]) -> bool:
    checkpoint = checkpoints[projection.name]
    return checkpoint is not None and checkpoint.version == projection.version


def _rebuilt(
    log: LogReader,
    projections: list[Projection[Any]],
    checkpoints: dict[str, Checkpoint | None],
    progress: Callable[[int], None] | None,
) -> dict[str, str]:
    """Digests of a fresh fold up to each projection's checkpoint; these are usually all equal."""
    ends = {p.name: _seq_of(checkpoints[p.name]) for p in projections}
    digests: dict[str, str] = {}
    for end in sorted(set(ends.values())):
        group = [p for p in projections if ends[p.name] == end]
        tables = replay(group, log.envelopes(until=end), progress=progress)
        digests |= {name: digest(encode_rows(rows)) for name, rows in tables.items()}
    return digests


def _problem(
    log: LogReader, projection: Projection[Any], checkpoint: Checkpoint | None, *, same: bool
) -> str | None:
    if checkpoint is None:
        return "it was never built; the next start of the daemon builds it"
    if checkpoint.version != projection.version:
        return (
            f"it was built by version {checkpoint.version} of its fold, this is version"
            f" {projection.version}; the next start of the daemon rebuilds it"
        )
    if log.hash_at(checkpoint.seq) != checkpoint.hash:
        return f"it has applied an event {checkpoint.seq} that this log does not hold"
    return None if same else "its rows differ from what the log says; `playhead replay` rebuilds it"


def _seq_of(checkpoint: Checkpoint | None) -> Seq:
    return 0 if checkpoint is None else checkpoint.seq
