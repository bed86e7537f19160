"""
Whole histories: a world from its first day to its quiet end, and what the oracle says of it.
"""

from projections.envelope import Envelope
from support.simulation.core import Core, Endless
from support.simulation.oracle import problems_of
from support.simulation.people import Someone
from support.simulation.server import SimServer
from support.simulation.time import HOUR, MINUTE, SECOND
from support.simulation.world import CoreMaker, Faults, Scene, World

SCENES: tuple[Scene, ...] = ("spaced", "single", "chaos")
ACTIONS_MAX = 14


def play(
    seed: int, *, make_core: CoreMaker = Core, record: list[Envelope] | None = None
) -> list[str]:
    """
    What is wrong at the end of the history of a seed, in sentences.

    Args:
        seed: of all that happens; its remainder by three is the kind of history.
        make_core: makes the daemon's core; a broken one for sabotage.
        record: takes the events.
    """
    world = World(seed, SCENES[seed % len(SCENES)], make_core=make_core)
    try:
        found = _played(world)
    except Endless:
        found = ["it never comes to rest: the log grows and grows"]
    if record is not None:
        record.extend(world.core.events)
    return found


def _played(world: World) -> list[str]:
    world.begin()
    world.settle()
    favourite = world.random.choice(list(world.servers.values()))
    for _ in range(world.random.randint(3, ACTIONS_MAX)):
        _tidy_up(world, favourite)
        if world.scene == "spaced":
            world.settle()
        _disturb(world)
        _act(world, favourite)
        world.pass_time(world.moment(world.random.choice([SECOND, MINUTE, HOUR])))
        if world.scene == "spaced":
            world.settle()
    world.end_playing()
    return problems_of(world)


def _act(world: World, favourite: SimServer) -> None:
    random = world.random
    server: SimServer | None = favourite
    if world.scene != "single":
        server = random.choice([*world.servers.values(), None])
    Someone(world, random.choice(world.users), server).act(random.choice(list(world.titles)))


def _tidy_up(world: World, favourite: SimServer) -> None:
    """Somebody changes a library: a title comes, goes, is replaced or moved."""
    random = world.random
    name, title = random.choice(list(world.servers)), random.choice(list(world.titles))
    choice = random.choice(["nothing", "nothing", "nothing", "add", "remove", "replace", "rename"])
    if world.scene == "single" and name == favourite.name and choice in {"remove", "replace"}:
        return
    if choice in {"remove", "replace"} and _is_only_copy(world, name, title):
        return
    if choice in {"remove", "replace"}:
        world.remove_item(name, title)
    if choice in {"add", "replace"}:
        world.add_item(name, title)
    if choice == "rename":
        world.rename_item(name, title)


def _is_only_copy(world: World, name: str, title: str) -> bool:
    return not any(known == title and server != name for server, known in world.items)


def _disturb(world: World) -> None:
    """Something goes wrong, or right again."""
    random = world.random
    world.faults = Faults(
        lost=0.0 if world.scene == "single" else random.choice([0.0, 0.0, 0.5, 1.0]),
        late=random.choice([0.0, 0.3]),
        doubled=random.choice([0.0, 0.3]),
    )
    for server in world.servers.values():
        quirks = server.quirks
        quirks.down = random.random() < 0.2
        quirks.failing = random.random() < 0.1
        quirks.loses_answers = random.random() < 0.2
        if world.scene == "chaos":
            quirks.late_writes = random.random() < 0.1
            quirks.stale_reads = random.random() < 0.1
    for lane in world.lanes:
        lane.wants_sweep = lane.wants_sweep or random.random() < 0.2
    if random.random() < 0.2:
        world.kill_daemon()
