"""
The data directory: which file is what, and that only one process writes there.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from daemon.errors import InUse, StartupRefused


class DataDirectory(msgspec.Struct, frozen=True):
    """Where everything is kept. Only `log`, `archive` and `credentials` cannot be rebuilt."""

    root: Path

    @property
    def log(self) -> Path:
        """The event log: back this up."""
        return self.root / "log.db"

    @property
    def archive(self) -> Path:
        """The segments that hold the beginning of the log, once it was archived: back them up."""
        return self.root / "archive"

    @property
    def views(self) -> Path:
        """The views: rebuilt from the log whenever missing."""
        return self.root / "views.db"

    @property
    def credentials(self) -> Path:
        """Users and tokens, hashed."""
        return self.root / "credentials.json"

    @property
    def lock(self) -> Path:
        """Held by the process that writes."""
        return self.root / "lock"


class DataLock:
    """
    The right to write in a data directory, held until `release` or the process ends.

    Raises:
        InUse: another process holds it.
        StartupRefused: the directory cannot be written.
    """

    def __init__(self, directory: DataDirectory) -> None:
        try:
            directory.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(directory.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            hint = "Choose a directory this user may write with --data DIR, or correct its owner."
            message = f"The data directory {directory.root} cannot be used: {error.strerror}."
            raise StartupRefused(message, hint=hint) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            known = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            message = f"The data directory {directory.root} is in use by process {known}."
            raise InUse(message) from error
        owner = f"{os.getpid()}\n".encode()
        with suppress(OSError):  # on a full disk: it is a courtesy to whoever is refused, no more
            os.pwrite(self._file, owner, 0)
            os.ftruncate(self._file, len(owner))

    def release(self) -> None:
        """Lets another process write."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
