"""Clients that post as fast as they are answered, and remember what they were promised."""

import itertools
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx

from support.builders import report_body

REPORTS_PER_BATCH = 5
REQUEST_TIMEOUT_S = 20.0
JOIN_TIMEOUT_S = 40.0
FIRST_MARK_TIMEOUT_S = 20.0
MARK_POLL_S = 0.005


class Load:
    """
    Clients that post batches to a daemon until told to stop; use it as a context manager.

    `acknowledged` holds the seq of every event that an answer promised, by the event's id;
    `refusals` the other answers; `lost` counts requests that got none.
    """

    def __init__(self, url: str, *, clients: int = 4, title: str = "") -> None:
        self.acknowledged: dict[str, int] = {}
        self.refusals: list[httpx.Response] = []
        self.lost = 0
        self._url = url
        self._title = title
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, args=(number,)) for number in range(clients)
        ]

    @property
    def statuses(self) -> Counter[int]:
        """How often each status other than success was answered."""
        return Counter(response.status_code for response in self.refusals)

    def wait_for(self, condition: Callable[["Load"], object], what: str) -> None:
        """Returns once the condition holds; fails naming `what` after a while."""
        for _ in range(int(FIRST_MARK_TIMEOUT_S / MARK_POLL_S)):
            if condition(self):
                return
            self._stopping.wait(MARK_POLL_S)
        raise AssertionError(f"not seen within {FIRST_MARK_TIMEOUT_S} s: {what}")

    def wait_for_acknowledged(self, count: int) -> None:
        """Returns once so many events more than now are promised."""
        wanted = len(self.acknowledged) + count
        self.wait_for(lambda load: len(load.acknowledged) >= wanted, f"{count} events recorded")

    def wait_for_refusals(self, count: int) -> None:
        """Returns once so many requests more than now have been refused."""
        wanted = len(self.refusals) + count
        self.wait_for(lambda load: len(load.refusals) >= wanted, f"{count} requests refused")

    def stop(self) -> None:
        """Ends all clients; each finishes the request it is in."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(JOIN_TIMEOUT_S)

    def _work(self, number: int) -> None:
        with httpx.Client(
            base_url=self._url,
            timeout=REQUEST_TIMEOUT_S,
            trust_env=False,
            verify=False,  # nothing is encrypted, and to read all authorities takes time
        ) as client:
            for count in itertools.count():
                if self._stopping.is_set():
                    return
                body = {"reports": [self._report(number, count) for _ in range(REPORTS_PER_BATCH)]}
                try:
                    self._note(client.post("/api/positions/batch", json=body))
                except httpx.TransportError:
                    self.lost += 1
                    self._stopping.wait(0.05)

    def _report(self, number: int, count: int) -> dict[str, Any]:
        return report_body(
            id=str(uuid.uuid4()),
            path=f"/films/{number}.mkv",
            session=f"{number}",
            position_s=float(count),
            title=self._title,
        )

    def _note(self, response: httpx.Response) -> None:
        with self._lock:
            if not response.is_success:
                self.refusals.append(response)
                return
            for result in response.json()["results"]:
                assert result["status"] == "recorded", result
                self.acknowledged[result["id"]] = result["seq"]

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
        self.stop()
