"""
How commands that change something reach the one writer: over HTTP while a daemon runs on the data
directory, otherwise by being the writer for a moment.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio
import click
import msgspec

from daemon.cli.calling import Caller
from daemon.cli.options import settings_from
from daemon.clock import SystemClock
from daemon.config import Settings
from daemon.config.bind import parse_bind
from daemon.config.calling import token_from_environment
from daemon.datadir import DataDirectory, DataLock
from daemon.engine.engine import Engine
from daemon.engine.views import ViewReader, ViewStore
from daemon.errors import InUse
from daemon.eventlog.store import EventFilter, EventLog, LogReader
from daemon.eventlog.writer import Writer
from projections import PROJECTIONS
from projections.errors import PlayheadError
from projections.events import DaemonStarted

SOURCE = "cli"
ACTOR = "operator"

Function = TypeVar("Function", bound=Callable[..., Any])
Result = TypeVar("Result")

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def url_option(command: Function) -> Function:
    """`--url URL`: where the running daemon is reached."""
    return click.option(
        "--url",
        metavar="URL",
        envvar="PLAYHEAD_URL",
        help="Address of the running daemon, if one runs; PLAYHEAD_TOKEN holds the token for it."
        "  [default: where it said that it listens]",
    )(command)


class Office(msgspec.Struct, frozen=True):
    """The files a command works on, and how to reach the daemon that holds them."""

    settings: Settings
    url: str | None

    @property
    def directory(self) -> DataDirectory:
        """Where the files are."""
        return DataDirectory(Path(self.settings.data))

    def log(self) -> LogReader:
        """
        A reader of the log.

        Raises:
            StorageError: there is none.
        """
        return LogReader.open(self.directory.log)

    def views(self) -> ViewReader:
        """
        A reader of the views.

        Raises:
            StorageError: there are none.
        """
        return ViewReader.open(self.directory.views)

    def caller(self) -> Caller:
        """Reaches the running daemon."""
        return Caller(self.url or self._announced(), token_from_environment())

    def _announced(self) -> str:
        """The address that the daemon wrote into its log, else the configured one."""
        log = self.log()
        page = log.page(EventFilter(type="daemon.started"), backwards=True, count_max=1)
        log.close()
        event = page.envelopes[0].event if page.envelopes else None
        scheme = "https" if self.settings.server.tls_certificate_file else "http"
        url = event.bind if isinstance(event, DaemonStarted) else ""
        parts = urlsplit(url if "://" in url else f"{scheme}://{self.settings.server.bind}")
        bind = parse_bind(parts.netloc)
        host = EVERYWHERE.get(bind.host, bind.host)
        return f"{parts.scheme}://{msgspec.structs.replace(bind, host=host)}"


def office(config_file: Path | None, data: Path | None, url: str | None = None) -> Office:
    """The office that the options mean."""
    return Office(settings_from(config_file, data=data).settings, url)


class Alone(msgspec.Struct, frozen=True):
    """The log, its views and the writer, ours alone for a moment."""

    log: LogReader
    views: ViewReader
    writer: Writer


def given(
    place: Office,
    *,
    running: Callable[[Caller], Result],
    stopped: Callable[[Alone], Awaitable[Result]],
) -> Result:
    """
    Has an order carried out: by `running` where a daemon holds the data directory, else by
    `stopped`.

    Raises:
        PlayheadError: it was refused, or the files cannot be written.
    """
    place.log().close()  # a directory without a log is a mistake, not a place for a new one
    try:
        lock = DataLock(place.directory)
    except InUse:
        return running(place.caller())
    with lock:
        return _alone(place.directory, stopped)


def _alone(directory: DataDirectory, stopped: Callable[[Alone], Awaitable[Result]]) -> Result:
    from daemon.wiring import refuse_lost_tail

    log = EventLog.create(directory.log)
    store = ViewStore.create(directory.views)
    try:
        refuse_lost_tail(log, store)
        engine = Engine(log, store, PROJECTIONS)
        engine.catch_up()
        results: list[Result] = []
        errors: list[PlayheadError] = []

        async def work() -> None:
            writer = Writer(log, engine, SystemClock())
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(writer.run, name="writer")
                try:
                    results.append(await stopped(Alone(log, store, writer)))
                except PlayheadError as error:
                    errors.append(error)
                finally:
                    writer.close()

        anyio.run(work)
    finally:
        store.close()
        log.close()
    if errors:
        raise errors[0]
    return results[0]
