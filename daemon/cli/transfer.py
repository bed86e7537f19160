"""`playhead export` and `playhead import`: the log as NDJSON."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from daemon.cli.options import config_option, data_option, directory_from
from daemon.cli.progress import progress_bar
from daemon.database import storage_errors
from daemon.datadir import DataLock
from daemon.engine.engine import Engine
from daemon.engine.views import ViewStore
from daemon.eventlog.store import EventLog, LogReader
from daemon.eventlog.transfer import Importer, exported_rows
from projections import PROJECTIONS

BAD_LINES_SHOWN_MAX = 20


@click.command()
@data_option
@config_option
@click.option("--after", metavar="SEQ", type=click.IntRange(min=0), default=0, help="After this.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    help="File to write; it appears when complete.  [default: standard output]",
)
def export(*, data: Path | None, config_file: Path | None, after: int, output: Path) -> None:
    """Write the log as NDJSON: one event per line, oldest first. The daemon may be running."""
    log = LogReader.open(directory_from(config_file, data).log)
    count = max(log.head().seq - after, 0)
    with _whole_file(output) as file, progress_bar("Exporting", count) as progress:
        for line in exported_rows(log, after=after):
            file.write(line + b"\n")
            progress(1)


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """Standard output for `-`, or a file that appears only once everything is in it."""
    if str(path) == "-":
        yield sys.stdout.buffer
        return
    beside = path.with_name(f".{path.name}.new")
    with storage_errors(f"write {path}"):
        try:
            with beside.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


@click.command("import")
@data_option
@config_option
@click.argument("source", type=click.File("rb"), default="-")
def import_(*, data: Path | None, config_file: Path | None, source: BinaryIO) -> None:
    """
    Append the events of an export (SOURCE, or standard input).

    Events that are known by their id are left alone, so it may be repeated. The daemon must be
    stopped. Lines that are no events are named and skipped; the exit code is then 1.
    """
    directory = directory_from(config_file, data)
    with DataLock(directory):
        event_log = EventLog.create(directory.log)
        importer = Importer(event_log)
        _import(importer, source)
        Engine(event_log, ViewStore.create(directory.views), PROJECTIONS).catch_up()
    result = importer.result
    click.echo(f"{result.added} events added, {result.known} were known, {result.bad} bad lines.")
    if result.bad:
        sys.exit(1)


def _import(importer: Importer, lines: Iterable[bytes]) -> None:
    shown = 0
    for bad in importer.add(lines):
        shown += 1
        if shown <= BAD_LINES_SHOWN_MAX:
            click.echo(f"line {bad.number}: {bad.detail}", err=True)
    if shown > BAD_LINES_SHOWN_MAX:
        click.echo(f"... and {shown - BAD_LINES_SHOWN_MAX} more.", err=True)
