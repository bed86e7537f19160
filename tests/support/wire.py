"""HTTP by hand over a plain socket: slow, stalled, too large, never reading."""

import socket
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

ANSWER_TIMEOUT_S = 20.0
READ_BYTES = 65_536


class Wire:
    """One TCP connection to a daemon; use it as a context manager."""

    def __init__(self, url: str, *, receive_buffer_bytes: int | None = None) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        assert address.port is not None
        self._host = address.netloc
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(ANSWER_TIMEOUT_S)
        self.socket.connect((address.hostname, address.port))

    def head(self, line: str, *headers: str) -> None:
        """Sends a request line and headers, and the empty line after them."""
        lines = [f"{line} HTTP/1.1", f"Host: {self._host}", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())

    def post(self, *headers: str, path: str = "/api/positions/batch") -> None:
        """Sends the head of a POST of JSON."""
        self.head(f"POST {path}", "Content-Type: application/json", *headers)

    def chunk(self, data: bytes) -> None:
        """Sends one chunk of a chunked body."""
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def status(self) -> int:
        """The status of the answer, 0 when the connection ended without one."""
        seen = b""
        while b"\r\n" not in seen:
            part = self.socket.recv(READ_BYTES)
            if not part:
                return 0
            seen += part
        return int(seen.split(b" ", 2)[1])

    def read_until(self, wanted: bytes) -> bytes:
        """Everything up to and including some bytes; fails when the connection ends before."""
        seen = b""
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while wanted not in seen:
            assert time.monotonic() < deadline, f"no {wanted!r} in {seen!r}"
            part = self.socket.recv(READ_BYTES)
            assert part, f"the connection ended before {wanted!r}: {seen!r}"
            seen += part
        return seen

    def ended(self) -> bool:
        """Reads on until the connection ends; False when it stays open."""
        try:
            while self.socket.recv(READ_BYTES):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    def close(self) -> None:
        """Ends the connection."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
