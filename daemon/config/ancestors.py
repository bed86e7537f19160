"""
Environment names of the programs that Playhead takes the place of: they keep their meaning, so
that a container or unit file made for one of them works unchanged.
"""

from collections.abc import Callable, Iterator, Mapping

from daemon.config.gathering import Gathering

BYTES_PER_MB = 1_048_576

SAME_MEANING = {
    "BASIC_AUTH_USER": "auth.user",
    "BASIC_AUTH_PASS": "auth.password",
    "GC_SCHEDULE": "gc.schedule",
    "PROJECT_ROOT": "media.projects_root",
    "MEDIA_SYNC_PROJECTS_ROOT": "media.projects_root",
    "MEDIA_SYNC_AUTO_REINDEX_INTERVAL_SECONDS": "media.sweep_every_s",
    "MEDIA_SYNC_TEMP_ROOT": "media.temp_root",
    "MEDIA_SYNC_THUMB_MAX_W": "media.thumbnail_width",
    "MEDIA_SYNC_THUMB_TIMEOUT_S": "media.tool_timeout_s",
    "MEDIA_SYNC_THUMB_SEEK_S": "media.thumbnail_seek_s",
}
"""TimestampSync's and media-sync-api's names whose values are taken as they are."""


def _bytes_of_mb(text: str) -> str:
    return str(int(text) * BYTES_PER_MB) if text.strip().isdigit() else text


def _is_on(text: str) -> str:
    return "false" if text.strip() in {"0", "false", "False"} else "true"


def _origins(text: str) -> str:
    """media-sync-api read them and never used them; a star would open the daemon to every page."""
    return ",".join(part for part in text.split(",") if part.strip() != "*")


_TRANSLATED: dict[str, tuple[str, Callable[[str], str]]] = {
    "MEDIA_SYNC_MAX_UPLOAD_MB": ("media.upload_bytes_max", _bytes_of_mb),
    "MEDIA_SYNC_AUTO_REINDEX": ("media.watch", _is_on),
    "MEDIA_SYNC_CORS_ORIGINS": ("server.allowed_origins", _origins),
}

_MARK = "MEDIA_SYNC_"
PORT_DEFAULT = "8787"


def read_ancestors(gathering: Gathering, environment: Mapping[str, str]) -> None:
    """Takes what the environment says in the words of an ancestor."""
    for name, key in SAME_MEANING.items():
        if name in environment:
            gathering.put(key, environment[name], f"the environment ({name})")
    for name, (key, translate) in _TRANSLATED.items():
        if name in environment:
            gathering.put(key, translate(environment[name]), f"the environment ({name})")
    for name, bind in _bind(environment):
        gathering.put("server.bind", bind, f"the environment ({name})")


def _bind(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """
    media-sync-api listened on every address. PORT is everybody's name: it counts only where its
    other names are set.
    """
    names = ["MEDIA_SYNC_PORT", "MEDIA_SYNC_HOST"]
    if any(name.startswith(_MARK) for name in environment):
        names.append("PORT")
    said = next((name for name in names if name in environment), None)
    if said is not None:
        host = environment.get("MEDIA_SYNC_HOST", "0.0.0.0")  # noqa: S104 - as it did; needs a user
        port = environment.get("MEDIA_SYNC_PORT") or environment.get("PORT") or PORT_DEFAULT
        yield said, f"{host}:{port}"
