"""A client of the daemon's event stream (server-sent events), for tests."""

import itertools
import json
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

SILENCE_MAX_S = 20.0
"""A stream that should say something and does not fails the test after this long."""


class EventStream:
    """
    One open stream; use it as a context manager.

    `status` and `headers` are those of the answer. Iterating gives each event as `id`, `event` and
    decoded `data`, and ends when the server ends the stream.
    """

    def __init__(
        self,
        url: str,
        *,
        path: str = "/api/events/stream",
        headers: Mapping[str, str] | None = None,
        **query: str | int,
    ) -> None:
        self._client = httpx.Client(
            base_url=url,
            timeout=SILENCE_MAX_S,
            trust_env=False,
            verify=False,  # nothing is encrypted, and to read all authorities takes time
        )
        request = self._client.build_request("GET", path, params=query, headers=dict(headers or {}))
        self._answer = self._client.send(request, stream=True)
        self.status = self._answer.status_code
        self.headers = self._answer.headers
        self._events = self._read()

    def take(self, count: int) -> list[dict[str, Any]]:
        """The next events; fails when the stream ends before them."""
        taken = list(itertools.islice(self._events, count))
        assert count == len(taken), (
            f"The answer was {self.status}, and ended after {len(taken)} of {count} events."
        )
        return taken

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._events

    def _read(self) -> Iterator[dict[str, Any]]:
        fields: dict[str, Any] = {}
        for line in self._answer.iter_lines():
            name, _, value = line.partition(": ")
            if line == "":
                if "data" in fields:
                    yield {**fields, "data": json.loads(fields["data"])}
                fields = {}
            else:
                fields[name] = value

    def close(self) -> None:
        """Leaves, as a client that was closed does."""
        self._answer.close()
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
