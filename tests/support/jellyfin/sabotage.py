"""
Sabotage: what a server does instead of answering properly.

Faults are tried in the order they were set; the first that fits a request is used, and used up if
it was set for a number of times. Nothing set means a healthy server.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field


@dataclass
class Fault:
    """One way to misbehave towards requests that fit `method` and `path` (a regular expression)."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "text/plain"
    delay_s: float = 0.0
    hang: bool = False
    cut: bool = False
    """The connection ends without an answer, before anything was done."""
    lose_answer: bool = False
    """The request is carried out, then the connection ends."""
    times: int | None = None
    method: str | None = None
    path: str = ""

    def fits(self, method: str, path: str) -> bool:
        """Whether this request is meant."""
        return self.method in {None, method} and bool(re.search(self.path, path, re.IGNORECASE))


class Sabotage:
    """The switches of one server."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.released = threading.Event()

    def add(self, fault: Fault) -> Fault:
        """Sets a fault."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Healthy again; hung requests are let go."""
        with self._lock:
            self._faults.clear()
        self.released.set()
        self.released = threading.Event()

    def starting(self) -> None:
        """Every route answers 503, as during start-up."""
        self.add(Fault(status=503, headers={"Retry-After": "5"}, body=b"Server is loading"))

    def slow(self, delay_s: float, path: str = "") -> None:
        """Answers, but late."""
        self.add(Fault(delay_s=delay_s, path=path))

    def hung(self, path: str = "") -> None:
        """Accepts requests and never answers, until cleared."""
        self.add(Fault(hang=True, path=path))

    def fail(self, status: int, *, times: int | None = None, path: str = "") -> None:
        """Answers with this status."""
        self.add(Fault(status=status, body=b"Error processing request.", times=times, path=path))

    def too_many(self, retry_after_s: int, *, times: int | None = None) -> None:
        """429, as a proxy in front of the server says it."""
        self.add(Fault(status=429, headers={"Retry-After": str(retry_after_s)}, times=times))

    def cut(self, *, times: int | None = None, path: str = "") -> None:
        """Ends connections without an answer."""
        self.add(Fault(cut=True, times=times, path=path))

    def lose_answers(self, *, times: int | None = None, path: str = "") -> None:
        """Does what was asked and never says so."""
        self.add(Fault(lose_answer=True, times=times, path=path))

    def login_page(self, *, times: int | None = None) -> None:
        """200 with a page instead of data, as a proxy that wants a login."""
        page = b"<!DOCTYPE html><title>Sign in</title>"
        self.add(Fault(status=200, body=page, content_type="text/html", times=times))

    def find(self, method: str, path: str) -> Fault | None:
        """The fault for a request, which uses it up by one."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.fits(method, path)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
