"""
An explanation as lines of text: aligned, without colour, harmless to a terminal.
"""

from collections.abc import Iterable, Iterator, Sequence

from projections.explanation import DeliveryView, Explanation, PersonView, ServerView
from projections.history import HistoryLine
from projections.wording import FIELD_NAMES, count_text, printable, values_text

PLACE_COLUMNS = 12


def explanation_lines(explanation: Explanation) -> Iterator[str]:
    """The explanation, line by line."""
    kind = f", {explanation.type}" if explanation.type else ""
    yield printable(f"{explanation.title}{kind}")
    yield printable(f"media key {explanation.media}, as of event {explanation.head}")
    if not explanation.people:
        yield ""
        yield "Nothing is known of anybody's user data."
    for person in explanation.people:
        yield ""
        yield from map(printable, _person(person))


def _person(person: PersonView) -> Iterator[str]:
    yield person.user
    yield "  Agreed"
    rows = [
        (
            FIELD_NAMES[field.field],
            field.text,
            f"since {_second(field.since)}" if field.since else "since nobody knows when",
            f"from {field.source}",
            f"event {field.seq}",
        )
        for field in person.fields
    ]
    yield from aligned(rows or [("nothing",)], indent=4)
    yield "  Servers"
    yield from aligned([_server(server) for server in person.servers] or [("none",)], indent=4)
    yield from _open(person.servers)
    yield f"  History{_shown(person)}"
    yield from _history(person.history)


def _open(servers: Sequence[ServerView]) -> Iterator[str]:
    rows = [
        (server.server, f"event {delivery.seq}", delivery.text, delivery_state(delivery))
        for server in servers
        if (delivery := server.delivery) is not None
    ]
    if rows:
        yield "  Still to be written"
        yield from aligned(rows, indent=4)


def _second(moment: str) -> str:
    return f"{moment[:19]}Z"


def _server(server: ServerView) -> tuple[str, ...]:
    if server.item_id is None:
        return (server.server, "-", "does not have it")
    verdict = _verdict(server)
    seen = f"seen {_second(server.seen_at)}, event {server.seen_seq}" if server.seen_at else ""
    how = "its first item" if server.matched_by == "nothing" else f"matched by {server.matched_by}"
    origin = f"{how}, event {server.since_seq}"
    return (server.server, server.item_id, verdict, seen, server.path or "no path", origin)


def _verdict(server: ServerView) -> str:
    parts = []
    if server.gone:
        parts.append("is gone")
    if server.holds is None:
        parts.append("was not looked at")
    elif server.agrees:
        parts.append("agrees")
    else:
        parts.append(f"differs: {values_text(server.differs)}")
    if server.corrections_count:
        parts.append(f"corrected {count_text(server.corrections_count, 'time')}")
    return ", ".join(parts)


def delivery_state(delivery: DeliveryView) -> str:
    """What holds an open delivery up, and when it is tried next."""
    when = f", next try {_second(delivery.next_try)}" if delivery.next_try else ""
    told = {
        "due": f"due {_second(delivery.next_try)}" if delivery.next_try else "due now",
        "waiting": f"waits for the title to appear{when}",
        "parked": f"parked until `playhead jellyfin retry {delivery.seq}`",
    }[delivery.status]
    tries = _times("tried", delivery.attempts_count)
    put_off = _times("put off", delivery.deferrals_count)
    reason = f": {delivery.reason}" if delivery.reason else ""
    return f"{told}{tries}{put_off}{reason}"


def _times(what: str, count: int) -> str:
    return f", {what} {count_text(count, 'time')}" if count else ""


def _shown(person: PersonView) -> str:
    older = count_text(person.older_count, "older event")
    return f" (without {older})" if person.older_count else ""


def _history(lines: Sequence[HistoryLine]) -> Iterator[str]:
    if not lines:
        yield "    nothing"
    width = max((len(str(line.seq)) for line in lines), default=0)
    for line in lines:
        causes = "".join(f" < {seq}" for seq in line.causes)
        origin = f" {line.origin}" if line.origin and len(line.causes) == 1 else ""
        why = f"  [{causes.strip()}{origin}]" if causes else ""
        head = f"    {line.seq:>{width}}  {_second(line.at)}  {line.place:<{PLACE_COLUMNS}}"
        yield f"{head}  {line.text}{why}"


def aligned(rows: Iterable[tuple[str, ...]], *, indent: int = 0) -> Iterator[str]:
    """Rows as columns, each as wide as its widest cell; the last one is not padded."""
    table = [tuple(map(printable, row)) for row in rows]
    columns = max((len(row) for row in table), default=0)
    widths = [
        max((len(row[column]) for row in table if len(row) > column + 1), default=0)
        for column in range(columns)
    ]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        yield (" " * indent + "  ".join([*cells, row[-1]])).rstrip()
