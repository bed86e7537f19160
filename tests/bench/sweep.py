"""
Looking at a large library on three servers: the import, the sweep that finds nothing new, and what
a daemon that holds such a library needs to start.

Four daemons, one after the other: one that only makes the doubles give each answer once, so that
they have it ready; one that imports; one that starts with the library; one that starts with a
library of next to nothing. The baseline of the sweeps is a bare client that asks the same.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from time import monotonic, sleep

import httpx
import msgspec

from bench import bare
from bench.doubles import Double, configuration, doubles
from bench.figures import Figure
from bench.servers import playhead
from bench.sync import HEADERS, at_rest, events

NAMES = ("attic", "barn", "cellar")
PEOPLE = ("mara", "jon")
FILMS_SHARE = 0.25
POLL_S = 0.01
READY_S_MAX = 60.0


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep of all servers by one daemon, and the same requests from a bare client."""

    seconds: float
    bare_s: float
    requests_count: int
    cpu_s: float
    peak_mib: float
    resident_mib: float


class Start(msgspec.Struct, frozen=True):
    """From the start of the process until it is ready, and until the first thing was written."""

    ready_s: float
    written_s: float


def measure(workdir: Path, rounds: int, *, count: int) -> list[Figure]:
    """The sweeps once; starts on the empty library and on the large one in turn."""
    folder = workdir / "sweep"
    films = int(count * FILMS_SHARE)
    with doubles(*NAMES, films_count=films, episodes_count=count - films, people=PEOPLE) as large:
        settings = configuration(folder / "large.toml", large)
        _sweep(folder / "warm-up", settings, large)
        first = _sweep(folder / "large", settings, large)
        second = _sweep(folder / "large", settings, large)
        starts = _starts(folder, large, rounds)
    what = f"{count} items on three servers"
    return [
        *_sweep_figures(f"import of {what}", first),
        *_sweep_figures(f"sweep of {what}, nothing new", second),
        _start_figure("/readyz answers", starts, lambda start: start.ready_s, aim="< 2"),
        _start_figure("the first write", starts, lambda start: start.written_s),
    ]


def _sweep(data: Path, settings: Path, servers: dict[str, Double]) -> Sweep:
    with playhead(data, settings) as ours, httpx.Client(base_url=ours.url, timeout=60) as http:
        before = _head(http)
        at_rest(http, servers, after=before)
        seconds = _span_s(http, before)
        cpu_s, peak_mib, resident_mib = ours.cpu_s(), ours.peak_mib(), ours.resident_mib()
    asked = {server.url: server.take() for server in servers.values()}
    bare_s = bare.seconds(asked, at_once=1)
    for server in servers.values():
        server.take()
    return Sweep(
        seconds=seconds,
        bare_s=bare_s,
        requests_count=sum(map(len, asked.values())),
        cpu_s=cpu_s,
        peak_mib=peak_mib,
        resident_mib=resident_mib,
    )


def _head(http: httpx.Client) -> int:
    """The event of the daemon's start."""
    return int(events(http, "daemon.started")[-1]["seq"])


def _span_s(http: httpx.Client, after: int) -> float:
    """From the daemon's start to the end of the last sweep, as the log has them."""
    ends = [event["recorded"] for event in events(http, "sweep.finished", after=after)]
    start = events(http, "daemon.started", after=after - 1)[0]["recorded"]
    span = datetime.fromisoformat(max(ends)) - datetime.fromisoformat(start)
    return span.total_seconds()


def _starts(folder: Path, large: dict[str, Double], rounds: int) -> list[tuple[Start, Start]]:
    with doubles(*NAMES, films_count=rounds, people=PEOPLE) as small:
        settings = configuration(folder / "small.toml", small)
        _sweep(folder / "small", settings, small)
        return [
            (
                _start(folder / "small", settings, small, number),
                _start(folder / "large", folder / "large.toml", large, 3 * number + 1),
            )
            for number in range(rounds)
        ]


def _start(data: Path, settings: Path, servers: dict[str, Double], number: int) -> Start:
    """
    A film was ticked while the daemon was down; its notification comes when it is ready, and the
    full sweep of each start is under way. That sweep is not waited for.
    """
    (body,) = servers["attic"].mark(number, 1)
    for server in servers.values():
        server.take()
    started_s = monotonic()
    with playhead(data, settings) as ours, httpx.Client(base_url=ours.url, timeout=60) as http:
        _await_ready(http)
        ready_s = monotonic() - started_s
        http.post("/webhook/attic", content=body, headers=HEADERS).raise_for_status()
        servers["barn"].await_writes(1)
        written_s = monotonic() - started_s
        servers["cellar"].await_writes(1)
    return Start(ready_s, written_s)


def _await_ready(http: httpx.Client) -> None:
    deadline = monotonic() + READY_S_MAX
    while not http.get("/readyz").is_success:
        if monotonic() > deadline:
            raise RuntimeError(f"The daemon was not ready within {READY_S_MAX:.0f} s.")
        sleep(POLL_S)


def _sweep_figures(what: str, sweep: Sweep) -> list[Figure]:
    rate = f"{sweep.requests_count} requests"
    return [
        Figure(
            name=f"{what}, s",
            ours=f"{sweep.seconds:.1f}",
            baseline=f"the same requests, bare {sweep.bare_s:.1f}",
            ratio=sweep.seconds / sweep.bare_s,
            note=rate,
        ),
        Figure(name="its processor time, s", ours=f"{sweep.cpu_s:.1f}"),
        Figure(
            name="resident memory afterwards, MiB",
            ours=f"{sweep.resident_mib:.0f}",
            note=f"peak {sweep.peak_mib:.0f}",
        ),
    ]


def _start_figure(
    name: str,
    starts: Sequence[tuple[Start, Start]],
    value: Callable[[Start], float],
    *,
    aim: str = "",
) -> Figure:
    small = median(value(pair[0]) for pair in starts)
    large = median(value(pair[1]) for pair in starts)
    return Figure(
        name=f"start until {name}, s",
        ours=f"{large:.2f}",
        baseline=f"empty library {small:.2f}",
        ratio=large / small,
        aim=aim,
    )
