"""
A daemon with a library of files on disk, for tests.

Nothing on the disk is noticed by itself: a test says when it is to be looked at, so that it knows
what the daemon knows.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from support.daemon import DaemonProcess
from support.mpv import wait_until

QUIET = {"PLAYHEAD_MEDIA_WATCH": "false", "PLAYHEAD_MEDIA_STABLE_S": "0"}

ORIGINALS = "ingest/originals"


class LibraryDaemon:
    """A running daemon; `root` is the directory of its primary source."""

    def __init__(self, daemon: DaemonProcess, root: Path) -> None:
        self.daemon = daemon
        self.root = root
        self._root_names = {"primary": root}

    @property
    def client(self) -> httpx.Client:
        """An HTTP client for it."""
        return self.daemon.client

    def is_ready(self) -> bool:
        """Whether the primary source can be used, and was looked at for the first time."""
        told = {line.get("event") for line in self.daemon.lines}
        return "source_swept" in told and self.get("/api/sources")[0]["accessible"]

    def put(self, project: str, path: str, content: bytes, *, source: str = "primary") -> Path:
        """Writes a file into a project, as somebody with a file manager does."""
        place = self._root_names[source] / project / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return place

    def look(self, project: str, *, source: str = "primary") -> dict[str, Any]:
        """Has a project compared with its directory."""
        answer: dict[str, Any] = self.post(
            f"/api/projects/{project}/reindex", query={"source": source}
        )
        return answer

    def stock(self, project: str, *, source: str = "primary", **files: bytes) -> None:
        """Puts files into the originals of a project (`a_mov` is `a.mov`), and has them noticed."""
        (self._root_names[source] / project).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            stem, _, extension = name.rpartition("_")
            self.put(project, f"{ORIGINALS}/{stem}.{extension}", content, source=source)
        self.look(project, source=source)

    def add_source(self, name: str, root: Path) -> None:
        """Registers another source."""
        root.mkdir(parents=True, exist_ok=True)
        self.post("/api/sources", {"name": name, "root": str(root)}, status=201)
        self._root_names[name] = root

    def get(self, path: str, *, status: int = 200, **query: Any) -> Any:
        """The answer to a GET, which must have this status."""
        answer = self.client.get(path, params=query or None)
        assert status == answer.status_code, answer.text
        return answer.json()

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """The answer to a POST of JSON, which must have this status."""
        answer = self.client.post(path, json=body, params=query)
        assert status == answer.status_code, answer.text
        return answer.json()

    def files(self, project: str, *, source: str = "primary") -> dict[str, dict[str, Any]]:
        """What is listed of a project, by path."""
        listed = self.get(f"/api/projects/{project}/media", source=source)["media"]
        return {entry["relative_path"]: entry for entry in listed}

    def measured(self, project: str, path: str) -> dict[str, Any]:
        """The facts of a file, once they were found out."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            answer = self.get("/api/media/facts", project=project, relative_path=path)
            found.append(answer)
            return bool(answer["status"] != "pending")

        wait_until(is_there, f"facts of {path}", timeout_s=30)
        return found[-1]


@contextmanager
def library(
    folder: Path, *, environment: Mapping[str, str] | None = None, token: str = ""
) -> Iterator[LibraryDaemon]:
    """
    A daemon whose projects are in `folder/projects`, asked with a token if there is one; other
    sources may lie anywhere in `folder`.
    """
    options = {"headers": {"Authorization": f"Bearer {token}"}} if token else {}
    root = folder / "projects"
    root.mkdir(parents=True, exist_ok=True)
    settings = {
        "PLAYHEAD_MEDIA_PROJECTS_ROOT": str(root),
        "PLAYHEAD_MEDIA_ALLOWED_ROOTS": str(folder),
        **QUIET,
        **(environment or {}),
    }
    with DaemonProcess(folder / "data", environment=settings, client_options=options) as daemon:
        house = LibraryDaemon(daemon, root)
        wait_until(house.is_ready, "the primary source within reach")
        yield house
