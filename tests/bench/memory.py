"""
Memory the daemon holds: after its start, and after some seconds of as many reports as it takes.
"""

from pathlib import Path
from time import sleep

from bench.figures import Figure
from bench.servers import playhead
from bench.wrk import CONNECTIONS, post_reports

LOAD_S = 15
SETTLE_S = 2


def measure(workdir: Path, rounds: int) -> list[Figure]:
    """Resident memory idle and under load; one round is enough, memory is not noisy."""
    with playhead(workdir / "memory") as server:
        sleep(SETTLE_S)
        idle = server.resident_mib()
        load = post_reports(server.url, LOAD_S)
        loaded = server.resident_mib()
    if load.errors:
        raise RuntimeError(f"{load.errors} requests failed.")
    note = f"{load.requests} reports over {CONNECTIONS} connections"
    return [
        Figure(name="resident memory idle, MiB", ours=f"{idle:.0f}"),
        Figure(name="resident memory under load, MiB", ours=f"{loaded:.0f}", note=note),
    ]
