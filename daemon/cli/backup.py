"""`playhead backup` and `playhead restore`: what cannot be rebuilt, out and back in."""

from functools import partial
from pathlib import Path

import click

from daemon.backup import back_up, read_manifest, remove_old
from daemon.backup import restore as put_back
from daemon.cli.moment import seq_at
from daemon.cli.options import config_option, data_option, directory_from
from daemon.cli.progress import progress_bar
from daemon.clock import SystemClock
from daemon.datadir import DataLock
from daemon.eventlog.store import LogReader


@click.command()
@click.argument("target", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@data_option
@config_option
@click.option(
    "--keep",
    metavar="COUNT",
    type=click.IntRange(min=1),
    help="Remove all but the latest so many backups from DIR.  [default: keep all]",
)
def backup(*, target: Path, data: Path | None, config_file: Path | None, keep: int | None) -> None:
    """
    Back up the log with its archive, the credentials and the kept secrets into a new folder in DIR.

    The daemon may be running. The copy is of one moment, and proved event by event before it gets
    its name; a folder whose name begins with a dot is an unfinished one. The files of projects are
    not in it, nor the settings file.
    """
    directory = directory_from(config_file, data)
    reader = LogReader.open(directory.log)
    count = reader.head().seq
    reader.close()
    with progress_bar("Proving the copy", count) as progress:
        now = SystemClock().now_ns()
        place, manifest = back_up(directory, target, now=now, progress=progress)
    click.echo(str(place))
    click.echo(
        f"{manifest.seq} events, {len(manifest.files)} files; everything in it holds.", err=True
    )
    if keep is not None:
        for old in remove_old(target, keep=keep):
            click.echo(f"Removed {old}.", err=True)


@click.command()
@click.argument("source", metavar="BACKUP", type=click.Path(exists=True, path_type=Path))
@data_option
@config_option
@click.option(
    "--until",
    metavar="POINT",
    help="Take only what was recorded up to a seq or a moment, such as 2026-11-21T14:00Z or 2h.",
)
def restore(
    *, source: Path, data: Path | None, config_file: Path | None, until: str | None
) -> None:
    """
    Put a backup into a data directory that has no log yet, and prove it.

    BACKUP is a folder that `playhead backup` made. The daemon must be stopped. Credentials and
    secrets that are there already are left as they are.
    """
    directory = directory_from(config_file, data)
    count = read_manifest(source).seq
    with DataLock(directory), progress_bar("Proving the log", count) as progress:
        head = put_back(
            source,
            directory,
            until=None if until is None else partial(seq_at, point=until),
            progress=progress,
        )
    click.echo(f"{head.seq} events are in {directory.log}; everything holds.")
    click.echo("The views are made from it when the daemon starts.", err=True)
