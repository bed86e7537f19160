"""
Telling which episodes files are, by their names.

Names of the plain form are read by the core. For others guessit is asked, in a process of its own
(`sighting`) that is there for some names and gone again; it has a deadline, and a name that takes
it too long tells no episode. What was found out about a name is remembered.
"""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Protocol

import anyio
import msgspec

from projections.errors import PlayheadError
from projections.filing_names import Recognized, Sighting, recognized_from, recognized_plainly
from projections.filing_survey import is_text

REMEMBERED_MAX = 20_000
"""Names whose meaning is kept: what lies in a directory is asked about at every look."""

NAMES_AT_ONCE_MAX = 200
"""A process is asked for so many names; starting it takes as long as thirty of them."""

START_S = 10.0
NAME_S = 0.25
"""What is allowed for starting a process and for each name: ten times what a busy machine takes."""

PROGRAM = (sys.executable, "-P", "-m", "adapters.organizer.sighting")


class NameReader(Protocol):
    """One that tells which episodes files are."""

    async def recognized(self, names: Iterable[str]) -> dict[str, Recognized | None]:
        """
        What the names of files tell; None of those that tell no episode.

        Raises:
            PlayheadError: it cannot be found out now.
        """


class NamesUnread(PlayheadError):
    """The process that reads names could not be started."""

    hint = "Look into the log of the system: memory, or the number of processes, may be used up."


class Recognizer:
    """
    Reads names, and remembers what it read.

    Args:
        program: the command that is asked; tests have others.
        start_s: seconds that it may take to start.
    """

    def __init__(self, *, program: Sequence[str] = PROGRAM, start_s: float = START_S) -> None:
        self._program = program
        self._start_s = start_s
        self._remembered: dict[str, Recognized | None] = {}

    async def recognized(self, names: Iterable[str]) -> dict[str, Recognized | None]:
        """
        What the names of files tell; None of those that tell no episode.

        Raises:
            NamesUnread: it cannot be found out now.
        """
        found: dict[str, Recognized | None] = {}
        hard: list[str] = []
        for name in dict.fromkeys(names):
            found[name] = self._remembered.get(name) or recognized_plainly(name)
            if found[name] is None and name not in self._remembered and is_text(name):
                hard.append(name)
        for start in range(0, len(hard), NAMES_AT_ONCE_MAX):
            some = hard[start : start + NAMES_AT_ONCE_MAX]
            for name, seen in zip(some, await self._sighted(some), strict=True):
                found[name] = None if seen is None else recognized_from(name, seen)
                self._remember(name, found[name])
        return found

    def _remember(self, name: str, found: Recognized | None) -> None:
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[name] = found

    async def _sighted(self, names: list[str]) -> list[Sighting | None]:
        """What the process says of some names. If it does not end well, one of them is to blame."""
        with anyio.move_on_after(self._start_s + NAME_S * len(names)):
            try:
                done = await anyio.run_process(
                    self._program,
                    input=msgspec.json.encode(names),
                    stderr=subprocess.DEVNULL,
                    check=False,
                )
            except OSError as error:
                raise NamesUnread(f"Names of files cannot be read: {error.strerror}.") from error
            if done.returncode == 0:
                return msgspec.json.decode(done.stdout, type=list[Sighting | None])
        if len(names) == 1:
            return [None]
        middle = len(names) // 2
        return await self._sighted(names[:middle]) + await self._sighted(names[middle:])
