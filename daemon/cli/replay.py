"""`playhead replay`: rebuild the views, or see them as they were."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from daemon.cli.moment import seq_at
from daemon.cli.options import config_option, data_option, directory_from
from daemon.cli.progress import progress_bar
from daemon.datadir import DataDirectory, DataLock
from daemon.engine.engine import Engine
from daemon.engine.replay import Table
from daemon.engine.replay import replay as replayed
from daemon.engine.views import ViewStore
from daemon.eventlog.store import LogReader
from projections import PROJECTIONS
from projections.envelope import Seq
from projections.fold import Projection, encode_key

NAMES = [projection.name for projection in PROJECTIONS]


@click.command()
@data_option
@config_option
@click.option(
    "-p",
    "--projection",
    "names",
    multiple=True,
    type=click.Choice(NAMES),
    help="Only this projection; may be given several times.",
)
@click.option("--at", "point", metavar="POINT", help="Print the state as of a seq or a moment.")
@click.option(
    "--diff",
    nargs=2,
    metavar="POINT POINT",
    help="Print what changed between two points, each a seq or a moment.",
)
def replay(
    *,
    data: Path | None,
    config_file: Path | None,
    names: tuple[str, ...],
    point: str | None,
    diff: tuple[str, str] | None,
) -> None:
    """
    Rebuild the views from the log, or print them as of a past moment.

    Without --at and --diff the views on disk are rebuilt, for which the daemon must be stopped. A
    moment is a date, a time (2026-11-21T14:00Z) or an age (2h). Output is one JSON object per row.
    """
    directory = directory_from(config_file, data)
    wanted = [p for p in PROJECTIONS if not names or p.name in names]
    if point is not None and diff is not None:
        raise click.UsageError("--at and --diff exclude each other.")
    if point is not None:
        _print_state(directory, wanted, point)
    elif diff is not None:
        _print_changes(directory, wanted, diff)
    else:
        _rebuild(directory, wanted)


def _rebuild(directory: DataDirectory, wanted: list[Projection[Any]]) -> None:
    log = LogReader.open(directory.log)
    with DataLock(directory):
        engine = Engine(log, ViewStore.create(directory.views), PROJECTIONS)
        count = log.head().seq
        with progress_bar("Folding the log", count) as progress:
            engine.rebuild(wanted, progress=progress)
            engine.catch_up()
    listed = ", ".join(projection.name for projection in wanted)
    click.echo(f"Rebuilt {listed} from {count} events.")


def _print_state(directory: DataDirectory, wanted: list[Projection[Any]], point: str) -> None:
    log = LogReader.open(directory.log)
    for name, table in _state(log, wanted, seq_at(log, point)).items():
        for key in sorted(table, key=encode_key):
            _print({"projection": name, "key": key, "row": table[key]})


def _print_changes(
    directory: DataDirectory, wanted: list[Projection[Any]], points: tuple[str, str]
) -> None:
    log = LogReader.open(directory.log)
    before, after = (_state(log, wanted, seq_at(log, point)) for point in points)
    for name in before:
        for change in _changes(before[name], after[name]):
            _print({"projection": name, **change})


def _changes(before: Table, after: Table) -> Iterator[dict[str, Any]]:
    for key in sorted(before.keys() | after.keys(), key=encode_key):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield {"key": key, "before": old, "after": new}


def _state(log: LogReader, wanted: list[Projection[Any]], until: Seq) -> dict[str, Table]:
    with progress_bar(f"Folding up to event {until}", until) as progress:
        return replayed(wanted, log.envelopes(until=until), progress=progress)


def _print(row: dict[str, Any]) -> None:
    click.echo(msgspec.json.encode(row))
