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
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
PROBE_EVERY_S = 0.01
PROJECT = "P1-Bench"
NEVER = "2000000"
"""Seconds between sweeps: only what is measured happens."""


class Size(msgspec.Struct, frozen=True):
    """How much there is to do."""

    big_bytes: int = 1 << 30
    small_count: int = 500
    indexed_count: int = 20_000


QUICK = Size(big_bytes=1 << 22, small_count=16, indexed_count=200)


class Pulse:
    """Asks /healthz again and again in the background."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ended = threading.Event()
        self.latencies_ms: list[float] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, trust_env=False, timeout=30) as client:
            while not self._ended.wait(PROBE_EVERY_S):
                started = time.perf_counter()
                client.get("/healthz").raise_for_status()
                self.latencies_ms.append((time.perf_counter() - started) * 1_000)

    @contextmanager
    def felt(self) -> Iterator[None]:
        """Asks while it is open."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()

    def __str__(self) -> str:
        known = sorted(self.latencies_ms) or [0.0]
        return f"p50 {median(known):.1f} ms, max {known[-1]:.0f} ms"


FULL = Size()


def measure(workdir: Path, rounds: int, *, size: Size = FULL) -> list[Figure]:
    """All of it, on one daemon."""
    folder = workdir / "files"
    settings = {"watch": "false", "sweep_every_s": NEVER, "stable_s": "0"}
    with WatchedLibrary(folder, settings=settings) as library:
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
    pulse = Pulse(library.url)
    sent = iter(range(rounds * 4))
    with pulse.felt():
        hashed = in_turn(
            rounds,
            lambda: _timed(lambda: _run("openssl", "sha256", str(file))),
            lambda: _upload(library, file, next(sent)),
        )
        in_parts = in_turn(
            rounds,
            lambda: _timed(lambda: _run("openssl", "sha256", str(file))),
            lambda: _upload_in_parts(library, file, next(sent)),
        )
        copied = in_turn(rounds, lambda: _copy(file, folder), lambda: hashed.ours)
    name = f"upload of {size_bytes >> 20} MiB"
    return [
        _figure(f"{name} as a form, s, and openssl sha256", hashed, aim="<= 3", note=str(pulse)),
        _figure(f"{name} by tus, s, and openssl sha256", in_parts, aim="<= 3"),
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
    pulse = Pulse(library.url)
    places = [folder / f"small{number}" for number in range(rounds)]
    turn = iter(places)
    for place in places:
        place.mkdir()
        for number in range(count):
            (place / f"{number}.jpg").write_bytes(random.randbytes(SMALL_BYTES))
    with pulse.felt():
        sides = in_turn(
            rounds,
            lambda: _timed(lambda: _run_shell(f"sha256sum {places[0]}/* > /dev/null")),
            lambda: _upload_many(library, next(turn)),
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
    pulse, pulse_again = Pulse(library.url), Pulse(library.url)
    names = [f"P{number}-Indexed" for number in range(2, rounds + 2)]
    for name in names:
        folder = library.root / name / "ingest" / "originals"
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"{number:06}.jpg").write_bytes(random.randbytes(INDEXED_BYTES))
    first, again = iter(names), iter(names)
    baseline = (
        f"find {library.root / names[0]} -name '*.jpg' -print0 | xargs -0 sha256sum >/dev/null"
    )
    hashing = lambda: _timed(lambda: _run_shell(baseline))  # noqa: E731 - used twice
    with pulse.felt():
        new = in_turn(rounds, hashing, lambda: _reindex(library, next(first), count))
    with pulse_again.felt():
        known = in_turn(rounds, hashing, lambda: _reindex(library, next(again), 0))
    what = f"reindex of {count} files of 4 kB"
    return [
        _figure(f"{what}, s, and sha256sum", new, aim="< 3", note=str(pulse)),
        _figure(
            f"{what}, unchanged, s, and sha256sum", known, aim="no file read", note=str(pulse_again)
        ),
    ]


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
    """A page out of the middle, as the explorer asks for it."""
    cursor = ""
    times_ms = []
    for _ in range(PAGE_ROUNDS):
        query = {"limit": "200", "sort": "created"} | ({"cursor": cursor} if cursor else {})
        started = time.perf_counter()
        answer = library.client.get("/api/library", params=query)
        times_ms.append((time.perf_counter() - started) * 1_000)
        cursor = answer.json()["next"] or ""
    return Figure(
        name="a page of 200 out of the library, ms, HTTP included",
        ours=f"{median(times_ms):.1f}",
        aim="< 20",
    )


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


def _copy(file: Path, folder: Path) -> float:
    copy = folder / "copy.bin"
    took_s = _timed(lambda: _run("cp", str(file), str(copy)))
    copy.unlink()
    return took_s


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
