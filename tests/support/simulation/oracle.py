"""
What must hold once everything is quiet.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from projections.deliveries import WAITING
from projections.envelope import Envelope, Nanos
from projections.library import ITEMS
from projections.sync_events import DeltaDeferred, DeltaPlanned
from projections.titles import TITLES
from projections.userdata import BLANK, FIELDS, Field, State, same
from support.simulation.server import SimServer
from support.simulation.world import QUIET_ROUNDS_MAX, World

ROUNDING_MAX_TICKS = 70_000_000
"""No server rounds by more than this."""


def problems_of(world: World) -> list[str]:
    """Everything that is wrong with a world that should have come to rest."""
    found: list[str] = []
    if world.settle() >= QUIET_ROUNDS_MAX:
        found.append("it never comes to rest")
    found += repetitions(world.core.events)
    found += _unrest(world)
    found += _disagreements(world)
    found += _inventions(world)
    if world.scene != "chaos":
        found += _surprises(world)
    found += world.core.differences()
    return found


ATTEMPTS = frozenset({"delta.delivered", "delta.failed", "delta.abandoned", "delta.retried"})
"""What ends a delivery's being held back. A newer plan does not: it waits for the same."""

LONGER = 1.5
"""Pauses are doubled, and counted from some moment before they are recorded."""


def repetitions(events: Iterable[Envelope]) -> Iterator[str]:
    """
    A delivery that is held back is recorded again only when the pause it was given is over, and
    each pause is half as long again as the one before, or more: a day of playing leaves a handful
    of events.
    """
    held: dict[tuple[str, str, str], tuple[Nanos, Nanos]] = {}
    for envelope in events:
        event: Any = envelope.event
        if not envelope.type.startswith("delta.") or isinstance(event, DeltaPlanned):
            continue
        key = (event.target, event.user, event.subject)
        if envelope.type in ATTEMPTS:
            held.pop(key, None)
        elif isinstance(event, DeltaDeferred) and not event.subject.startswith(WAITING):
            over_at, before = held.get(key, (0, 0))
            pause = event.retry_ns - envelope.at
            if envelope.at < over_at or pause < LONGER * before:
                yield f"{event.subject} on {event.target} is put off again and again"
            held[key] = (event.retry_ns, pause)


def _unrest(world: World) -> Iterator[str]:
    writes = [server.writes_count for server in world.servers.values()]
    head = world.core.head
    world.settle()
    if writes != [server.writes_count for server in world.servers.values()]:
        yield "servers are written to although nothing happens"
    if any(envelope.type == "delta.planned" for envelope in world.core.events[head:]):
        yield "deltas are planned although nothing happens"


def _disagreements(world: World) -> Iterator[str]:
    for title in world.titles:
        for user in world.users:
            for server, item_id, state in _copies(world, user, title):
                yield from _deviations(world, server, item_id, user, state)


def _copies(world: World, user: str, title: str) -> Iterator[tuple[SimServer, str, State]]:
    for name, server in world.servers.items():
        item_id = world.items.get((name, title))
        if item_id is not None:
            yield server, item_id, server.state(f"{name}-{user}", item_id)


def _deviations(
    world: World, server: SimServer, item_id: str, user: str, state: State
) -> Iterator[str]:
    item = world.core.views.get(ITEMS, (server.name, item_id))
    if item is None:
        yield f"{server.name} has {item_id}, and nobody knows"
        return
    title = world.core.views.get(TITLES, (user.casefold(), item.item.media))
    registers = {} if title is None else title.registers
    for name in FIELDS:
        wanted = registers[name].value if name in registers else getattr(BLANK, name)
        if name == "rating" and server.quirks.ignores_rating:
            continue
        if name == "position_ticks" and server.quirks.rounds_positions > 1:
            continue
        if not same(name, wanted, getattr(state, name)):
            yield (
                f"{user}, {item.item.listing.name}: {name} is {getattr(state, name)} on"
                f" {server.name}, agreed is {wanted}"
            )


def _inventions(world: World) -> Iterator[str]:
    """Nothing is agreed that no person ever brought about."""
    for title in world.titles:
        for user in world.users:
            lived = _lived(world, user, title)
            for server, _, state in _copies(world, user, title):
                for name in FIELDS:
                    value = getattr(state, name)
                    if not any(_could_be(name, value, getattr(known, name)) for known in lived):
                        yield f"{user}, {title}: nobody made {name} {value} on {server.name}"


def _could_be(name: Field, value: Any, lived: Any) -> bool:
    """Whether a value is one that people made: players add to the plays, some servers round."""
    if name == "position_ticks":
        return bool(0 <= lived - value < ROUNDING_MAX_TICKS)
    return name == "play_count" or same(name, value, lived)


def _lived(world: World, user: str, title: str) -> list[State]:
    """All states of a title, anywhere, that a person brought about."""
    found = [BLANK, *world.ideal.lived.get((user, title), ())]
    for (name, known), item_ids in world.past_items.items():
        if known == title:
            server = world.servers[name]
            for item_id in item_ids:
                found += server.lived.get((f"{name}-{user}", item_id), ())
    return found


def _surprises(world: World) -> Iterator[str]:
    """What all agree on is what people did."""
    for title in world.titles:
        for user in world.users:
            ideal = world.ideal.state(user, title)
            for server, _, state in _copies(world, user, title):
                for name in FIELDS:
                    wanted, found = getattr(ideal, name), getattr(state, name)
                    if name == "play_count" and (user, title) in world.unwatched:
                        # Between two looks it may have been unwatched and played again: then the
                        # count that was known stands, because counts are a maximum.
                        wanted = max(wanted, found) if world.scene == "single" else wanted
                    if not same(name, wanted, found):
                        yield (
                            f"{user}, {title}: {name} is {found} on {server.name},"
                            f" people made it {wanted}"
                        )
