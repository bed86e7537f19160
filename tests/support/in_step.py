"""
Jellyfin doubles kept in step by a real daemon: what the tests of sync begin with.

    with InStep(tmp_path, "attic", "barn") as servers:
        film = servers.film("Harbour", tmdb="7001")
        servers.start()
        servers.person("attic").watches(servers.items["attic", film], until_s=600)
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.daemon import DaemonProcess
from support.jellyfin.double import JellyfinDouble
from support.jellyfin.model import Item, User, UserData
from support.jellyfin.versions import TICKS_PER_SECOND, V10_10, V10_11, V12, Version
from support.jellyfin.webhooks import Fate

VERSIONS: tuple[Version, ...] = (V10_11, V12, V10_10)
"""Servers in the order they are named: every test mixes versions."""

SETTLE_S = 45.0
"""For a busy machine: a sweep that takes long puts off the next one by several times as much."""
POLL_S = 0.02
STILL_S = 0.3
TRAIL_EVENTS_MAX = 60
TRAIL_CHARS_MAX = 600


class InStep:
    """
    Some servers with the same people, and the daemon that keeps them in step.

    Args:
        folder: of the daemon's data and configuration.
        names: of the servers.
        people: user names, made on every server.
        sync: keys of `[sync]`, as TOML text.
        extra: TOML text that is put at the end.
        per_server: TOML text for the table of one server.
    """

    def __init__(
        self,
        folder: Path,
        *names: str,
        people: tuple[str, ...] = ("mara",),
        versions: tuple[Version, ...] = VERSIONS,
        sync: str = "",
        extra: str = "",
        per_server: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.names = names
        self._stack = ExitStack()
        self._versions = versions
        self._people = people
        self._sync = sync
        self._extra = extra
        self._per_server = dict(per_server or {})
        self.servers: dict[str, JellyfinDouble] = {}
        self.users: dict[tuple[str, str], User] = {}
        self.keys: dict[str, str] = {}
        self.items: dict[tuple[str, str], Item] = {}
        self._spare: list[str] = []
        self._hooks: dict[str, dict[str, Any]] = {}
        self._head = 0
        self._started_seq = 0

    def __enter__(self) -> Self:
        for number, name in enumerate(self.names):
            version = self._versions[number % len(self._versions)]
            double = self._stack.enter_context(JellyfinDouble(version, name=name.title()))
            self.servers[name] = double
            double.add_user("root", "admin", admin=True)
            for person in self._people:
                self.users[name, person] = double.add_user(person, "secret")
            self.keys[name] = double.add_api_key()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def __getitem__(self, name: str) -> JellyfinDouble:
        return self.servers[name]

    def start(self) -> DaemonProcess:
        """
        Starts the daemon, which looks at everything; at the end of the test it is stopped.

        What is added to a library later is only announced after Jellyfin's own 30 seconds.
        """
        config = self.folder / "playhead.toml"
        config.write_text(self.configuration(), encoding="utf-8")
        self.daemon = DaemonProcess(self.folder / "data", arguments=["--config", str(config)])
        self._stack.callback(self._stop)
        self.quiet()
        return self.daemon

    def _stop(self) -> None:
        if self.daemon.process.poll() is None:
            self.daemon.stop()

    def configuration(self) -> str:
        """The daemon's TOML."""
        tables = [f"[sync]\n{self._sync}"]
        for name, double in self.servers.items():
            tables.append(
                f'[[jellyfin]]\nname = "{name}"\nurl = "{double.url}"\n'
                f'api_key = "{self.keys[name]}"\n{self._per_server.get(name, "")}'
            )
        return "\n".join([*tables, self._extra])

    def film(self, title: str = "Harbour", *, only: tuple[str, ...] = (), **fields: Any) -> str:
        """A film on every server (or only some), under the same path; its title."""
        fields.setdefault("path", f"/films/{title}.mkv")
        for name in only or self.names:
            path = fields["path"]
            others = {key: value for key, value in fields.items() if key != "path"}
            self.items[name, title] = self.servers[name].library.add_movie(title, path, **others)
        return title

    def shelf(self, count: int) -> None:
        """So many films on every server, for tests that share the servers; see `spare`."""
        self._spare = [self.film(f"Film {number}") for number in range(count, 0, -1)]

    def spare(self) -> str:
        """The title of a film on the shelf that no test has touched yet."""
        return self._spare.pop()

    def hook(self, *names: str, **options: Any) -> None:
        """Has the webhook plugins of some servers, or of all, post to the daemon that runs now."""
        for name in names or self.names:
            self._hooks[name] = {"headers": {"Content-Type": "application/json"}} | options
            plugin = self.servers[name].webhooks
            plugin.configuration["GenericOptions"] = []
            plugin.add_destination(f"{self.daemon.url}/webhook/{name}", **self._hooks[name])

    def restart(self) -> None:
        """Starts the daemon again after it was stopped or killed; webhooks find it."""
        self.daemon.restart()
        (start,) = self.log(type="daemon.started")[-1:]
        self._started_seq = start["seq"]
        for name, options in self._hooks.items():
            self.hook(name, **options)

    def heal(self) -> None:
        """Everything runs and answers as it should, whatever a test did to it."""
        for double in self.servers.values():
            if not double.is_running:
                double.start()
            double.sabotage.clear()
            double.stale_reads(on=False)
            double.webhooks.fates.clear()
            double.webhooks.fate = Fate.SEND
        if self.daemon.process.poll() is not None:
            self.restart()
        self.wait_for(self._all_asked, "every server is asked again")

    def _all_asked(self) -> bool:
        servers: list[dict[str, Any]] = self.get("/api/servers")
        return all(server["circuit"] == "closed" and server["healthy"] for server in servers)

    def person(self, server: str, who: str = "mara", device: str = "Television") -> Any:
        """Somebody in front of a device on one server."""
        return self.servers[server].person(self.users[server, who], device)

    def data(self, server: str, title: str = "Harbour", who: str = "mara") -> UserData:
        """What a server knows of somebody and a title."""
        return self.servers[server].user_data(self.users[server, who], self.items[server, title])

    def position_s(self, server: str, title: str = "Harbour", who: str = "mara") -> float:
        """Where somebody is in a title on one server."""
        return self.data(server, title, who).position_ticks / TICKS_PER_SECOND

    def wait_for(
        self, condition: Callable[[], object], what: str, timeout_s: float = SETTLE_S
    ) -> None:
        """Returns once the condition holds; tells what the daemon did when it never does."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                trail = [_line(event) for event in self.log()[-TRAIL_EVENTS_MAX:]]
                raise AssertionError(f"not seen within {timeout_s} s: {what}\n" + "\n".join(trail))
            time.sleep(POLL_S)

    def log(self, **query: str | int) -> list[dict[str, Any]]:
        """The daemon's events."""
        return self.daemon.events(**query)

    def count(self, event_type: str, /, **data: Any) -> int:
        """How many events of a type hold these values."""
        return sum(
            all(event["data"].get(name) == value for name, value in data.items())
            for event in self.log(type=event_type)
        )

    def get(self, path: str, /, **query: str | int) -> Any:
        """What the daemon answers."""
        answer = self.daemon.client.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def server(self, name: str) -> dict[str, Any]:
        """How the daemon says that a server is."""
        found: list[dict[str, Any]] = self.get("/api/servers")
        return next(server for server in found if server["name"] == name)

    def sweep(self, name: str) -> None:
        """Has everything on a server looked at, and returns when that has been done."""
        before = self.count("sweep.finished", server=name, kind="full")
        self.daemon.client.post(f"/api/servers/{name}/sweep").raise_for_status()
        self.wait_for(partial(self._was_swept, name, before + 1), f"full sweep of {name}")

    def swept(self) -> None:
        """Returns once every server has been looked at completely since the daemon started."""
        for name in self.names:
            self.wait_for(partial(self._is_swept, name), f"full sweep of {name}")

    def _is_swept(self, name: str) -> bool:
        sweeps = self.log(type="sweep.finished")
        return any(
            (sweep["data"]["server"], sweep["data"]["kind"]) == (name, "full")
            for sweep in sweeps
            if sweep["seq"] > self._started_seq
        )

    def _was_swept(self, name: str, times: int) -> bool:
        return self.count("sweep.finished", server=name, kind="full") >= times

    def positions(self, **report: Any) -> None:
        """Reports a position as a player does."""
        report.setdefault("id", str(uuid.uuid4()))
        self.daemon.client.post("/api/positions", json=report).raise_for_status()

    def quiet(self) -> None:
        """Returns once nobody looks at anything or writes, and the log has stopped growing."""
        self.swept()
        for double in self.servers.values():
            double.webhooks.settle()
        grown_s = time.monotonic()

        def is_still() -> bool:
            nonlocal grown_s
            if self._has_grown():
                grown_s = time.monotonic()
            return time.monotonic() - grown_s >= STILL_S and not self._is_at_work()

        self.wait_for(is_still, "a log that stops growing", timeout_s=2 * SETTLE_S)

    def _is_at_work(self) -> bool:
        """Whether anything is asked of a server, or told it, just now."""
        servers: list[dict[str, Any]] = self.get("/api/servers")
        return any(server["state"] == "working" for server in servers)

    def _has_grown(self) -> bool:
        """Whether the log is longer than when this was last asked."""
        page = self.get("/api/events", after=self._head, limit=1000)["events"]
        self._head = page[-1]["seq"] if page else self._head
        return bool(page)

    def writes(self, server: str, title: str = "") -> list[Any]:
        """The requests of the daemon that meant to change something on a server, or of a title."""
        part = self.items[server, title].id if title else ""
        return [write for write in self.servers[server].journal.writes() if part in write.path]


def _line(event: dict[str, Any]) -> str:
    """An event for people who look for what went wrong."""
    data = {name: value for name, value in event["data"].items() if name != "body"}
    return f"{event['seq']} {event['type']} (of {event['cause']}) {data}"[:TRAIL_CHARS_MAX]
