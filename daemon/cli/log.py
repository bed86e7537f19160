"""`playhead log`: the audit trail."""

import time
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from daemon.cli.moment import moment_ns
from daemon.cli.options import config_option, data_option, directory_from
from daemon.eventlog.store import EventFilter, LogReader
from projections.envelope import Envelope, Seq
from projections.render import event_line, event_view

PAGE_EVENTS = 1_000

LOOK_EVERY_S = 0.2
"""How often `--follow` looks for new events; looking costs one tiny read."""


@click.command()
@data_option
@config_option
@click.option("--type", "kind", metavar="NAME", help="Only this event type.")
@click.option("--source", metavar="NAME", help="Only what came through this adapter.")
@click.option("--actor", metavar="NAME", help="Only what this actor asked for.")
@click.option("--since", metavar="MOMENT", help="Recorded at or after: 2026-11-21, 14:00Z, 2h.")
@click.option("--until", metavar="MOMENT", help="Recorded before.")
@click.option("--after", metavar="SEQ", type=click.IntRange(min=0), default=0, help="After this.")
@click.option("-n", "--last", metavar="N", type=click.IntRange(min=1), help="Only the last N.")
@click.option("-f", "--follow", is_flag=True, help="Go on with events as they arrive.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def log(
    *,
    data: Path | None,
    config_file: Path | None,
    kind: str | None,
    source: str | None,
    actor: str | None,
    since: str | None,
    until: str | None,
    after: int,
    last: int | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Show the audit trail: every event, oldest first. The daemon may be running."""
    wanted = EventFilter(
        type=kind,
        source=source,
        actor=actor,
        since=None if since is None else moment_ns(since),
        before=None if until is None else moment_ns(until),
    )
    reader = LogReader.open(directory_from(config_file, data).log)
    start = after if last is None else _start_of_last(reader, wanted, after, last)
    while True:
        head = reader.head().seq
        if head > start:
            _show(_matching(reader, wanted, after=start, until=head), as_json=as_json)
            start = head
        if not follow:
            return
        time.sleep(LOOK_EVERY_S)


def _start_of_last(reader: LogReader, wanted: EventFilter, after: Seq, count: int) -> Seq:
    """The seq after which the last `count` matching events stand."""
    before: Seq | None = None
    while True:
        page = reader.page(
            wanted, after=after, before=before, backwards=True, count_max=min(count, PAGE_EVENTS)
        )
        count -= len(page.envelopes)
        if count <= 0:
            return page.envelopes[-1].seq - 1
        if page.resume_seq is None:
            return after
        before = page.resume_seq


def _matching(
    reader: LogReader, wanted: EventFilter, *, after: Seq, until: Seq
) -> Iterator[Envelope]:
    position: Seq | None = after
    while position is not None:
        page = reader.page(wanted, after=position, before=until + 1, count_max=PAGE_EVENTS)
        yield from page.envelopes
        position = page.resume_seq


def _show(envelopes: Iterator[Envelope], *, as_json: bool) -> None:
    for envelope in envelopes:
        if as_json:
            click.echo(msgspec.json.encode(event_view(envelope)))
        else:
            click.echo(event_line(envelope))
