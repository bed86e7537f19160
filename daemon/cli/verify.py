"""`playhead verify`: prove that the log is whole and the views follow from it."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from daemon.cli.options import config_option, data_option, directory_from
from daemon.cli.progress import progress_bar
from daemon.datadir import DataDirectory
from daemon.engine.verify import ViewReport, check_views
from daemon.engine.views import ViewReader
from daemon.eventlog.integrity import ChainReport, Finding, check_chain, check_file
from daemon.eventlog.store import LogReader
from projections import PROJECTIONS


@click.command()
@data_option
@config_option
@click.option("--quick", is_flag=True, help="Check the log only, not the views.")
def verify(*, data: Path | None, config_file: Path | None, quick: bool) -> None:
    """
    Check the hash chain, gaps, damage, and that the views equal a fresh fold of the log.

    The daemon may be running. Exit code 0 means that everything holds.
    """
    directory = directory_from(config_file, data)
    reader = LogReader.open(directory.log)
    count = reader.head().seq
    click.echo(f"Log: {directory.log}")
    damage = check_file(reader)
    with progress_bar("Checking the chain", count) as progress:
        chain = check_chain(reader, progress=progress)
    _tell_log(chain, damage)
    if damage or chain.findings:
        _fail(_advice(damage, chain.findings))
    if not quick and not _check_views(directory, reader, count):
        _fail(
            "The views do not follow from the log. Nothing was changed. If the log lost events,"
            " restore it from a backup; if not, stop the daemon and run `playhead replay`."
        )
    click.echo("Everything holds.")


def _fail(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(1)


def _advice(damage: list[Finding], found: list[Finding]) -> str:
    lost = {finding.segment for finding in found}
    if damage or None in lost:
        return "The log is damaged. Nothing was changed; restore it from a backup."
    names = ", ".join(sorted(f"archive/{name}" for name in lost))
    return (
        "The log is damaged. Nothing was changed. Put these files back from a backup, where they"
        f" have the same names: {names}. Until then the daemon runs, but these events cannot be"
        " shown, and views that have to be made anew cannot be made."
    )


def _tell_log(chain: ChainReport, damage: list[Finding]) -> None:
    for finding in [*damage, *chain.findings]:
        place = "the file" if finding.seq is None else f"event {finding.seq}"
        click.echo(f"  WRONG  {place}: {finding.detail}")
    if not damage and not chain.findings:
        if chain.segments:
            count, end = len(chain.segments), chain.segments[-1].last
            click.echo(f"  ok     segments of the archive: {count}, events 1 to {end}")
        click.echo(f"  ok     {chain.events_count} events, chain {chain.head_hash.hex()}")


def _check_views(directory: DataDirectory, reader: LogReader, count: int) -> bool:
    click.echo(f"Views: {directory.views}")
    if not directory.views.is_file():
        click.echo("  ok     there are none; the next start of the daemon builds them")
        return True
    with progress_bar("Folding the log", count) as progress:
        reports = check_views(
            reader, ViewReader.open(directory.views), PROJECTIONS, progress=progress
        )
    for report in reports:
        click.echo(f"  {_line(report)}")
    return all(report.problem is None for report in reports)


def _line(report: ViewReport) -> str:
    if report.problem is not None:
        return f"WRONG  {report.name}: {report.problem}"
    return f"ok     {report.name} at {report.seq}, digest {report.live_digest[:16]}"
