"""
What is being played, said as the Lua client says it, so that all players mean the same file: a
clean path or address, a name, the size, and a fingerprint of the content.
"""

import os
import posixpath
import re
import stat
import sys
from array import array
from contextlib import suppress
from urllib.parse import unquote, unquote_to_bytes

import msgspec

from adapters.mpv.wire import clean
from projections.identity import Identity, file_name, normal_path

NOT_RECORDED = frozenset(
    re.findall(
        r"\w+",
        "appending archive av bd bluray br cdda data dvb dvd dvdnav edl fd fdclose hex lavfi"
        " memory mf null pvr rtp slice tv udp",
    )
)
"""
Protocols whose addresses do not say what is played, or hold the content itself; as in the Lua
client's options.
"""

KEPT_IN_QUERY = "v"
"""A video's id. All else in a query may be a credential or a ticket that is good once."""

NAME_CHARACTERS_MAX = 1_000
CHUNK_BYTES = 64 * 1024
HEADER_BYTES = 4_096
"""The beginning of a container says little about what is in it."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_MASK = (1 << 64) - 1


class Playable(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file or stream.

    Attributes:
        path: clean, absolute; an address without credentials and query.
        name: clean.
        file: what opens it, byte for byte; empty for a stream.
        device, inode: what tells the file from others whatever it is called; 0 for a stream, or if
            it could not be looked at.
        fingerprint: equal for equal contents, None where there is none.
    """

    path: str
    name: str
    file: str = ""
    device: int = 0
    inode: int = 0
    size_bytes: int | None = None
    fingerprint: str | None = None

    @property
    def identity(self) -> Identity:
        """What the question where to go on is asked with."""
        return Identity(
            name=self.name,
            path=self.path,
            fingerprint=self.fingerprint,
            size_bytes=self.size_bytes,
        )


def located(path: str, folder: str) -> Playable | None:
    """
    What a player's path means; None for what is not to be remembered.

    Args:
        path: as the player gives it.
        folder: the player's working directory, which a relative path is relative to.
    """
    scheme = _SCHEME.match(path)
    if scheme is None:
        return None if path in {"", "-"} else _file(absolute(path, folder))
    if scheme[1].lower() == "file":
        local = unquote_to_bytes(path[scheme.end() :].encode("utf-8", "surrogateescape"))
        return _file(absolute(local.partition(b"/")[2].decode("utf-8", "surrogateescape"), "/"))
    return None if scheme[1].lower() in NOT_RECORDED else _stream(path)


def _file(file: str) -> Playable:
    told = clean(file)
    return Playable(path=told, name=_name(told), file=file)


def _stream(address: str) -> Playable:
    bare, _, query = address.partition("#")[0].partition("?")
    kept = [f";{pair}" for pair in query.split("&") if pair.partition("=")[0] == KEPT_IN_QUERY]
    path = normal_path(clean(bare + "".join(kept)))
    return Playable(path=path, name=unquote(_name(path))[:NAME_CHARACTERS_MAX])


def _name(path: str) -> str:
    return file_name(path)[:NAME_CHARACTERS_MAX]


def absolute(path: str, folder: str) -> str:
    """One spelling of a path, if it is one of a file; links are not followed."""
    if _SCHEME.match(path):
        return path
    return "/" + posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def looked_into(playable: Playable) -> Playable:
    """The same with what the disk says about it. It waits for the disk: call it in a thread."""
    if not playable.file:
        return playable
    with suppress(OSError, ValueError):
        fd = os.open(playable.file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _looked_into(playable, fd)
        finally:
            os.close(fd)
    return playable


def _looked_into(playable: Playable, fd: int) -> Playable:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        return playable
    size_bytes = status.st_size
    ends = _ends(fd, size_bytes)
    return msgspec.structs.replace(
        playable,
        device=status.st_dev,
        inode=status.st_ino,
        size_bytes=size_bytes,
        fingerprint=fingerprint(*ends, size_bytes) if ends else None,
    )


def _ends(fd: int, size_bytes: int) -> tuple[bytes, bytes] | None:
    if size_bytes < 2 * CHUNK_BYTES:
        return None
    head = os.pread(fd, CHUNK_BYTES, 0)
    tail = os.pread(fd, CHUNK_BYTES, size_bytes - CHUNK_BYTES)
    return (head, tail) if len(head) == len(tail) == CHUNK_BYTES else None


def fingerprint(head: bytes, tail: bytes, size_bytes: int) -> str | None:
    """
    `moviehash:<16 hex digits>-<size>`, of the first and last `CHUNK_BYTES`: the hash that
    OpenSubtitles uses. None where every silent or blank file of that size would share it.
    """
    if _is_uniform(tail) and _is_uniform(head[HEADER_BYTES:]):
        return None
    words = array("Q", head + tail)
    if sys.byteorder == "big":
        words.byteswap()
    return f"moviehash:{(sum(words) + size_bytes) & _MASK:016x}-{size_bytes}"


def _is_uniform(data: bytes) -> bool:
    return data == data[:1] * len(data)
