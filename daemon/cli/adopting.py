"""
What the commands of `playhead adopt` share: where everything goes, and the way it takes there.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from daemon.adopt.document import document
from daemon.adopt.files import (
    OPEN_MODE,
    SECRET_MODE,
    NewFile,
    refuse_existing,
    refuse_missing_folders,
    write,
)
from daemon.adopt.outcome import Adoption
from daemon.adopt.records import Record
from daemon.adopt.refusal import NotAdoptable
from daemon.cli.options import data_option, directory_from
from daemon.datadir import DataDirectory, DataLock
from daemon.engine.engine import Engine
from daemon.engine.views import ViewStore
from daemon.eventlog.store import EventLog, LogReader
from daemon.eventlog.transfer import Imported, Importer, IncomingLine
from daemon.ids import id_text
from projections import PROJECTIONS
from projections.codec import CODEC
from projections.envelope import Nanos
from projections.moments import moment_text
from projections.sync_events import HistoryAdopted
from projections.wording import printable

Function = TypeVar("Function", bound=Callable[..., Any])

PENDING_SHOWN_MAX = 20

FILE_NAME = "playhead.toml"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything goes, and whether it goes there at all."""

    directory: DataDirectory
    data: Path | None
    output: Path | None
    force: bool
    dry_run: bool


def common_options(command: Function) -> Function:
    """What all commands share; `--data` says where the history goes."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Only show what would be done."),
        click.option("--force", is_flag=True, help="Overwrite files that are there already."),
        click.option(
            "-o",
            "--output",
            metavar="FILE",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Settings file to write, keys beside it.  [default: print it, write no keys]",
        ),
        data_option,
    ):
        command = option(command)
    return command


def target_of(
    *,
    data: Path | None,
    output: Path | None,
    force: bool,
    dry_run: bool,
    config_file: Path | None = None,
) -> Target:
    """Where the common options say that everything goes."""
    directory = directory_from(config_file, data) if data is None else DataDirectory(data)
    return Target(
        directory=directory,
        data=None if data is None else data.absolute(),
        output=output,
        force=force,
        dry_run=dry_run,
    )


def take_over(
    adoption: Adoption,
    records: Iterable[Record],
    target: Target,
    *,
    now: Nanos,
    made_from: Path,
) -> None:
    """All of it: refuse first, then the history, which may be repeated, then the files."""
    files = _files(adoption, target, made_from=made_from)
    if target.output is not None and not target.dry_run:
        refuse_missing_folders(files)
    if target.output is not None and not target.force:
        refuse_existing(files)
    pending = _Pending()
    done = _remember(pending.watch(records), target, now=now)
    would = " would be" if target.dry_run else ""
    click.echo(f"{done.added} events{would} added, {done.known} were known.", err=True)
    pending.tell()
    if target.output is None or target.dry_run:
        click.echo(files[0].text, nl=False)
        return
    for file in reversed(files):  # the settings last: what they name is there
        write(file)
    click.echo(f"Written: {', '.join(str(file.path) for file in files)}.", err=True)
    for sentence in adoption.notes.to_do:
        click.echo(f"To do: {printable(sentence)}", err=True)


def _files(adoption: Adoption, target: Target, *, made_from: Path) -> list[NewFile]:
    """The settings file, then one file for each secret."""
    output = (target.output or Path(FILE_NAME)).absolute()
    names = adoption.secret_files()
    secrets = [
        NewFile(output.with_name(names[key]), secret + "\n", SECRET_MODE)
        for key, secret in adoption.notes.secrets.items()
    ]
    paths = {key: str(output.with_name(name)) for key, name in names.items()}
    adopted = adoption.with_files(paths)
    if target.data is not None:
        adopted.notes.take("data", remark="as --data said")
        settings = msgspec.structs.replace(adopted.settings, data=str(target.data))
        adopted = msgspec.structs.replace(adopted, settings=settings)
    text = document(adopted, made_from=str(made_from), file=str(target.output or FILE_NAME))
    return [NewFile(output, text, OPEN_MODE), *secrets]


class _Pending:
    """The writes that were never carried out: they are told one by one."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._count = 0

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, having looked at them."""
        for record in records:
            event = record.draft.event
            if isinstance(event, HistoryAdopted) and event.what == "pending":
                self._count += 1
                if self._count <= PENDING_SHOWN_MAX:
                    self._lines.append(_pending_line(event))
            yield record

    def tell(self) -> None:
        """Says which they were."""
        if self._count:
            click.echo(f"Never delivered, kept in the audit: {self._count}", err=True)
        for line in self._lines:
            click.echo(line, err=True)
        if self._count > PENDING_SHOWN_MAX:
            click.echo(f"  ... and {self._count - PENDING_SHOWN_MAX} more.", err=True)


def _pending_line(event: HistoryAdopted) -> str:
    way = f"{event.from_server} to {event.server}"
    return printable(f"  {event.user}, {way}, {event.item_name}: {event.value}, {event.message}")


def _remember(records: Iterable[Record], target: Target, *, now: Nanos) -> Imported:
    """Puts into the log what it does not hold yet; in a dry run it only counts."""
    if target.dry_run:
        return _counted(records, target.directory)
    with DataLock(target.directory):
        event_log = EventLog.create(target.directory.log)
        importer = Importer(event_log)
        for bad in importer.add(_lines(records, now=now)):
            raise NotAdoptable(f"Row {bad.number} cannot be recorded: {bad.detail}.")
        Engine(event_log, ViewStore.create(target.directory.views), PROJECTIONS).catch_up()
    return importer.result


def _counted(records: Iterable[Record], directory: DataDirectory) -> Imported:
    log = LogReader.open(directory.log) if directory.log.is_file() else None
    seen: set[bytes] = set()
    result = Imported()
    for record in records:
        event_id = record.draft.id
        assert event_id is not None
        if event_id in seen or (log is not None and log.seq_of_id(event_id) is not None):
            result.known += 1
        else:
            result.added += 1
            seen.add(event_id)
    return result


def _lines(records: Iterable[Record], *, now: Nanos) -> Iterator[bytes]:
    """The records as an import takes them: whatever is known by its id is left alone."""
    for record in records:
        draft = record.draft
        assert draft.id is not None
        line = IncomingLine(
            id=id_text(draft.id),
            at=moment_text(draft.at),
            recorded=moment_text(now),
            type=CODEC.type_of(draft.event),
            source=record.source,
            actor=record.actor,
            blob=CODEC.encode(draft.event),
        )
        yield msgspec.json.encode(line)
