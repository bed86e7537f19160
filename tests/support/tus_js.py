"""The real tus-js-client in a process of node, driven line by line: see support/tus/client.mjs."""

import json
import queue
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from support.mpv import require_program

HERE = Path(__file__).parent / "tus"
ANSWER_TIMEOUT_S = 30.0
END_TIMEOUT_S = 10.0

Told = dict[str, Any]


def require_tus_js() -> str:
    """The path of node, where the client is installed. Else the test fails in CI, or is skipped."""
    node = require_program("node", "install node (Debian: apt-get install npm) to run this test")
    if not (HERE / "node_modules" / "tus-js-client").exists():
        require_program("tus-js-client", "run `ops/install npm` to run this test")
    return node


class TusJs:
    """Uploads by tus-js-client; use it as a context manager."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._told: dict[str, queue.Queue[Told]] = {}
        self._process = subprocess.Popen(
            [require_tus_js(), str(HERE / "client.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, key: str, file: Path, metadata: dict[str, str], **options: Any) -> None:
        """Begins an upload."""
        self._told[key] = queue.Queue()
        fixed = {"endpoint": self._endpoint, "file": str(file), "metadata": metadata}
        self._order({"do": "start", "key": key, **fixed, **options})

    def abort(self, key: str, *, terminate: bool = False) -> Told:
        """Stops an upload, and gives it up if wanted."""
        self._order({"do": "abort", "key": key, "terminate": terminate})
        return self.wait(key, "aborted")

    def resume(self, key: str) -> None:
        """Goes on with an upload that was stopped."""
        self._order({"do": "resume", "key": key})

    def wait(self, key: str, event: str) -> Told:
        """The next word of this kind about an upload; an error that was not waited for fails."""
        while True:
            told = self._told[key].get(timeout=ANSWER_TIMEOUT_S)
            if told["event"] == event:
                return told
            if told["event"] == "error":
                pytest.fail(f"the upload failed: {told}")

    def _order(self, order: Told) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            self._told[told["key"]].put(told)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(END_TIMEOUT_S)
        self._process.stdout.close()
