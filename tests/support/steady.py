"""
Clients that ask and post without a pause and give up nothing: what they are refused, or not
answered at all, is what a restart costs.

Half of them keep their connection, half make a new one for each request. As a program
(`python -c "from support.steady import main; main()" URL [USER:PASSWORD]`) they say a line when
they are well under way, work until the standard input ends, and tell what came of it as JSON.
"""

import itertools
import json
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from support.builders import report_body

CLIENTS = 8
PAUSE_S = 0.002
"""Enough to leave the daemon some of the processor."""
REQUEST_TIMEOUT_S = 60.0
"""A restart is waited for, however busy the machine is."""
JOIN_TIMEOUT_S = 90.0
UNDER_WAY = 50
"""So many answers, and each client has had some."""
POLL_S = 0.01
FAILURES_MAX = 100
"""More would tell nothing new."""


class Steady:
    """
    So many clients; use it as a context manager.

    `answered` counts what was answered with success, `failures` says what was not, and
    `acknowledged` holds the seq of every recorded report by the event's id.
    """

    def __init__(self, url: str, *, credential: tuple[str, str] | None = None) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self.acknowledged: dict[str, int] = {}
        self._url = url
        self._credential = credential
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, args=(number,), daemon=True)
            for number in range(CLIENTS)
        ]

    def _work(self, number: int) -> None:
        keeps = number % 2
        with httpx.Client(
            base_url=self._url,
            timeout=REQUEST_TIMEOUT_S,
            trust_env=False,
            verify=False,  # nothing is encrypted, and to read all authorities takes time
            auth=self._credential,
            limits=httpx.Limits(max_keepalive_connections=keeps),
        ) as client:
            for count in itertools.count():
                if self._stopping.wait(PAUSE_S):
                    return
                self._once(client, number, count)

    def _once(self, client: httpx.Client, number: int, count: int) -> None:
        try:
            if count % 2:
                answer = client.get("/api/positions")
            else:
                body = self._report(number, count)
                answer = client.post("/api/positions/batch", json={"reports": [body]})
        except httpx.TransportError as error:
            self._note(0, repr(error), {})
            return
        results = answer.json().get("results", []) if answer.is_success else []
        self._note(answer.is_success, answer.text, {each["id"]: each["seq"] for each in results})

    def _note(self, count: int, words: str, acknowledged: dict[str, int]) -> None:
        with self._lock:
            self.answered += count
            self.acknowledged |= acknowledged
            if not count and len(self.failures) < FAILURES_MAX:
                self.failures.append(words)

    def _report(self, number: int, count: int) -> dict[str, Any]:
        event = str(uuid.uuid4())
        return report_body(id=event, path=f"/films/{number}.mkv", position_s=float(count))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(JOIN_TIMEOUT_S)


def main(arguments: Sequence[str] = sys.argv[1:]) -> None:
    """The program; see the module's text."""
    url, *credential = arguments
    user, _, password = (credential or [""])[0].partition(":")
    with Steady(url, credential=(user, password) if user else None) as clients:
        while clients.answered < UNDER_WAY:
            time.sleep(POLL_S)
        sys.stdout.write("\n")
        sys.stdout.flush()
        sys.stdin.read()
    told = {"answered": clients.answered, "failures": clients.failures}
    sys.stdout.write(json.dumps(told | {"acknowledged": clients.acknowledged}))
