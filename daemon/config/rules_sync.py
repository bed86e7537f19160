"""
Rules for Jellyfin servers, paths and users: what single types cannot say about them.

Keys are told by number, `jellyfin[2].url`, counted from 1.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from daemon.config.keys import credential_name_in, environment_name_in
from daemon.config.settings import Settings
from daemon.config.sync import SERVER_NAME, JellyfinServer

NAME_SHAPE = (
    "must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter or a"
    " digit"
)

_WHOLE_PATH = re.compile(r"/|\\\\|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*://")
"""How a whole path begins: on Unix, on a Windows share or drive, or as a URL."""


def is_whole_path(path: str) -> bool:
    """Whether a path begins at a root, be it a folder, a drive or a host."""
    return bool(_WHOLE_PATH.match(path))


def problems_in_sync(settings: Settings) -> Iterator[tuple[str, str]]:
    """Pairs of key and sentence for everything wrong about servers, paths and users."""
    for number, server in enumerate(settings.jellyfin, start=1):
        for name, sentence in _server(server):
            yield f"jellyfin[{number}].{name}", sentence
    names = [server.name.casefold() for server in settings.jellyfin]
    for number in repeated(names):
        sentence = "is the name of another server too; names must differ in more than case"
        yield f"jellyfin[{number}].name", sentence
    yield from (("sync.player_paths", told) for told in _paths(settings.sync.player_paths))
    for number, policy in enumerate(settings.path_policy, start=1):
        if not is_whole_path(policy.prefix):
            yield f"path_policy[{number}].prefix", "must be a whole path such as /media/films"
    for number in repeated([_trimmed(policy.prefix) for policy in settings.path_policy]):
        yield f"path_policy[{number}].prefix", "has another policy already; one prefix needs one"


def repeated(values: Iterable[str]) -> Iterator[int]:
    """The numbers, from 1, of values that came before; an empty one is none."""
    seen: set[str] = set()
    for number, value in enumerate(values, start=1):
        if value and value in seen:
            yield number
        seen.add(value)


def _trimmed(prefix: str) -> str:
    """A prefix without the slash at its end, which changes nothing."""
    return prefix.rstrip("/\\") or prefix


def _server(server: JellyfinServer) -> Iterator[tuple[str, str]]:
    if not SERVER_NAME.fullmatch(server.name):
        yield "name", NAME_SHAPE
    yield from (("url", told) for told in _url(server.url))
    if not server.api_key:
        yield "api_key", _lacking_key(server.name)
    yield from (("paths", told) for told in _paths(server.paths))
    yield from (("users", told) for told in _users(server.users))


def _lacking_key(name: str) -> str:
    if not SERVER_NAME.fullmatch(name):
        return "is missing or empty: set api_key_file"
    variable = environment_name_in("jellyfin", name, "api_key")
    credential = credential_name_in("jellyfin", name, "api_key")
    return f"is missing or empty: set api_key_file, {variable} or the credential {credential}"


def _url(url: str) -> Iterator[str]:
    """No sentence repeats the URL: what is wrong with it may be a password inside."""
    shape = "must be http://host[:port][/path], or the same with https"
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        yield shape
        return
    if not good or not url.isprintable() or set(" \\") & set(url):
        yield shape
    if "@" in parts.netloc:
        yield "must not hold a user or a password: the API key is enough"
    if "?" in url or "#" in url:
        yield "must end with the path: there must be no ? and no #"


def _paths(paths: Mapping[str, str]) -> Iterator[str]:
    for prefix, shared in paths.items():
        if not prefix.strip():
            yield f"an empty prefix leads to {shared!r}: say which prefix that replaces"
        if not is_whole_path(shared):
            yield f"{prefix!r} must lead to a whole path such as /media/films, not to {shared!r}"


def _users(users: Mapping[str, str]) -> Iterator[str]:
    for there, here in users.items():
        if not there.strip() or not here.strip():
            yield f"{there!r} = {here!r} lacks a name"
    names = list(users)
    for number in repeated([name.casefold() for name in names]):
        yield f"{names[number - 1]!r} is there twice; case does not count"
