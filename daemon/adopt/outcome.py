"""
What taking over an ancestor's settings comes to: ours, where each came from, what has no
counterpart, and what is left to do by hand.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from daemon.config.rules import problems_between
from daemon.config.settings import Settings
from daemon.config.sync import SERVER_NAME

SERVER_NAME_CHARS_MAX = 64

KeyReader: TypeAlias = Callable[[str], str]
"""The trimmed content of a file that holds a secret; raises `NotAdoptable`."""

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_NOT_AT_THE_START = re.compile(r"^[^A-Za-z0-9]+")
_NUMBERED = re.compile(r"^(jellyfin|path_policy|player|organizer)\[(\d+)\]")


class Source(msgspec.Struct, frozen=True):
    """Where one of our settings came from: the key over there, and what there is to say."""

    key: str = ""
    remark: str = ""


class Left(msgspec.Struct, frozen=True):
    """A key over there that has no counterpart here, and why."""

    key: str
    because: str


class Notes:
    """What is learnt on the way through an ancestor's settings."""

    def __init__(self) -> None:
        self.sources: dict[str, list[Source]] = {}
        """By our key; a key of the second server is `jellyfin[2].url`."""
        self.left: list[Left] = []
        self.unknown: list[str] = []
        self.problems: list[str] = []
        self.refused: set[str] = set()
        """Those of our keys about which a problem was told already."""
        self.secrets: dict[str, str] = {}
        """Secrets by our key, to be kept in files of their own."""
        self.to_do: list[str] = []

    def take(self, ours: str, theirs: str = "", remark: str = "") -> None:
        """One of our settings was made from a key over there."""
        self.sources.setdefault(ours, []).append(Source(theirs, remark))

    def refuse(self, ours: str, problem: str) -> None:
        """One of our settings cannot be made; the problem begins with the key over there."""
        self.refused.add(ours)
        self.problems.append(problem)

    def leave(self, theirs: str, because: str) -> None:
        """A key over there has no counterpart."""
        self.left.append(Left(theirs, because))


class Adoption(msgspec.Struct, frozen=True):
    """Our settings in place of an ancestor's. `servers` maps its names of servers to ours."""

    origin: str
    settings: Settings
    notes: Notes
    servers: dict[str, str] = {}
    people: dict[str, str] = {}
    """Whom the ancestor's account on a server of ours stands for, where it knows only one."""

    def problems(self) -> list[str]:
        """Everything that would keep `playhead config check` from agreeing."""
        notes = self.notes
        found = list(notes.problems)
        for key, sentence in problems_between(self.settings):
            theirs = " and ".join(source.key for source in notes.sources.get(key, ()) if source.key)
            told_before = any(problem.startswith(f"{theirs} ") for problem in notes.problems)
            if key not in notes.refused and not (theirs and told_before):
                found.append(f"{theirs or shown(key)} {sentence}")
        return found

    def with_files(self, paths: dict[str, str]) -> "Adoption":
        """The same with secrets in the files that `paths` names, by our key."""
        servers = []
        for number, server in enumerate(self.settings.jellyfin, start=1):
            file = paths.get(f"jellyfin[{number}].api_key", "")
            servers.append(msgspec.structs.replace(server, api_key="", api_key_file=file))
        auth = self.settings.auth
        if "auth.password" in paths:
            auth = msgspec.structs.replace(auth, password="", password_file=paths["auth.password"])
        settings = msgspec.structs.replace(self.settings, jellyfin=tuple(servers), auth=auth)
        for key in paths:
            self.notes.sources.setdefault(f"{key}_file", self.notes.sources.get(key, []))
        return msgspec.structs.replace(self, settings=settings)

    def secret_files(self) -> dict[str, str]:
        """The name of the file for each secret, by our key."""
        return {key: self._file_of(key) for key in self.notes.secrets}

    def _file_of(self, key: str) -> str:
        numbered = _NUMBERED.match(key)
        if numbered is None:
            return f"playhead.{key.rpartition('.')[2]}"
        server = self.settings.jellyfin[int(numbered[2]) - 1]
        return f"{server.name}.{key.rpartition('.')[2]}"


def shown(key: str) -> str:
    """One of our keys as the documentation writes it."""
    return _NUMBERED.sub(r"[[\1]] \2", key)


def our_names(theirs: Iterable[str]) -> list[str]:
    """
    A name that our rules allow for each server, as near to theirs as can be; no two differ only in
    case.
    """
    names: list[str] = []
    for wanted in theirs:
        good = wanted if SERVER_NAME.fullmatch(wanted) else _plain(wanted)
        names.append(_free(good or "server", names))
    return names


def _plain(name: str) -> str:
    words = _NOT_IN_A_NAME.sub("-", name.strip()).rstrip("-")
    return _NOT_AT_THE_START.sub("", words)[:SERVER_NAME_CHARS_MAX]


def _free(name: str, taken: list[str]) -> str:
    known = {other.casefold() for other in taken}
    candidate, number = name, 1
    while candidate.casefold() in known:
        number += 1
        ending = f"-{number}"
        candidate = name[: SERVER_NAME_CHARS_MAX - len(ending)] + ending
    return candidate


def renamed(theirs: str, ours: str) -> str:
    """The remark on a name that had to change; empty if it did not."""
    if theirs == ours:
        return ""
    return (
        f"it is {theirs!r} there; names here are letters, digits, dots, dashes and underscores, and"
        " differ in more than case"
    )
