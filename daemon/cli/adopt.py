"""`playhead adopt`: take over from jellyporter, jellyfin-db-sync or TimestampSync."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from daemon.adopt import jellyfin_db_sync, jellyporter, timestampsync
from daemon.adopt.databases import Database, open_database
from daemon.adopt.document import document
from daemon.adopt.files import (
    OPEN_MODE,
    SECRET_MODE,
    NewFile,
    is_readable_file,
    read_key,
    refuse_existing,
    write,
)
from daemon.adopt.outcome import Adoption
from daemon.adopt.records import Record
from daemon.adopt.refusal import NotAdoptable, refuse_all
from daemon.adopt.trees import read_tree
from daemon.cli.options import config_option, data_option, directory_from, settings_from
from daemon.clock import SystemClock
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


def _common_options(command: Function) -> Function:
    """What all three commands share; `--data` says where the history goes."""
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


def _their_options(command: Function) -> Function:
    """The ancestor's own files."""
    for option in (
        click.option(
            "--database",
            metavar="FILE",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Its database.  [default: the one its configuration names, if it is there]",
        ),
        click.option(
            "--config",
            "config_file",
            metavar="FILE",
            required=True,
            type=click.Path(dir_okay=False, path_type=Path),
            help="Its configuration, a YAML file.",
        ),
    ):
        command = option(command)
    return command


@click.group()
def adopt() -> None:
    """
    Take over from a program that did this work before: its settings as a TOML file, its history as
    events. It may be repeated: nothing doubles. The daemon must be stopped.
    """


@adopt.command("jellyporter")
@_their_options
@_common_options
def adopt_jellyporter(*, config_file: Path, database: Path | None, **where: Any) -> None:
    """Take over from jellyporter."""
    target = _target(**where)
    tree = read_tree(config_file)
    adoption = jellyporter.adopted_settings(tree, partial(read_key, beside=config_file.parent))
    refuse_all(str(config_file), adoption.problems())
    with _opened(database, jellyporter.database_path(tree), adoption.origin) as opened:
        now = SystemClock().now_ns()
        changes = opened.changes() if opened else ()
        records = (jellyporter.adopted_change(change, adoption, now=now) for change in changes)
        _take_over(adoption, records, target, now=now, made_from=config_file)


@adopt.command("jellyfin-db-sync")
@_their_options
@_common_options
def adopt_jellyfin_db_sync(*, config_file: Path, database: Path | None, **where: Any) -> None:
    """Take over from jellyfin-db-sync."""
    target = _target(**where)
    tree = read_tree(config_file)
    named = jellyfin_db_sync.database_path(tree)
    with _opened(database, named, jellyfin_db_sync.ORIGIN) as opened:
        mappings = opened.mappings() if opened else ()
        adoption = jellyfin_db_sync.adopted_settings(tree, mappings)
        refuse_all(str(config_file), adoption.problems())
        now = SystemClock().now_ns()
        _take_over(
            adoption,
            _db_sync_records(opened, adoption, now=now),
            target,
            now=now,
            made_from=config_file,
        )


def _db_sync_records(
    database: Database | None, adoption: Adoption, *, now: Nanos
) -> Iterator[Record]:
    if database is None:
        return
    for entry in database.log_entries():
        yield jellyfin_db_sync.adopted_entry(entry, adoption, now=now)
    for row in database.pending():
        yield jellyfin_db_sync.adopted_pending(row, adoption, now=now)


@adopt.command("timestampsync")
@click.option(
    "--database",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Its database.",
)
@click.option(
    "--env",
    "environment_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Its .env file, for the settings.",
)
@click.option(
    "--user",
    metavar="NAME",
    help="Whose the bookmarks are.  [default: the user of the settings, or auth.open_user]",
)
@config_option
@_common_options
def adopt_timestampsync(
    *,
    database: Path,
    environment_file: Path | None,
    user: str | None,
    config_file: Path | None,
    **where: Any,
) -> None:
    """Take over from TimestampSync: resuming works at once."""
    target = _target(config_file=config_file, **where)
    environment = _environment(environment_file)
    if user is None and environment_file is not None:
        user = timestampsync.user_of(environment)
    elif user is None:
        auth = settings_from(config_file, data=where["data"]).settings.auth
        user = auth.user or auth.open_user
    adoption = timestampsync.adopted_settings(environment, user)
    refuse_all(str(environment_file), adoption.problems())
    with open_database(database, timestampsync.ORIGIN) as opened:
        now = SystemClock().now_ns()
        records = _bookmarks(opened, user, now=now)
        _take_over(adoption, records, target, now=now, made_from=environment_file or database)


def _environment(file: Path | None) -> dict[str, str]:
    from dotenv import dotenv_values

    if file is None:
        return {}
    try:
        with file.open(encoding="utf-8") as stream:
            pairs = dotenv_values(stream=stream, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise NotAdoptable(f"{file} cannot be read.", hint="Check --env.") from error
    return {name: value for name, value in pairs.items() if value is not None}


def _bookmarks(database: Database, user: str, *, now: Nanos) -> Iterator[Record]:
    nameless = undated = 0
    for row in database.bookmarks():
        if not timestampsync.is_usable(row):
            nameless += 1
            continue
        undated += not timestampsync.is_dated(row)
        yield timestampsync.adopted_bookmark(row, user, now=now)
    if nameless:
        click.echo(f"Left out, for they have no usable name: {nameless} bookmarks.", err=True)
    if undated:
        click.echo(f"Without a readable date, so the oldest of all: {undated} bookmarks.", err=True)


def _target(
    *,
    data: Path | None,
    output: Path | None,
    force: bool,
    dry_run: bool,
    config_file: Path | None = None,
) -> Target:
    directory = directory_from(config_file, data) if data is None else DataDirectory(data)
    return Target(
        directory=directory,
        data=None if data is None else data.absolute(),
        output=output,
        force=force,
        dry_run=dry_run,
    )


def _opened(given: Path | None, named: str, origin: str) -> AbstractContextManager[Database | None]:
    """The database that was given, or else the one that is named, if it is there."""
    if given is None and not (named and is_readable_file(Path(named))):
        place = f" {named} is not here;" if named else ""
        click.echo(f"No history is taken over:{place} name it with --database.", err=True)
        return nullcontext()
    return open_database(given or Path(named), origin)


def _take_over(
    adoption: Adoption,
    records: Iterable[Record],
    target: Target,
    *,
    now: Nanos,
    made_from: Path,
) -> None:
    """All of it: refuse first, then the history, which may be repeated, then the files."""
    files = _files(adoption, target, made_from=made_from)
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
