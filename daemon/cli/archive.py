"""`playhead archive`: the beginning of the log out of the hot file, into compressed segments."""

from contextlib import closing
from math import ceil
from pathlib import Path

import click

from daemon.cli.moment import moment_ns
from daemon.cli.options import config_option, data_option, directory_from
from daemon.cli.orders import ACTOR, SOURCE
from daemon.cli.progress import progress_bar
from daemon.clock import SystemClock
from daemon.datadir import DataDirectory, DataLock
from daemon.eventlog.sealing import give_back, seal
from daemon.eventlog.segment import SEGMENT_EVENTS_MAX
from daemon.eventlog.store import EventLog, LogReader
from projections.envelope import Seq
from projections.moments import moment_text

MIB = 1024 * 1024


@click.command()
@data_option
@config_option
@click.option(
    "--before",
    "point",
    metavar="POINT",
    required=True,
    help="Seal what is older than an event's seq, a moment or an age: 250000, 2025-01-01, 365d.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be sealed.")
def archive(*, data: Path | None, config_file: Path | None, point: str, dry_run: bool) -> None:
    """
    Seal the beginning of the log into compressed files in the folder `archive` beside it.

    The events leave log.db once they were read back and proved, and are part of the log as before:
    shown, replayed, verified, exported, backed up. The daemon must be stopped, but for --dry-run.
    It may be interrupted at any time, and run again.
    """
    directory = directory_from(config_file, data)
    with closing(LogReader.open(directory.log)) as reader:  # without a log it is a mistake
        if dry_run:
            _tell_plan(reader, _end_of(reader, point))
            return
    with DataLock(directory), closing(EventLog.create(directory.log)) as log:
        _seal(log, directory, _end_of(log, point))


def _end_of(log: LogReader, point: str) -> Seq:
    """The last event to be sealed, 0 for none; never the last of the log."""
    last = log.head().seq - 1
    if point.isascii() and point.isdigit():
        return max(min(int(point) - 1, last), 0)
    # Events of a clock that was ahead stay, rather than that new ones go with an old date.
    first_kept = log.first_recorded_from(moment_ns(point))
    return max(last if first_kept is None else min(first_kept - 1, last), 0)


def _tell_plan(log: LogReader, until: Seq) -> None:
    first = log.archive.head().seq + 1
    if until < first:
        click.echo("Nothing is old enough.")
        return
    recorded = log.recorded_at(until)
    assert recorded is not None
    count = until - first + 1
    files = ceil(count / SEGMENT_EVENTS_MAX)
    click.echo(
        f"Would seal events {first} to {until}, recorded until {moment_text(recorded)}:"
        f" {count} events in {files} {'segment' if files == 1 else 'segments'} or more."
    )


def _seal(log: EventLog, directory: DataDirectory, until: Seq) -> None:
    first = log.archive.head().seq + 1
    if until < first:
        click.echo("Nothing is old enough.")
    else:
        with progress_bar("Sealing", until - first + 1) as progress:
            for sealed in seal(log, until=until, clock=SystemClock(), source=SOURCE, actor=ACTOR):
                progress(sealed.last - sealed.first + 1)
                click.echo(
                    f"Sealed events {sealed.first} to {sealed.last} in"
                    f" {directory.archive / sealed.name} ({sealed.size_bytes / MIB:.1f} MiB)."
                )
    before = directory.log.stat().st_size
    if not give_back(log):
        return
    after = directory.log.stat().st_size
    click.echo(f"{directory.log} was {before / MIB:.1f} MiB, is {after / MIB:.1f} MiB.")
