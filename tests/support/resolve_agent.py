"""The agent of the edit suite as a real process, waited for and gone at the end."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from support.command import COMMAND
from support.mpv import wait_until
from support.resolve_double import ResolveDouble
from support.resolve_queue import TOKEN, QueueDouble

END_S = 20.0


class AgentProcess:
    """
    A running `playhead resolve-agent`, on the host `suite`. `lines` is what it has said.
    """

    def __init__(
        self,
        url: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        token: str = TOKEN,
        folder: Path | None = None,
        host: str = "suite",
    ) -> None:
        self.lines: list[str] = []
        bare = {key: value for key, value in os.environ.items() if not key.startswith("RESOLVE_")}
        secret = {"PLAYHEAD_TOKEN": token} if token else {}
        self.process = subprocess.Popen(
            [COMMAND, "resolve-agent", "--url", url, "--host", host, *arguments],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**bare, **secret, **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """Everything it has said."""
        return "".join(self.lines)

    def wait_for(self, words: str) -> None:
        """Returns once it has said so."""
        wait_until(lambda: words in self.text, f"{words!r} from the agent")

    def children(self) -> list[int]:
        """The process ids of its children."""
        found = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with suppress(OSError):  # a thread that has ended meanwhile
                found += [int(pid) for pid in (task / "children").read_text().split()]
        return found

    def stop(self) -> int:
        """Ends it as an operator does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        """Ends it as a power cut does."""
        self.process.kill()
        self.ended()

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        try:
            return self.process.wait(END_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(END_S)
            self._reader.join(END_S)

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                self.lines.append(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()


class Suite:
    """
    An edit suite in a folder: a double of Resolve, a stand-in for the queue, a running agent, and a
    file manager that only notes what it is asked to show.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.originals = folder / "P1-Harbour" / "ingest" / "originals"
        self.originals.mkdir(parents=True)
        self.shown = folder / "shown"
        self.double = ResolveDouble(folder / "resolve")
        self.queue = QueueDouble()
        manager = folder / "bin" / "xdg-open"
        manager.parent.mkdir()
        manager.write_text(f'#!/bin/sh\necho "$@" >> "{self.shown}"\n', encoding="utf-8")
        manager.chmod(0o755)
        path = f"{manager.parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {"PATH": path, **self.double.environment}
        self.agent = self.start(*arguments)

    def start(
        self, *arguments: str, queue: QueueDouble | None = None, token: str = TOKEN
    ) -> AgentProcess:
        """Another agent of this suite, which may ask another queue."""
        url = (queue or self.queue).url
        return AgentProcess(url, *arguments, environment=self.environment, token=token)

    def clip(self, name: str, content: bytes = b"clip") -> Path:
        """A file of the project."""
        path = self.originals / name
        path.write_bytes(content)
        return path

    def clear(self) -> None:
        """Everything as it was at first, but for what the agent remembers."""
        self.double.reset()
        self.queue.forget()
        for path in self.originals.iterdir():
            path.unlink()
        self.shown.unlink(missing_ok=True)

    def close(self) -> None:
        """Ends the agent and the queue."""
        with self.queue, self.agent:
            pass
