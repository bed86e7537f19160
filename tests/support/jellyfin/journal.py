"""The journal: every request that arrived and what was answered, for assertions."""

from __future__ import annotations

import functools
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer; `status` 0 means that no answer left the house."""

    method: str
    path: str
    template: str | None
    legacy: bool
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body_text: bytes
    user: str | None
    api_key: bool
    status: int
    answer_text: str | None

    @functools.cached_property
    def answer(self) -> Any:
        """The JSON of the answer, read; None when there was none."""
        return None if self.answer_text is None else json.loads(self.answer_text)

    @functools.cached_property
    def body(self) -> Any:
        """The JSON of the request, read; None when there was none."""
        try:
            return json.loads(self.body_text)
        except ValueError:
            return None

    @property
    def writes(self) -> bool:
        """It meant to change something."""
        return self.method in {"POST", "PUT", "DELETE", "PATCH"}

    def value(self, name: str) -> str | None:
        """A query parameter, whatever its case."""
        return next((value for key, value in self.query if key.lower() == name.lower()), None)


class Journal:
    """Exchanges in the order of their answers."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._lock = threading.Lock()

    def note(self, exchange: Exchange) -> None:
        """Keeps one."""
        with self._lock:
            self._exchanges.append(exchange)

    def forget(self) -> None:
        """Starts over."""
        with self._lock:
            self._exchanges.clear()

    def of(self, method: str | None = None, path: str | None = None) -> list[Exchange]:
        """Those with this method whose path begins so; case does not matter."""
        with self._lock:
            found = list(self._exchanges)
        start = (path or "").lower()
        return [
            exchange
            for exchange in found
            if method in {None, exchange.method} and exchange.path.lower().startswith(start)
        ]

    def writes(self) -> list[Exchange]:
        """Those that meant to change something, logins and Quick Connect left out."""
        return [
            exchange
            for exchange in self.of()
            if exchange.writes and "authenticate" not in exchange.path.lower()
            if not exchange.path.lower().startswith("/quickconnect")
        ]

    def counts(self) -> Counter[str]:
        """How many of each method and route."""
        return Counter(
            f"{exchange.method} {exchange.template or ID.sub('{id}', exchange.path)}"
            for exchange in self.of()
        )
