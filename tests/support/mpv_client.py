"""The mpv client under test: several players that share one spool, and a web server of media."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from support.mpv import Mpv

POLL_S = 0.02
RESUME_WAIT_MS = 2000
"""The longest that the client allows: a busy machine needs a moment to ask and to answer."""


class Players:
    """Starts players with the client loaded. Use as a context manager: all are gone afterwards."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self._started: list[Mpv] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for player in self._started:
            player.close()

    def start(
        self,
        *files: str | bytes | Path,
        arguments: Sequence[str] = (),
        folder: Path | None = None,
        **options: object,
    ) -> Mpv:
        """A player; keyword arguments are options of the client."""
        chosen = {
            "url": self.url,
            "spool_dir": str(self.folder / "spool"),
            "heartbeat_interval": "1",
            "resume_wait_ms": str(RESUME_WAIT_MS),
            "timeout": "5",
            **{name: str(value) for name, value in options.items()},
        }
        home = folder or self.folder / f"mpv{len(self._started)}"
        player = Mpv(home, *files, script_options=chosen, arguments=arguments)
        self._started.append(player)
        return player

    def spooled(self) -> str:
        """The text of everything that waits in the spool."""
        spool = self.folder / "spool"
        texts = []
        for path in sorted([*spool.glob("*.jsonl"), *spool.glob("*.batch")]):
            with suppress(FileNotFoundError):  # sent and removed meanwhile
                texts.append(path.read_text("utf-8"))
        return "".join(texts)

    def waiting(self) -> list[dict[str, Any]]:
        """The reports that wait in the spool, oldest first."""
        reports = [json.loads(line) for line in self.spooled().splitlines()]
        return sorted(reports, key=lambda report: float(report["client_time_s"]))


def bound_keys(player: Mpv) -> set[str]:
    """The keys that are the client's at this moment."""
    bindings = player.get("input-bindings") or []
    return {str(entry["key"]) for entry in bindings if "playhead" in entry.get("cmd", "")}


class FileServer:
    """Serves one file at any path, with ranges, so that mpv can seek in it."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
                """Says nothing."""

            def do_GET(self) -> None:
                """Sends the file from the wanted byte on."""
                wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
                start = int(wanted[1]) if wanted else 0
                self.send_response(206 if wanted else 200)
                self.send_header("Accept-Ranges", "bytes")
                if wanted:
                    span = f"bytes {start}-{len(data) - 1}/{len(data)}"
                    self.send_header("Content-Range", span)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                with suppress(OSError):  # a player that seeks hangs up
                    self.wfile.write(data[start:])
                self.close_connection = True

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), daemon=True
        )

    def __enter__(self) -> str:
        """The address to reach it at: host and port."""
        self._thread.start()
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
