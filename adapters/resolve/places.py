"""
Where this machine has the files of a job, and whether they can be read here.

Resolve takes a path it cannot read for nothing at all and says no word, so everything is looked at
before it is asked.
"""

import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal, TypeAlias

import msgspec

from adapters.resolve.wire import JobFile, Result
from projections.resolve import Outcome

System: TypeAlias = Literal["windows", "macos", "linux"]
"""What kind of machine this is; also what a host is called unless it is told otherwise."""

SERVER = "server"
"""What a job calls the daemon's own machine."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file of a job on this machine. `problem` says why it cannot be used there; empty if it can.
    `former` is where it was before.
    """

    file: JobFile
    path: str = ""
    former: tuple[str, ...] = ()
    problem: Literal["", "missing", "unreadable"] = ""
    detail: str = ""

    @property
    def result(self) -> Result:
        """What is told of a file that cannot be used."""
        assert self.problem
        return Result(path=self.file.path, outcome=self.problem, detail=self.detail)

    def ended(self, outcome: Outcome, detail: str = "") -> Result:
        """What became of it."""
        return Result(path=self.file.path, outcome=outcome, detail=detail)


def is_whole(path: str, system: System) -> bool:
    """Whether a path is one of a machine of this kind, from its root."""
    kind = PureWindowsPath if system == "windows" else PurePosixPath
    return kind(path).is_absolute()


def place_key(path: str, system: System) -> str:
    """What two ways to write the same path have in common on a machine of this kind."""
    plain = unicodedata.normalize("NFC", path)
    if system == "linux":
        return plain
    return plain.replace("\\", "/").casefold() if system == "windows" else plain.casefold()


def places(files: Iterable[JobFile], host: str, system: System) -> list[Place]:
    """Where this machine has each file; not yet whether it does."""
    return [_place(file, host, system) for file in files]


def _place(file: JobFile, host: str, system: System) -> Place:
    former = tuple(file.former_paths.get(host) or file.former_paths.get(SERVER) or ())
    path = file.paths.get(host) or file.paths.get(SERVER, "")
    if is_whole(path, system):
        return Place(file=file, path=path, former=former)
    detail = (
        f"Nothing says where {host!r} has it: the daemon needs a [[resolve_host]] of this name."
    )
    return Place(file=file, former=former, problem="missing", detail=detail)


def looked_at(place: Place) -> Place:
    """The place with what is wrong with it, if anything is. It reads from the disk."""
    if place.problem:
        return place
    problem, detail = _trouble(Path(place.path), place.file.size_bytes)
    return msgspec.structs.replace(place, problem=problem, detail=detail)


def _trouble(path: Path, size_bytes: int) -> tuple[Literal["", "missing", "unreadable"], str]:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return "unreadable", f"{path} is no file."
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        return "missing", f"{path} is not there. Is the disk mounted?"
    except OSError as error:
        return "unreadable", f"{path} cannot be read: {error.strerror or error}."
    if not found.st_size:
        return "unreadable", f"{path} is empty."
    if size_bytes and found.st_size != size_bytes:
        detail = f"{path} has {found.st_size} bytes here, {size_bytes} on the server: copied yet?"
        return "unreadable", detail
    return "", ""
