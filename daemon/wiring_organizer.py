"""
From settings to organizers: paths are made absolute, units are those of the adapter, the file of
garbage words is read.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from adapters.organizer.keeping import Keeper, Keepers
from adapters.organizer.organizer import Organizer, undone_marks
from adapters.organizer.planning import Planner
from adapters.organizer.settings import OrganizerSettings
from adapters.organizer.telling import Count, Teller, ignore
from adapters.ports import Desk
from daemon.clock import SystemClock
from daemon.config.players import Organizer as Table
from daemon.datadir import DataDirectory
from daemon.desk import WorkDesk
from daemon.engine.views import ViewReader
from daemon.eventlog.writer import Writer
from daemon.organizing import OrganizerPlan, impossible, shown
from daemon.readers import ReaderPool
from daemon.telemetry.logs import configure_logs
from projections.envelope import NANOS_PER_SECOND, Nanos
from projections.errors import PlayheadError
from projections.filing_survey import FilingRules
from projections.filing_words import WORDS_MAX, words_from

Tell = Callable[[str], object]


def organizers_of(
    tables: Sequence[Table], desk: Desk, *, count: Count = ignore, tell: Tell
) -> list[Organizer]:
    """The organizers that are configured; `tell` gets a sentence about words that are not there."""
    found = []
    for table in tables:
        settings = organizer_settings(table, tell=tell)
        found.append(Organizer(desk, settings, teller=Teller(desk, settings, count=count)))
    return found


@contextmanager
def organizers_alone(
    tables: Sequence[Table], writer: Writer, directory: DataDirectory, *, tell: Tell
) -> Iterator[list[Organizer]]:
    """The organizers that work for a command that is the writer for a moment."""
    configure_logs(style="auto", level="warning")
    views = ReaderPool(ViewReader.open, directory.views, prepare=writer.settle)
    desk = WorkDesk(writer, views, SystemClock(), secrets=directory.root / "secrets")
    try:
        yield organizers_of(tables, desk, tell=tell)
    finally:
        views.close()


def keepers_of(organizers: Sequence[Organizer], desk: Desk) -> Keepers:
    """What has them work by themselves."""
    return Keepers([Keeper(desk, each) for each in organizers])


def organizer_settings(table: Table, *, tell: Tell) -> OrganizerSettings:
    """What an organizer is told."""
    garbage = (*table.garbage_words, *_words_in(table.garbage_words_file, tell))
    return OrganizerSettings(
        name=table.name,
        folder=Path(table.folder).absolute(),
        rules=FilingRules(
            extensions=frozenset(table.extensions),
            companions=frozenset(table.companions),
            words=words_from(garbage, table.special_words, table.extensions),
        ),
        stable_ns=int(table.stable_s * NANOS_PER_SECOND),
        sets_titles=table.set_title,
        retimes=table.retime,
        sweep_every_s=table.sweep_every_s,
    )


def _words_in(file: str, tell: Tell) -> list[str]:
    """The words of a file, one a line; none if it cannot be read, as with perpetual."""
    if not file:
        return []
    try:
        with Path(file).open(encoding="utf-8", errors="replace") as lines:
            return [line.strip() for line in islice(lines, WORDS_MAX)]
    except OSError as error:
        tell(f"The garbage words in {file} cannot be read: {error.strerror}.")
        return []


async def dry_plans(
    tables: Sequence[Table], views: ViewReader | None, *, now: Nanos, tell: Tell
) -> list[OrganizerPlan]:
    """
    What organizers would do, found out without a daemon: nothing is changed, on the disk or in the
    log.
    """
    found = []
    for table in tables:
        settings = organizer_settings(table, tell=tell)
        try:
            found.append(await _dry_plan(settings, views, now))
        except PlayheadError as error:
            found.append(impossible(settings.name, settings.folder, error))
    return found


async def _dry_plan(
    settings: OrganizerSettings, views: ViewReader | None, now: Nanos
) -> OrganizerPlan:
    planner = Planner(settings)
    look = await planner.look(now)
    marks = partial(undone_marks, str(settings.folder), tuple(look.survey.episodes))
    plan = planner.plan(look.survey, {} if views is None else marks(views))
    return shown(settings.name, settings.folder, plan)
