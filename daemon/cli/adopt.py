"""`playhead adopt`: take over from jellyporter, jellyfin-db-sync, TimestampSync or perpetual."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from daemon.adopt import jellyfin_db_sync, jellyporter, perpetual, timestampsync
from daemon.adopt.databases import Database, open_database
from daemon.adopt.files import is_readable_file, read_key
from daemon.adopt.outcome import Adoption
from daemon.adopt.records import Record
from daemon.adopt.refusal import NotAdoptable, refuse_all
from daemon.adopt.trees import read_tree
from daemon.cli.adopting import common_options, take_over, target_of
from daemon.cli.options import config_option, settings_from
from daemon.clock import SystemClock
from projections.envelope import Nanos

Function = TypeVar("Function", bound=Callable[..., Any])

FILE_BYTES_MAX = 1 << 20
"""No settings file is larger; nobody means one that is."""


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
@common_options
def adopt_jellyporter(*, config_file: Path, database: Path | None, **where: Any) -> None:
    """Take over from jellyporter."""
    target = target_of(**where)
    tree = read_tree(config_file)
    adoption = jellyporter.adopted_settings(tree, partial(read_key, beside=config_file.parent))
    refuse_all(str(config_file), adoption.problems())
    with _opened(database, jellyporter.database_path(tree), adoption.origin) as opened:
        now = SystemClock().now_ns()
        changes = opened.changes() if opened else ()
        records = (jellyporter.adopted_change(change, adoption, now=now) for change in changes)
        take_over(adoption, records, target, now=now, made_from=config_file)


@adopt.command("jellyfin-db-sync")
@_their_options
@common_options
def adopt_jellyfin_db_sync(*, config_file: Path, database: Path | None, **where: Any) -> None:
    """Take over from jellyfin-db-sync."""
    target = target_of(**where)
    tree = read_tree(config_file)
    named = jellyfin_db_sync.database_path(tree)
    with _opened(database, named, jellyfin_db_sync.ORIGIN) as opened:
        mappings = opened.mappings() if opened else ()
        adoption = jellyfin_db_sync.adopted_settings(tree, mappings)
        refuse_all(str(config_file), adoption.problems())
        now = SystemClock().now_ns()
        take_over(
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
@common_options
def adopt_timestampsync(
    *,
    database: Path,
    environment_file: Path | None,
    user: str | None,
    config_file: Path | None,
    **where: Any,
) -> None:
    """Take over from TimestampSync: resuming works at once."""
    target = target_of(config_file=config_file, **where)
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
        take_over(adoption, records, target, now=now, made_from=environment_file or database)


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


def _opened(given: Path | None, named: str, origin: str) -> AbstractContextManager[Database | None]:
    """The database that was given, or else the one that is named, if it is there."""
    if given is None and not (named and is_readable_file(Path(named))):
        place = f" {named} is not here;" if named else ""
        click.echo(f"No history is taken over:{place} name it with --database.", err=True)
        return nullcontext()
    return open_database(given or Path(named), origin)


@adopt.command("perpetual")
@click.option(
    "--config",
    "settings_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Its TOML file.  [default: its defaults]",
)
@click.option("--base", metavar="DIR", help="Its --base, if it was started with one.")
@click.option(
    "--resume-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where it kept the last file and position.  [default: its default, if it is there]",
)
@click.option(
    "--user",
    metavar="NAME",
    help="Whose the position is.  [default: the user of the settings, or auth.open_user]",
)
@common_options
def adopt_perpetual(
    *,
    settings_file: Path | None,
    base: str | None,
    resume_file: Path | None,
    user: str | None,
    **where: Any,
) -> None:
    """Take over from perpetual: a player, an organizer, and where it left off."""
    target = target_of(**where)
    values = {}
    if settings_file is not None:
        text = _content(settings_file, "--config")
        values = perpetual.read_settings(text, str(settings_file))
    adoption = perpetual.adopted_settings(values, base=base, user=user or "")
    refuse_all(str(settings_file), adoption.problems())
    if user is None:
        auth = settings_from(None, data=where["data"]).settings.auth
        user = auth.user or auth.open_user
    now = SystemClock().now_ns()
    records = _left_off(resume_file, user, now=now)
    take_over(adoption, records, target, now=now, made_from=settings_file or Path("defaults"))


def _left_off(given: Path | None, user: str, *, now: Nanos) -> list[Record]:
    """The position in a resume file, if there is one."""
    file = given or Path.home() / perpetual.RESUME_FILE_DEFAULT
    if given is None and not is_readable_file(file):
        click.echo(f"No position is taken over: {file} is not here.", err=True)
        return []
    resume = perpetual.read_resume(_content(file, "--resume-file"), str(file))
    if resume is None:
        click.echo(f"No position is taken over: {file} names none.", err=True)
        return []
    at = file.stat().st_mtime_ns
    return [perpetual.adopted_resume(resume, user, at=at, now=now)]


def _content(file: Path, option: str) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(FILE_BYTES_MAX)
    except OSError as error:
        raise NotAdoptable(f"{file} cannot be read.", hint=f"Check {option}.") from error
