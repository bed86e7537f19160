"""
mpv's JSON IPC without the socket: commands become bytes, bytes become replies and notices.

Replies are told apart by the number of their request, so that many commands may be under way at
once. A line that cannot be read is counted and skipped: what follows it is as good as ever.
"""

from adapters.mpv import wire
from adapters.mpv.errors import NotUnderstood
from adapters.mpv.wire import Command, Notice, Reply

LINE_BYTES_MAX = 32 * 1024 * 1024
"""The playlist comes in one line: 400 KB for 5,000 files with paths of 60 bytes."""

PENDING_MAX = 1_024
"""
Commands without a reply. mpv stops to listen to a client that leaves some 280 replies unread; ours
reads always, so that this only bounds what is kept here.
"""


class Protocol:
    """
    One connection's two directions.

    Attributes:
        malformed_count: lines that could not be read.
    """

    def __init__(self, *, line_bytes_max: int = LINE_BYTES_MAX) -> None:
        self.malformed_count = 0
        self._line_bytes_max = line_bytes_max
        self._parts: list[bytes] = []
        self._size = 0
        self._is_skipping = False
        self._last_id = 0
        self._pending: set[int] = set()

    @property
    def pending_count(self) -> int:
        """How many commands wait for their reply."""
        return len(self._pending)

    def send(self, command: Command) -> tuple[int, bytes]:
        """The number of a request, and the bytes to send for it."""
        assert len(self._pending) < PENDING_MAX, "too many commands are under way"
        request_id = self._last_id + 1
        data = wire.encode(command, request_id)
        self._last_id = request_id
        self._pending.add(request_id)
        return request_id, data

    def receive(self, data: bytes) -> list[Reply | Notice]:
        """What the bytes that came next say: replies to our requests, and notices, in order."""
        *lines, rest = data.split(b"\n")
        told = [said for line in lines for said in self._line(line)]
        self._keep(rest)
        return told

    def _line(self, end: bytes) -> list[Reply | Notice]:
        """What a line says that ends with `end`."""
        self._keep(end)
        line, was_skipped = b"".join(self._parts), self._is_skipping
        self._parts, self._size, self._is_skipping = [], 0, False
        if was_skipped:
            self.malformed_count += 1
            return []
        if not line.strip():
            return []
        try:
            said = wire.parse(line)
        except NotUnderstood:
            self.malformed_count += 1
            return []
        if said is None or (isinstance(said, Reply) and not self._is_awaited(said)):
            return []
        return [said]

    def _keep(self, part: bytes) -> None:
        """Keeps the piece of a line; of one that is too long, nothing."""
        self._size += len(part)
        if self._size > self._line_bytes_max:
            self._parts, self._is_skipping = [], True
        elif part:
            self._parts.append(part)

    def _is_awaited(self, reply: Reply) -> bool:
        """Whether a request waits for it; once it has come, none does."""
        if reply.request_id not in self._pending:
            return False
        self._pending.remove(reply.request_id)
        return True
