"""
Which file is this? Names, paths and fingerprints of media, made comparable.

Two machines see one film under two paths, and two films share one file name. The rules that decide
are a table in `match`, strongest evidence first; what no rule settles is reported as ambiguous,
never guessed.
"""

import posixpath
import re
import unicodedata
from functools import lru_cache
from typing import Literal, TypeAlias
from urllib.parse import unquote

import msgspec

NAME_KEY_PREFIX = "name:"
"""A media key made from nothing but a file name, as old clients give it."""

DURATION_TOLERANCE_S = 1.0
"""Players round durations differently; two files further apart than this are different."""

PATHS_REMEMBERED_MAX = 2_048
"""Players report the same few files again and again, and each report asks twice."""

MatchedBy: TypeAlias = Literal["media", "fingerprint", "path", "name"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/?#]*)([^?#]*)")
"""Scheme, authority and path. A single letter is no scheme but a drive."""

_DRIVE_IN_URL = re.compile(r"/[A-Za-z]:[/\\]")
"""How the path of a `file:` URL begins on Windows."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything known about which file is meant. `name` is the file name; all else may be missing.
    """

    name: str
    media: str | None = None
    path: str | None = None
    fingerprint: str | None = None
    size_bytes: int | None = None
    duration_s: float | None = None
    device: str = ""


@lru_cache(maxsize=PATHS_REMEMBERED_MAX)
def normal_path(path: str) -> str:
    """
    One spelling for one place: what two reports of the same file have in common.

    URLs lose credentials, query and fragment (tokens rotate); `file:` URLs become paths; Windows
    paths get forward slashes and a lower-case drive; dots, doubled slashes and Unicode composition
    are evened out.
    """
    url = _URL.match(path)
    if url is None:
        return _normal_local(path)
    scheme, authority, place = url[1].lower(), url[2].rpartition("@")[2].lower(), url[3]
    if scheme == "file":
        return _path_of_file_url(authority, unquote(place))
    return unicodedata.normalize("NFC", f"{scheme}://{authority.removesuffix(':')}{place}")


def _path_of_file_url(host: str, place: str) -> str:
    if host not in {"", "localhost"}:
        return _normal_local(f"//{host}{place}")
    return _normal_local(place[1:] if _DRIVE_IN_URL.match(place) else place or "/")


def _normal_local(path: str) -> str:
    windows = path[1:3] in {":\\", ":/"}
    if windows or path.startswith("\\\\"):
        path = path.replace("\\", "/")
    if windows:
        path = path[0].lower() + path[1:]
    return unicodedata.normalize("NFC", posixpath.normpath(path))


def normal_name(name: str) -> str:
    """A file name in composed Unicode: macOS and Linux spell the same accent differently."""
    return unicodedata.normalize("NFC", name)


def file_name(path: str) -> str:
    """The last component of a normalised path or URL."""
    return path.rstrip("/").rpartition("/")[2] or path


def media_key(identity: Identity) -> str:
    """The key under which a position is kept: the one given, else the path, else the bare name."""
    if identity.media:
        return identity.media
    if identity.path:
        return normal_path(identity.path)
    return NAME_KEY_PREFIX + normal_name(identity.name)


def match(wanted: Identity, known: Identity) -> MatchedBy | None:
    """
    Why `known` is the file that `wanted` asks for, or None when nothing says so.

    The rules, strongest first: an equal key; an equal content fingerprint; an equal path; an equal
    name where nothing contradicts it (size, duration, or another path on the same device).
    """
    if wanted.media is not None or known.media == media_key(wanted):
        return _matched_key(wanted, known)
    if wanted.fingerprint and known.fingerprint:
        return "fingerprint" if wanted.fingerprint == known.fingerprint else None
    if wanted.path and known.path and normal_path(wanted.path) == normal_path(known.path):
        return "path"
    return "name" if _names_agree(wanted, known) else None


def _matched_key(wanted: Identity, known: Identity) -> MatchedBy | None:
    if known.media != media_key(wanted):
        return None
    if wanted.media is None and wanted.path is None:
        return "name"
    return "media" if wanted.media is not None else "path"


def _names_agree(wanted: Identity, known: Identity) -> bool:
    if normal_name(wanted.name) != normal_name(known.name):
        return False
    if wanted.size_bytes and known.size_bytes and wanted.size_bytes != known.size_bytes:
        return False
    if wanted.duration_s and known.duration_s:
        difference_s = abs(wanted.duration_s - known.duration_s)
        return difference_s <= DURATION_TOLERANCE_S and not _elsewhere_on_same_device(wanted, known)
    return not _elsewhere_on_same_device(wanted, known)


def _elsewhere_on_same_device(wanted: Identity, known: Identity) -> bool:
    """Two paths on one device are two files, even with one name."""
    if not (wanted.path and known.path and wanted.device):
        return False
    return wanted.device == known.device


def same_folder_name(one: Identity, other: Identity) -> bool:
    """
    Whether the folders that hold two files are called alike: tells `S01/01.mkv` from `S02/01.mkv`.
    """
    return _folder_name(one) == _folder_name(other) != ""


def _folder_name(identity: Identity) -> str:
    if not identity.path:
        return ""
    return file_name(posixpath.dirname(normal_path(identity.path)))
