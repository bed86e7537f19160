"""The command behind `ops/bench`."""

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from bench import (
    append,
    drain,
    files,
    ingest,
    latency,
    memory,
    millions,
    names,
    players,
    replay,
    sweep,
    webhooks,
)
from bench.figures import Figure, table
from bench.servers import IS_TRIED

Measure = Callable[[Path, int], list[Figure]]

MEASUREMENTS: dict[str, Measure] = {
    "append": append.measure,
    "replay": replay.measure,
    "millions": millions.measure,
    "ingest": ingest.measure,
    "memory": memory.measure,
    "webhooks": partial(webhooks.measure, seconds=4),
    "latency": partial(latency.measure, count=200),
    "drain": partial(drain.measure, count=1_000),
    "sweep": partial(sweep.measure, count=20_000),
    "files": files.measure,
    "names": names.measure,
    "players": players.measure,
}
QUICK: dict[str, Measure] = {
    "webhooks": partial(webhooks.measure, seconds=1, warm_up_s=0),
    "latency": partial(latency.measure, count=3),
    "drain": partial(drain.measure, count=20),
    "sweep": partial(sweep.measure, count=120),
    "files": partial(files.measure, size=files.QUICK),
    "players": partial(players.measure, size=players.QUICK),
}
"""
Those of sync, files and players with next to nothing to do: they show that all of it works, and
measure nothing.
"""

NEEDED = {"ingest": "wrk", "memory": "wrk", "webhooks": "wrk", "players": "mpv"}
"""Programs without which something cannot be measured."""

CHECKOUT = Path(__file__).resolve().parents[2]


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(MEASUREMENTS)))
@click.option("--rounds", type=click.IntRange(1, 100), default=5, help="Rounds of each comparison.")
@click.option("--quick", is_flag=True, help="Only try them: one round of little.")
@click.option(
    "--workdir",
    type=click.Path(path_type=Path, file_okay=False),
    default=CHECKOUT.parent,
    help="A folder on the disk to be measured, not in memory. The default is beside the checkout.",
)
def main(names: tuple[str, ...], *, rounds: int, workdir: Path, quick: bool) -> None:
    """Print ratios of this machine, measured in this run: all of them, or the named ones."""
    IS_TRIED.set(quick)
    measurements, rounds = (QUICK, 1) if quick else (MEASUREMENTS, rounds)
    chosen = names or tuple(measurements)
    if unknown := set(chosen) - measurements.keys():
        raise click.ClickException(
            f"There is no quick way to measure {', '.join(sorted(unknown))}."
        )
    for program in sorted({NEEDED[name] for name in chosen if name in NEEDED}):
        if shutil.which(program) is None:
            raise click.ClickException(
                f"{program} is missing. On Debian: apt-get install {program}"
            )
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="playhead-bench-", dir=workdir) as folder:
        for name in chosen:
            click.echo(f"Measuring {name}.", err=True)
            figures += measurements[name](Path(folder), rounds)
    click.echo(table(figures))


if __name__ == "__main__":
    main(prog_name="ops/bench")
