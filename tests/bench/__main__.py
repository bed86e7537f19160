"""The command behind `ops/bench`."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from bench import append, ingest, memory, millions, replay
from bench.figures import Figure, table

Measure = Callable[[Path, int], list[Figure]]

MEASUREMENTS: dict[str, Measure] = {
    "append": append.measure,
    "replay": replay.measure,
    "millions": millions.measure,
    "ingest": ingest.measure,
    "memory": memory.measure,
}
NEED_WRK = frozenset({"ingest", "memory"})
CHECKOUT = Path(__file__).resolve().parents[2]


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(MEASUREMENTS)))
@click.option("--rounds", type=click.IntRange(1, 100), default=5, help="Rounds of each comparison.")
@click.option(
    "--workdir",
    type=click.Path(path_type=Path, file_okay=False),
    default=CHECKOUT.parent,
    help="A folder on the disk to be measured, not in memory. The default is beside the checkout.",
)
def main(names: tuple[str, ...], rounds: int, workdir: Path) -> None:
    """Print ratios of this machine, measured in this run: all of them, or the named ones."""
    chosen = names or tuple(MEASUREMENTS)
    if NEED_WRK.intersection(chosen) and shutil.which("wrk") is None:
        raise click.ClickException("wrk is missing. On Debian: apt-get install wrk")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="playhead-bench-", dir=workdir) as folder:
        for name in chosen:
            click.echo(f"Measuring {name}.", err=True)
            figures += MEASUREMENTS[name](Path(folder), rounds)
    click.echo(table(figures))


if __name__ == "__main__":
    main(prog_name="ops/bench")
