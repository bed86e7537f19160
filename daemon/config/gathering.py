"""
Values on their way to becoming settings, with where each was set and what is wrong so far.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from daemon.config.settings import SECRET_KEYS

SECRET_FILE_BYTES_MAX = 64 * 1024


class Origin(msgspec.Struct, frozen=True):
    """Where a value was set, in words a person can follow."""

    text: str


class Table(msgspec.Struct, frozen=True):
    """A table of an array: its label if it has a good one, what people are told, where it is."""

    label: str
    shown: str
    where: str


class Gathering:
    """Values by dotted key, their origins, and the problems met on the way."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, Origin] = {}
        self.problems: list[str] = []
        self.tables: dict[str, Table] = {}
        """The tables of all arrays, by `array[number]`."""
        self.tables_unread = False
        """Whether there may be tables that could not be read."""
        self.refused: set[str] = set()
        """Keys that have no good value, which was told already."""

    def put(self, key: str, value: Any, origin: str) -> None:
        """Takes a value, instead of one that came before."""
        self.values[key] = value
        self.origins[key] = Origin(origin)

    def refuse(self, key: str, sentence: str, *, place: str = "") -> None:
        """Notes what is wrong with a key, and where unless it is where the key was set."""
        self.problems.append(f"{place or self.place(key)}: {sentence}")
        self.refused.add(key)

    def shown(self, key: str) -> str:
        """A key as people are told of it: a table of an array by its label."""
        section, dot, name = key.rpartition(".")
        table = self.tables.get(section)
        return f"{table.shown}.{name}" if table else f"{section}{dot}{name}"

    def place(self, key: str) -> str:
        """A key and where it was set; if it was not set, where its table is."""
        origin = self.origins.get(key)
        table = self.tables.get(key.rpartition(".")[0])
        where = origin.text if origin else table.where if table else ""
        return f"{where}: {self.shown(key)}" if where else self.shown(key)

    def sections_of(self, array: str) -> list[str]:
        """The tables of an array as `array[number]`, in the order of the file."""
        return [section for section in self.tables if section.partition("[")[0] == array]

    def secret_keys(self) -> Iterator[str]:
        """Every key that holds a secret, those in tables too."""
        for key in sorted(SECRET_KEYS):
            array, brackets, rest = key.partition("[]")
            if brackets:
                yield from (f"{section}{rest}" for section in self.sections_of(array))
            else:
                yield key

    def put_secret(self, key: str, file: Path, *, asked_by: str) -> None:
        """Takes a secret from the file that another key, or the same, asks to be read."""
        place = self.place(asked_by)
        try:
            if file.stat().st_size > SECRET_FILE_BYTES_MAX:
                self.refuse(key, f"{file} is too large to be a secret", place=place)
                return
            value = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            self.refuse(key, f"{file} cannot be read: {error}", place=place)
            return
        self.put(key, value, str(file))
