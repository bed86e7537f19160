"""
A player whose playlist follows a folder, before a real mpv: from the arrival of a file to its entry
in the playlist, beyond the time it must be left alone; a long playlist brought in line; and what
that costs while nothing happens. The baseline is a bare client of another mpv with the same list,
which is told what to do; and the calls that perpetual makes, as counted in its source.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep, time

import httpx
import msgspec

from bench.figures import Figure, in_turn, sides_of
from bench.ipc import Client
from bench.servers import Server, playhead
from support.mpv import Mpv, write_wav

STABLE_S = 0.5
PLAYER = "bench"
SHOWS_COUNT = 50
DAY_S = 86_400
FILM = b"RIFF"
"""None but the first is opened: what counts is that it is a file and not empty."""

FIRST_S = 60

REFILLS_MAX = 3
"""A player whose list somebody changes again and again is left alone for a minute."""

ANCESTOR_CALLS = 8
"""
perpetual's in each look, besides one for each missing entry; for one that stands in front and
belongs to the end it moves all others.
"""


class Size(msgspec.Struct, frozen=True):
    """How much there is to do."""

    counts: tuple[int, ...] = (100, 1_000, 5_000)
    arrivals_count: int = 40
    idle_s: float = 30.0
    settle_s: float = 2.0


FULL = Size()
QUICK = Size(counts=(20,), arrivals_count=2, idle_s=0.5, settle_s=0.3)


class Stage(msgspec.Struct, frozen=True):
    """A daemon with a player in step with its folder, and a bare client of an equal player."""

    folder: Path
    server: Server
    seen: Client
    bare: Client
    settle_s: float


def measure(workdir: Path, rounds: int, *, size: Size = FULL) -> list[Figure]:
    """Arrivals at each size; then what the largest list costs when it is emptied, and at rest."""
    figures: list[Figure] = []
    for count in size.counts:
        with _stage(workdir / f"players{count}", count, size.settle_s) as stage:
            figures += _arrivals(stage, count, size.arrivals_count)
            if count == max(size.counts):
                grown = count + size.arrivals_count
                figures += _in_line(stage, grown, min(rounds, REFILLS_MAX))
                with playhead(workdir / "playerless") as alone:
                    sleep(size.settle_s)
                    figures += _at_rest(stage.server, alone, grown, size.idle_s)
    return figures


@contextmanager
def _stage(place: Path, count: int, settle_s: float) -> Iterator[Stage]:
    folder = place / "films"
    listed = [_film(folder, number, age_s=DAY_S - number) for number in range(count)]
    _make_playable(listed[0])
    with (
        _player(place / "mpv") as player,
        _player(place / "other") as other,
        playhead(place / "data", _configuration(place, player.socket_path, folder)) as server,
        Client(player.socket_path) as seen,
        Client(other.socket_path) as bare,
    ):
        bare.run([_load(file) for file in listed])
        seen.await_count(count)
        for client in (seen, bare):
            client.run([("playlist-play-index", 0)])
        sleep(settle_s)
        yield Stage(folder, server, seen, bare, settle_s)


@contextmanager
def _player(folder: Path) -> Iterator[Mpv]:
    """An mpv that is paused; its socket answers."""
    arguments = ("--idle=yes", "--no-resume-playback", "--pause")
    with Mpv(folder, script=None, arguments=arguments) as player:
        player.get("mpv-version")
        yield player


def _configuration(place: Path, socket: Path, folder: Path) -> Path:
    told = {"name": PLAYER, "socket": str(socket), "folder": str(folder)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in told.items()]
    settings = place / "playhead.toml"
    settings.write_text("\n".join(["[[player]]", *lines, f"stable_s = {STABLE_S}"]) + "\n")
    return settings


def _film(folder: Path, number: int, *, age_s: float) -> Path:
    """The next episode of one of the shows, written so long ago."""
    episode, show = divmod(number, SHOWS_COUNT)
    name = f"Show.{show:02}.S{episode // 20 + 1:02}E{episode % 20 + 1:02}.Title.mkv"
    file = folder / f"Show.{show:02}" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(FILM)
    if age_s:
        os.utime(file, (time() - age_s, time() - age_s))
    return file


def _make_playable(file: Path) -> None:
    """It stays in the list when that is emptied, because it plays."""
    status = file.stat()
    write_wav(file, FIRST_S)
    os.utime(file, (status.st_mtime, status.st_mtime))


def _load(file: Path) -> tuple[str, ...]:
    return ("loadfile", str(file), "append")


def _arrivals(stage: Stage, count: int, arrivals_count: int) -> list[Figure]:
    pairs = [_arrival(stage, count + number) for number in range(arrivals_count)]
    sides = sides_of(pairs)
    sorted_ms = sorted(ours_s * 1000 for _, ours_s in pairs)
    late_ms = sorted_ms[len(sorted_ms) * 9 // 10]
    return [
        Figure(
            name=f"arrival of a file to its entry among {count}, median, ms",
            ours=f"{sides.ours * 1000:.1f}",
            baseline=f"the command, bare {sides.baseline * 1000:.1f}",
            ratio=sides.ours / sides.baseline,
            aim="< 50 ms",
            note=f"p90 {late_ms:.0f}, most {sorted_ms[-1]:.0f}; beyond the time it is left alone",
        )
    ]


def _arrival(stage: Stage, number: int) -> tuple[float, float]:
    """Seconds of the bare client and of ours for the next file."""
    file = _film(stage.folder, number, age_s=0)
    begun_s = file.stat().st_mtime + STABLE_S
    stage.seen.await_count(number + 1)
    ours_s = time() - begun_s
    begun_s = monotonic()
    stage.bare.run([_load(file)])
    stage.bare.await_count(number + 1)
    return monotonic() - begun_s, ours_s


def _in_line(stage: Stage, count: int, rounds: int) -> list[Figure]:
    """All but what plays is taken out by hand and put back; one entry is moved; nothing is done."""
    files = [str(each["filename"]) for each in stage.seen.ask("get_property", "playlist")]
    before = _commands(stage.server)
    sides = in_turn(rounds, lambda: _filled_bare_s(stage, files), lambda: _filled_s(stage, count))
    filled = _commands(stage.server)
    moved_s = _moved_back_s(stage, files[0], count)
    moved = _commands(stage.server)
    httpx.post(f"{stage.server.url}/api/players/{PLAYER}/sync").raise_for_status()
    sleep(stage.settle_s)
    looked = _commands(stage.server)
    return [
        _plan(
            f"a list of {count} filled around what plays, commands",
            (filled - before) / rounds,
            aim=count - 1,
            ancestor=ANCESTOR_CALLS + count - 1,
        ),
        Figure(
            name="its time, s",
            ours=f"{sides.ours:.2f}",
            baseline=f"the same commands, bare {sides.baseline:.2f}",
            ratio=sides.ratio,
        ),
        _plan(
            "its last entry brought back from the front, commands",
            moved - filled,
            aim=1,
            ancestor=ANCESTOR_CALLS + count - 1,
            note=f"after {moved_s * 1000:.0f} ms",
        ),
        _plan(
            "a look that finds all in line, commands",
            looked - moved,
            aim=0,
            ancestor=ANCESTOR_CALLS,
        ),
    ]


def _plan(name: str, commands: float, *, aim: int, ancestor: int, note: str = "") -> Figure:
    return Figure(
        name=name,
        ours=f"{commands:g}",
        baseline=f"perpetual {ancestor}",
        aim=f"{aim}, the least",
        note=note,
    )


def _filled_s(stage: Stage, count: int) -> float:
    begun_s = monotonic()
    stage.seen.run([("playlist-clear",)])
    stage.seen.await_value("playlist-count", count)
    took_s = monotonic() - begun_s
    sleep(stage.settle_s)
    return took_s


def _filled_bare_s(stage: Stage, files: list[str]) -> float:
    begun_s = monotonic()
    stage.bare.run([("playlist-clear",), *(("loadfile", file, "append") for file in files[1:])])
    stage.bare.await_value("playlist-count", len(files))
    return monotonic() - begun_s


def _moved_back_s(stage: Stage, first: str, count: int) -> float:
    begun_s = monotonic()
    stage.seen.run([("playlist-move", count - 1, 0)])
    stage.seen.await_value("playlist/0/filename", first)
    took_s = monotonic() - begun_s
    sleep(stage.settle_s)
    return took_s


def _commands(server: Server) -> int:
    """Commands that changed the playlist so far; each time, two more have it told anew."""
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    found = [line for line in lines if line.startswith("playhead_player_commands_total{")]
    return int(sum(float(line.rpartition("}")[2].split()[0]) for line in found))


def _at_rest(ours: Server, alone: Server, count: int, seconds: float) -> list[Figure]:
    """Both at the same time: what a daemon costs that has nothing to do, with and without."""
    before_s = [server.cpu_s() for server in (alone, ours)]
    sleep(seconds)
    spent_s = [
        server.cpu_s() - cpu_s for server, cpu_s in zip((alone, ours), before_s, strict=True)
    ]
    shares = [each_s / seconds * 100 for each_s in spent_s]
    return [
        Figure(
            name=f"processor at rest, {count} files, percent of a core",
            ours=f"{shares[1]:.2f}",
            baseline=f"without a player {shares[0]:.2f}",
            aim="< 1",
        ),
        Figure(
            name="resident memory at rest, MiB",
            ours=f"{ours.resident_mib():.0f}",
            baseline=f"without a player {alone.resident_mib():.0f}",
            note=f"at most {ours.peak_mib():.0f}",
        ),
    ]
