"""
Rules for players and organizers: what single types cannot say about them.

Keys are told by number, `player[2].socket`, counted from 1.
"""

from collections.abc import Iterator
from pathlib import PurePath

from daemon.config.players import Organizer, Player
from daemon.config.rules_sync import NAME_SHAPE, repeated
from daemon.config.settings import Settings
from daemon.config.sync import SERVER_NAME

SOCKET_BYTES_MAX = 107
"""What the system takes as the path of a Unix socket, without the zero at its end."""

EXTENSION_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


def problems_in_players(settings: Settings) -> Iterator[tuple[str, str]]:
    """Pairs of key and sentence for everything wrong about players and organizers."""
    for number, player in enumerate(settings.player, start=1):
        for name, sentence in _player(player):
            yield f"player[{number}].{name}", sentence
    for number in repeated([player.name.casefold() for player in settings.player]):
        yield f"player[{number}].name", "is the name of another player too; case does not count"
    for number in repeated([player.socket for player in settings.player]):
        yield f"player[{number}].socket", "is the socket of another player too"
    for number, organizer in enumerate(settings.organizer, start=1):
        for name, sentence in _organizer(organizer):
            yield f"organizer[{number}].{name}", sentence
    for number in repeated([organizer.name.casefold() for organizer in settings.organizer]):
        yield f"organizer[{number}].name", "is the name of another one too; case does not count"
    yield from _nested(settings.organizer)


def _player(player: Player) -> Iterator[tuple[str, str]]:
    if not SERVER_NAME.fullmatch(player.name):
        yield "name", NAME_SHAPE
    yield from _directory("folder", player.folder, may_lack=True)
    yield from _directory("socket", player.socket)
    if len(player.socket.encode(errors="surrogateescape")) > SOCKET_BYTES_MAX:
        yield "socket", f"is longer than the {SOCKET_BYTES_MAX} bytes a socket's path may have"
    yield from _extensions("extensions", player.extensions)
    if player.relaunch and not player.launch:
        yield "relaunch", "needs launch: the command that starts the player"
    if player.launch and not player.launch[0].strip():
        yield "launch", "must begin with the name of a program"


def _organizer(organizer: Organizer) -> Iterator[tuple[str, str]]:
    if not SERVER_NAME.fullmatch(organizer.name):
        yield "name", NAME_SHAPE
    yield from _directory("folder", organizer.folder)
    yield from _extensions("extensions", organizer.extensions)
    yield from _extensions("companions", organizer.companions)
    for key, words in (
        ("garbage_words", organizer.garbage_words),
        ("special_words", organizer.special_words),
    ):
        for word in words:
            if not word or any(each.isspace() for each in word):
                yield key, f"{word!r} is not one word"


def _directory(key: str, path: str, *, may_lack: bool = False) -> Iterator[tuple[str, str]]:
    if not path and may_lack:
        return
    if not path.startswith("/") or "\x00" in path:
        yield key, "must be a whole path such as /data/videos"
    elif ".." in PurePath(path).parts:
        yield key, "must not go back up with '..'"


def _extensions(key: str, extensions: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for extension in extensions:
        if not extension or not EXTENSION_CHARACTERS.issuperset(extension):
            yield key, f"{extension!r} is not an extension in small letters, without the dot"


def _nested(organizers: tuple[Organizer, ...]) -> Iterator[tuple[str, str]]:
    """A file must have one organizer, or two would move it back and forth."""
    for number, organizer in enumerate(organizers, start=1):
        inner = PurePath(organizer.folder)
        for other in organizers[: number - 1]:
            outer = PurePath(other.folder)
            if inner.is_relative_to(outer) or outer.is_relative_to(inner):
                yield f"organizer[{number}].folder", f"overlaps with that of {other.name!r}"
