"""
Ingest of files against what the machine can do: a gigabyte uploaded beside `openssl sha256` and
`cp` of the same file, many small files, a project of twenty thousand compared with its directory
beside `sha256sum`; and meanwhile how soon /healthz answers, and how much memory is used.
"""

import base64
import hashlib
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

import httpx
import msgspec

from bench.figures import Figure, Sides, in_turn
from support.watched_library import WatchedLibrary

CLIENTS = 8
SMALL_BYTES = 100_000
INDEXED_BYTES = 4_096
PAGE_ROUNDS = 30
PROBE_EVERY_S = 0.025
"""
Each question costs the daemon most of a millisecond: asked a hundred times a second, they were a
third of what was measured beside them.
"""

PROBE_TIMEOUT_S = 30
REST_S = 60
PROJECT = "P1-Bench"
PAGES = "/api/library"
NEVER = "2000000"
"""Seconds between sweeps: only what is measured happens."""


class Size(msgspec.Struct, frozen=True):
    """How much there is to do."""

    big_bytes: int = 1 << 30
    small_count: int = 500
    indexed_count: int = 20_000


QUICK = Size(big_bytes=1 << 22, small_count=16, indexed_count=200)


class Pulse:
    """Asks /healthz again and again while ours is measured, and adds up what that costs."""

    def __init__(self, library: WatchedLibrary) -> None:
        self._address = httpx.URL(library.url)
        self._pid = library.pid
        self._ended = threading.Event()
        self.latencies_ms: list[float] = []
        self.processor_s: list[float] = []

    def _run(self) -> None:
        """With a client that costs little, because it shares the cores with the daemon."""
        address = self._address
        connection = HTTPConnection(address.host, address.port, timeout=PROBE_TIMEOUT_S)
        with closing(connection):
            while not self._ended.wait(PROBE_EVERY_S):
                started = time.perf_counter()
                connection.request("GET", "/healthz")
                answer = connection.getresponse()
                answer.read()
                self.latencies_ms.append((time.perf_counter() - started) * 1_000)
                if answer.status != HTTPStatus.OK:
                    raise RuntimeError(f"/healthz answered {answer.status}.")

    def during(self, work: Callable[[], float]) -> float:
        """What the work tells, which is how long it took."""
        self._ended.clear()
        thread = threading.Thread(target=self._run)
        thread.start()
        before_s = _processor_s(self._pid)
        try:
            return work()
        finally:
            self.processor_s.append(_processor_s(self._pid) - before_s)
            self._ended.set()
            thread.join()

    def __str__(self) -> str:
        known = sorted(self.latencies_ms) or [0.0]
        spent_s = median(self.processor_s or [0.0])
        latency = f"p50 {median(known):.1f} ms, max {known[-1]:.0f} ms"
        return f"/healthz {latency}; processor {spent_s:.2f} s"


def _processor_s(pid: int) -> float:
    """Processor time of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _stopped(library: WatchedLibrary) -> Iterator[None]:
    """
    The daemon does nothing meanwhile: what it finds out in the background about files of the round
    before would slow the baseline down, and flatter us.
    """
    os.kill(library.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(library.pid, signal.SIGCONT)


FULL = Size()


def measure(workdir: Path, rounds: int, *, size: Size = FULL) -> list[Figure]:
    """All of it, on one daemon."""
    folder = workdir / "files"
    settings = {"watch": "false", "sweep_every_s": NEVER, "stable_s": "0"}
    with WatchedLibrary(folder, settings=settings, own_interpreter=True) as library:
        library.client.timeout = httpx.Timeout(600)
        library.client.post("/api/projects", json={"name": PROJECT}).raise_for_status()
        figures = _big(library, folder, rounds, size.big_bytes)
        figures += _small(library, folder, rounds, size.small_count)
        figures += _indexed(library, rounds, size.indexed_count)
        figures.append(_page(library))
        figures.append(
            Figure(name="peak memory of all that, MiB", ours=f"{_peak_mib(library):.0f}")
        )
    shutil.rmtree(folder)
    return figures


def _big(library: WatchedLibrary, folder: Path, rounds: int, size_bytes: int) -> list[Figure]:
    file = folder / "big.bin"
    _fill(file, size_bytes)
    form, parts = Pulse(library), Pulse(library)
    sent = iter(range(rounds * 2))
    digest = ("openssl", "sha256", str(file))
    hashing = lambda: _baseline(library, lambda: _run(*digest))  # noqa: E731 - used twice
    hashed = in_turn(
        rounds, hashing, lambda: form.during(lambda: _upload(library, file, next(sent)))
    )
    in_parts = in_turn(
        rounds, hashing, lambda: parts.during(lambda: _upload_in_parts(library, file, next(sent)))
    )
    copied = in_turn(rounds, lambda: _copy(library, file, folder), lambda: hashed.ours)
    name = f"upload of {size_bytes >> 20} MiB"
    return [
        _figure(f"{name} as a form, s, and openssl sha256", hashed, aim="<= 3", note=str(form)),
        _figure(f"{name} by tus, s, and openssl sha256", in_parts, aim="<= 3", note=str(parts)),
        _figure(f"{name} as a form, s, and cp", copied),
    ]


def _upload(library: WatchedLibrary, file: Path, number: int) -> float:
    """Each upload has other bytes: the last eight are changed."""
    _mark(file, number)
    url = f"{library.url}/api/projects/{PROJECT}/upload"
    took_s = _timed(lambda: _curl("-F", f"file=@{file};filename=big{number}.mov", url))
    _forget_uploads(library)
    return took_s


def _upload_in_parts(library: WatchedLibrary, file: Path, number: int) -> float:
    _mark(file, number)
    size_bytes = file.stat().st_size
    metadata = f"filename {_base64(f'tus{number}.mov')},project {_base64(PROJECT)}"

    def send() -> None:
        head = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size_bytes)}
        answer = library.client.post("/api/uploads", headers={**head, "Upload-Metadata": metadata})
        answer.raise_for_status()
        _curl(
            *("-X", "PATCH", "-T", str(file), "-H", "Tus-Resumable: 1.0.0"),
            *("-H", "Upload-Offset: 0", "-H", "Content-Type: application/offset+octet-stream"),
            str(httpx.URL(library.url).join(answer.headers["location"])),
        )

    took_s = _timed(send)
    _forget_uploads(library)
    return took_s


def _small(library: WatchedLibrary, folder: Path, rounds: int, count: int) -> list[Figure]:
    pulse = Pulse(library)
    places = [folder / f"small{number}" for number in range(rounds)]
    turn = iter(places)
    for place in places:
        place.mkdir()
        for number in range(count):
            (place / f"{number}.jpg").write_bytes(random.randbytes(SMALL_BYTES))
    sides = in_turn(
        rounds,
        lambda: _baseline(library, lambda: _run_shell(f"sha256sum {places[0]}/* > /dev/null")),
        lambda: pulse.during(lambda: _upload_many(library, next(turn))),
    )
    rate = count / sides.ours
    name = f"{count} uploads of 100 kB by {CLIENTS} clients, s, and sha256sum"
    return [_figure(name, sides, note=f"{rate:.0f}/s; {pulse}")]


def _upload_many(library: WatchedLibrary, place: Path) -> float:
    url = f"{library.url}/api/projects/{PROJECT}/upload"
    parts = (
        f'form = "file=@{file}"\nurl = "{url}"\noutput = "/dev/null"' for file in place.iterdir()
    )
    orders = place.with_suffix(".curl")
    orders.write_text("\nnext\n".join(parts))
    options = ("--parallel", "--parallel-max", str(CLIENTS), "--no-progress-meter")
    took_s = _timed(lambda: _run("curl", *options, "--fail", "--config", str(orders)))
    _forget_uploads(library)
    return took_s


def _indexed(library: WatchedLibrary, rounds: int, count: int) -> list[Figure]:
    names = [f"P{number}-Indexed" for number in range(2, rounds + 2)]
    for name in names:
        folder = library.root / name / "ingest" / "originals"
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"{number:06}.jpg").write_bytes(random.randbytes(INDEXED_BYTES))
    what = f"reindex of {count} files of 4 kB"
    new, note = _looked_through(library, names, count, found_count=count)
    known, note_again = _looked_through(library, names, count, found_count=0)
    return [
        _figure(f"{what}, s, and sha256sum", new, aim="< 3", note=note),
        _figure(f"{what}, unchanged, s, and sha256sum", known, aim="no file read", note=note_again),
    ]


def _looked_through(
    library: WatchedLibrary, names: list[str], count: int, *, found_count: int
) -> tuple[Sides, str]:
    pulse, turn = Pulse(library), iter(names)
    files = f"find {library.root / names[0]} -name '*.jpg' -print0"

    def ours() -> float:
        name = next(turn)
        took_s = pulse.during(lambda: _reindex(library, name, found_count))
        _at_rest(library, name, count)
        return took_s

    baseline = f"{files} | xargs -0 sha256sum >/dev/null"
    hashed = in_turn(len(names), lambda: _baseline(library, lambda: _run_shell(baseline)), ours)
    return hashed, str(pulse)


def _at_rest(library: WatchedLibrary, project: str, count: int) -> None:
    """
    Returns once the index of a project is written: the next round is not to be measured beside it.
    """
    deadline = time.monotonic() + REST_S
    while len(library.listed(project)) != count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"The index of {project} is not written.")
        time.sleep(REST_S / 100)


def _reindex(library: WatchedLibrary, project: str, found_count: int) -> float:
    started = time.perf_counter()
    answer = library.client.post(f"/api/projects/{project}/reindex")
    took_s = time.perf_counter() - started
    answer.raise_for_status()
    (event,) = library.events(type="project.reindexed")[-1:]
    if event["data"].get("found_count", 0) != found_count:
        raise RuntimeError(f"{found_count} files were to be found: {event['data']}")
    if not found_count and event["data"].get("read_bytes", 0):
        raise RuntimeError("An unchanged project was read.")
    return took_s


def _page(library: WatchedLibrary) -> Figure:
    """
    Pages as the explorer asks for them, one after the other, as the server saw them: from the
    request's head to the end of the answer. The facts of the files are being found out meanwhile.
    """
    cursor = ""
    times_ms = []
    before = _seen_by_server(library)
    for _ in range(PAGE_ROUNDS):
        query = {"limit": "200", "sort": "created"} | ({"cursor": cursor} if cursor else {})
        started = time.perf_counter()
        answer = library.client.get(PAGES, params=query)
        times_ms.append((time.perf_counter() - started) * 1_000)
        cursor = answer.json()["next"] or ""
    after = _seen_by_server(library)
    mean_ms = (after["sum"] - before["sum"]) / (after["count"] - before["count"]) * 1_000
    return Figure(
        name="a page of 200 out of the library, at the server, mean, ms",
        ours=f"{mean_ms:.1f}",
        aim="< 20",
        note=f"HTTP included, median {median(times_ms):.1f} ms",
    )


def _seen_by_server(library: WatchedLibrary) -> dict[str, float]:
    """Sum, in seconds, and count of the pages that the server has answered."""
    found = {"sum": 0.0, "count": 0.0}
    for line in library.client.get("/metrics").text.splitlines():
        name, _, rest = line.partition("{")
        kind = name.removeprefix("http_server_request_duration_seconds_")
        if kind in found and f'"{PAGES}"' in rest:
            found[kind] += float(rest.rpartition("}")[2].split()[0])
    return found


def _peak_mib(library: WatchedLibrary) -> float:
    status = Path(f"/proc/{library.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _forget_uploads(library: WatchedLibrary) -> None:
    """Takes what was uploaded away again, as somebody with a file manager would."""
    shutil.rmtree(library.root / PROJECT / "ingest")


def _fill(file: Path, size_bytes: int) -> None:
    with file.open("wb") as target:
        for _ in range(size_bytes >> 20):
            target.write(random.randbytes(1 << 20))


def _mark(file: Path, number: int) -> None:
    with file.open("r+b") as target:
        target.seek(-8, os.SEEK_END)
        target.write(hashlib.sha256(str(number).encode()).digest()[:8])


def _copy(library: WatchedLibrary, file: Path, folder: Path) -> float:
    copy = folder / "copy.bin"
    took_s = _baseline(library, lambda: _run("cp", str(file), str(copy)))
    copy.unlink()
    return took_s


def _baseline(library: WatchedLibrary, work: Callable[[], object]) -> float:
    with _stopped(library):
        return _timed(work)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _run_shell(command: str) -> None:
    subprocess.run(command, check=True, shell=True)


def _curl(*arguments: str) -> None:
    _run("curl", "--fail", "--silent", "--show-error", "--output", "/dev/null", *arguments)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _figure(name: str, sides: Sides, *, aim: str = "", note: str = "") -> Figure:
    return Figure(
        name=name,
        ours=f"{sides.ours:.2f}",
        baseline=f"{sides.baseline:.2f}",
        ratio=sides.ratio,
        aim=aim,
        note=note,
    )
