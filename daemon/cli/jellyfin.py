"""`playhead jellyfin`: the servers that are kept in step, and what only the operator decides."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import click
import msgspec

from daemon.cli import sync_report
from daemon.cli.calling import Caller, Refused
from daemon.cli.lazy import LazyGroup
from daemon.cli.options import config_option, data_option
from daemon.cli.orders import ACTOR, SOURCE, Alone, Office, given, office, url_option
from daemon.engine.snapshot import snapshot
from daemon.engine.views import ViewReader
from daemon.undoing import ordered
from projections.commands import Command, Record
from projections.deliveries import Delivery
from projections.errors import NotFound
from projections.in_force import rules_in_force
from projections.servers import SERVERS
from projections.sync_commands import DiscardDelivery, LinkItem, RetryDelivery
from projections.sync_events import BrakeReleased

Row = TypeVar("Row")

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
seq_argument = click.argument("seq", type=click.IntRange(min=1))


SETUP = {"setup": "daemon.cli.jellyfin_setup:setup"}
"""The one command that speaks to a server itself."""


@click.group(cls=LazyGroup, places=SETUP)
def jellyfin() -> None:
    """Look at the servers that are kept in step, and decide what only you can."""


@jellyfin.command()
@data_option
@config_option
@json_option
def status(*, data: Path | None, config_file: Path | None, as_json: bool) -> None:
    """Show each server: whether it answers, its brake, its sweeps, its open deliveries."""
    reports = _read(office(config_file, data), sync_report.server_reports)
    _show(reports, sync_report.status_lines, as_json=as_json)


@jellyfin.command()
@data_option
@config_option
@click.option("--server", metavar="NAME", help="Only this server.")
@json_option
def plan(*, data: Path | None, config_file: Path | None, server: str | None, as_json: bool) -> None:
    """
    Show what would be written where: the open deliveries. With sync.dry_run nothing is written, and
    this is all that would have been.
    """
    writes = _read(office(config_file, data), sync_report.planned_writes)
    wanted = [write for write in writes if server in {None, write.server}]
    _show(wanted, sync_report.plan_lines, as_json=as_json)


@jellyfin.command()
@data_option
@config_option
@json_option
def ambiguities(*, data: Path | None, config_file: Path | None, as_json: bool) -> None:
    """List items that could belong to several titles, with the commands that decide."""
    found = _read(office(config_file, data), sync_report.questions)
    _show(found, sync_report.question_lines, as_json=as_json)


@jellyfin.command()
@data_option
@config_option
@url_option
@click.option("--own", is_flag=True, help="Make it a title of its own.")
@click.argument("server")
@click.argument("item_id", metavar="ITEM")
@click.argument("media", required=False)
def link(
    *,
    data: Path | None,
    config_file: Path | None,
    url: str | None,
    own: bool,
    server: str,
    item_id: str,
    media: str | None,
) -> None:
    """Say that ITEM of SERVER belongs to the title MEDIA, a media key, or to one of its own."""
    if own == (media is not None):
        raise click.UsageError("Give either a media key or --own.")
    command = LinkItem(source=SOURCE, actor=ACTOR, server=server, item_id=item_id, media=media)
    path = f"/api/ambiguities/{quote(server, safe='')}/{quote(item_id, safe='')}"
    _order(office(config_file, data, url), command, path, {"media": media})
    click.echo(f"{server}/{item_id} belongs to {media or 'a title of its own'}.")


@jellyfin.command()
@data_option
@config_option
@url_option
@click.argument("server")
@click.argument("decision", type=click.Choice(("accept", "restore")))
def release(
    *,
    data: Path | None,
    config_file: Path | None,
    url: str | None,
    server: str,
    decision: Literal["accept", "restore"],
) -> None:
    """
    Release the brake of SERVER: accept what it says, or restore on it what was agreed before.
    """
    place = office(config_file, data, url)
    _read(place, lambda views: _demand_brake(views, server))
    event = BrakeReleased(server=server, decision=decision)
    command = Record(source=SOURCE, actor=ACTOR, event=event)
    path = f"/api/servers/{quote(server, safe='')}/brake"
    _order(place, command, path, {"decision": decision})
    done = "what it says is accepted" if decision == "accept" else "it is restored"
    click.echo(f"The brake of {server} is released; {done} with the next full sweep.")


def _demand_brake(views: ViewReader, server: str) -> None:
    row = views.get(SERVERS, (server,))
    if row is None and server not in rules_in_force(views).servers:
        hint = "`playhead jellyfin status` lists the servers."
        raise NotFound(f"There is no server {server!r}.", hint=hint)
    if row is None or not row.brake:
        raise NotFound(f"The brake of {server} is not on.", hint="There is nothing to release.")


@jellyfin.command()
@data_option
@config_option
@url_option
@click.option("--all", "every", is_flag=True, help="All that are parked, waiting or failed.")
@click.argument("seq", type=click.IntRange(min=1), required=False)
def retry(
    *, data: Path | None, config_file: Path | None, url: str | None, every: bool, seq: int | None
) -> None:
    """Have a delivery, named by its event as `plan` shows it, tried again now."""
    if every == (seq is not None):
        raise click.UsageError("Give either the number of a delivery or --all.")
    place = office(config_file, data, url)
    if seq is not None:
        _order(place, _retrying(seq), f"/api/events/{seq}/retry", {})
        click.echo(f"Delivery {seq} is tried again.")
        return
    seqs = [row.seq for row in _read(place, sync_report.open_deliveries) if _is_held_up(row)]
    count = _retry_all(place, seqs) if seqs else 0
    click.echo(f"Tried again now: {count} of {len(seqs)} that were held up.")


def _is_held_up(row: Delivery) -> bool:
    return row.status != "due" or row.attempts_count > 0 or row.deferrals_count > 0


def _retrying(seq: int) -> RetryDelivery:
    return RetryDelivery(source=SOURCE, actor=ACTOR, seq=seq)


def _retry_all(place: Office, seqs: list[int]) -> int:
    """How many were there still: some may have been delivered meanwhile."""

    def running(caller: Caller) -> int:
        return sum(_is_retried(caller, seq) for seq in seqs)

    async def stopped(alone: Alone) -> int:
        return len(await ordered(alone.writer, [_retrying(seq) for seq in seqs]))

    return given(place, running=running, stopped=stopped)


def _is_retried(caller: Caller, seq: int) -> bool:
    try:
        caller.post(f"/api/events/{seq}/retry", {})
    except Refused as error:
        if error.is_missing:
            return False
        raise
    return True


@jellyfin.command()
@data_option
@config_option
@url_option
@seq_argument
def discard(*, data: Path | None, config_file: Path | None, url: str | None, seq: int) -> None:
    """Drop the delivery SEQ, as `plan` shows it, for good."""
    command = DiscardDelivery(source=SOURCE, actor=ACTOR, seq=seq)
    _order(office(config_file, data, url), command, f"/api/events/{seq}/discard", {})
    click.echo(f"Delivery {seq} is dropped.")


def _order(place: Office, command: Command, path: str, body: dict[str, Any]) -> None:
    """Has one command carried out, by the daemon at `path` or here."""

    async def stopped(alone: Alone) -> None:
        await alone.writer.submit(command)

    def running(caller: Caller) -> None:
        caller.post(path, body)

    given(place, running=running, stopped=stopped)


def _read(place: Office, query: Callable[[ViewReader], Row]) -> Row:
    with closing(place.views()) as views, snapshot(views):
        return query(views)


def _show(rows: list[Row], lines: Callable[[list[Row]], Iterator[str]], *, as_json: bool) -> None:
    told: Iterable[str | bytes] = [msgspec.json.encode(rows)] if as_json else lines(rows)
    for line in told:
        click.echo(line)
