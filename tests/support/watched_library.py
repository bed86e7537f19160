"""
A daemon that watches a root of projects on a real disk, for tests of what happens there.
"""

import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.daemon import DaemonProcess
from support.mpv import wait_until

STABLE_S = "0.3"
WAIT_S = 30.0


class WatchedLibrary(DaemonProcess):
    """
    A running daemon whose primary source is `<folder>/projects`.

    Files count as finished after 0.3 s, and what changes on the disk is noticed by itself.
    """

    def __init__(
        self, folder: Path, *, settings: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        self.root = folder / "projects"
        self.root.mkdir(parents=True, exist_ok=True)
        environment = {
            "PLAYHEAD_MEDIA_PROJECTS_ROOT": str(self.root),
            "PLAYHEAD_MEDIA_STABLE_S": STABLE_S,
            **{f"PLAYHEAD_MEDIA_{name.upper()}": value for name, value in (settings or {}).items()},
            **options.pop("environment", {}),
        }
        super().__init__(folder / "data", environment=environment, **options)

    def put(self, path: str, data: bytes = b"", *, seed: int | None = None) -> Path:
        """Writes a file below the root, as somebody with a file manager would."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(random.Random(seed).randbytes(1_000) if seed is not None else data)
        return file

    def items(self, **query: Any) -> list[dict[str, Any]]:
        """The files the daemon knows of."""
        answer = self.client.get("/api/library", params={"limit": 1000, **query})
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def paths(self, project: str) -> list[str]:
        """The paths of a project that the daemon knows of, sorted."""
        return sorted(item["relative_path"] for item in self.items(project=project))

    def wait_for_paths(self, project: str, *paths: str) -> None:
        """Returns once the daemon knows exactly these files of a project."""
        wanted = sorted(paths)
        wait_until(lambda: self.paths(project) == wanted, f"{project} to hold {wanted}", WAIT_S)

    def wait_for_index(self, project: str, *paths: str) -> None:
        """Returns once `index.json` tells of exactly these files."""
        wanted = sorted(paths)
        wait_until(
            lambda: self.listed(project) == wanted, f"{project}/index.json of {wanted}", WAIT_S
        )

    def events_of(self, kind: str, project: str) -> list[dict[str, Any]]:
        """The data of the events of one type about a project, oldest first."""
        found = [event["data"] for event in self.events(type=kind)]
        return [data for data in found if data.get("project") == project]

    def index(self, project: str) -> dict[str, Any]:
        """What `index.json` of a project says; nothing while there is none."""
        file = self.root / project / "index.json"
        try:
            found: dict[str, Any] = json.loads(file.read_text()) if _is_plain(file) else {}
        except (FileNotFoundError, RecursionError):
            return {}
        return found

    def listed(self, project: str) -> list[str]:
        """The paths in `index.json`, sorted."""
        return sorted(file["relative_path"] for file in self.index(project).get("files", []))

    def litter(self) -> list[str]:
        """What lies below the root that is neither a project's file nor a view of ours."""
        own = self.root / "_playhead"
        parts = [path for path in (own / "uploads").rglob("*") if path.is_file()]
        hidden = list(self.root.rglob(".playhead-*"))
        return sorted(os.fspath(path.relative_to(self.root)) for path in [*parts, *hidden])


def _is_plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()
