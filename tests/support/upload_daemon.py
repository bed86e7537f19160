"""A real daemon with a project on disk, and what tests of its files keep asking of it."""

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from support.daemon import DaemonProcess

PROJECT = "P1-Demo"
ORIGINALS = "ingest/originals"
WAIT_TIMEOUT_S = 20.0
POLL_S = 0.02


def sha256_of(data: bytes) -> str:
    """The hash of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def film(size_bytes: int, seed: int = 1) -> bytes:
    """Bytes that look like none of their parts."""
    block = b"".join(
        hashlib.sha256(f"{seed}:{number}".encode()).digest() for number in range(2_048)
    )
    whole = b"".join(
        number.to_bytes(8, "big") + block for number in range(size_bytes // len(block) + 1)
    )
    return whole[:size_bytes]


class UploadDaemon(DaemonProcess):
    """
    A running daemon whose primary source has one project.

    `root` is the source's directory.
    """

    def __init__(self, folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.root = folder / "projects"
        (self.root / PROJECT).mkdir(parents=True)
        settings = {"PLAYHEAD_MEDIA_PROJECTS_ROOT": str(self.root), **(environment or {})}
        super().__init__(folder / "data", environment=settings)

    def send(self, files: Any, *, project: str = PROJECT, **query: Any) -> httpx.Response:
        """Uploads a form; `files` as httpx takes them."""
        path = f"/api/projects/{project}/upload"
        answer: httpx.Response = self.client.post(path, files=files, params=query)
        return answer

    def stored(self, name: str, data: bytes, *, project: str = PROJECT) -> dict[str, Any]:
        """The answer to an upload that must succeed."""
        answer = self.send({"file": (name, data)}, project=project)
        assert answer.status_code == httpx.codes.OK, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def on_disk(self, project: str = PROJECT) -> dict[str, bytes]:
        """The originals of a project that lie on the disk, by name."""
        folder = self.root / project / ORIGINALS
        found = sorted(folder.iterdir()) if folder.exists() else []
        return {file.name: file.read_bytes() for file in found}

    def parts(self) -> list[str]:
        """What lies there of uploads that are not complete."""
        folder = self.root / "_playhead" / "uploads"
        return sorted(file.name for file in folder.iterdir()) if folder.exists() else []

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Returns when something has come true."""
        deadline = time.monotonic() + WAIT_TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, f"it never came true: {condition}"
            time.sleep(POLL_S)
