"""
From settings to the keeper of files: paths are made absolute, units are those of the adapter.
"""

from pathlib import Path

from adapters.files.keeper import Keeper
from adapters.files.settings import FileSettings
from adapters.ports import Desk
from daemon.config import Settings
from daemon.errors import StartupRefused
from daemon.telemetry.metrics import Metrics
from projections.envelope import NANOS_PER_SECOND
from projections.media_names import is_hidden_project

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 86_400


def keeper_of(settings: Settings, desk: Desk, data: Path, *, metrics: Metrics) -> Keeper:
    """
    The keeper of the files of all sources.

    Raises:
        StartupRefused: the data directory would be one of the projects.
    """
    told = file_settings(settings, data.absolute())
    refuse_data_as_project(told)
    return Keeper(desk, told, count=metrics.count)


def refuse_data_as_project(settings: FileSettings) -> None:
    """
    What lies in a project is served to whoever may see files; the log and the credentials must not.

    Raises:
        StartupRefused: the data directory lies in the root of the primary source, and is not hidden
            there.
    """
    root, data = settings.primary_root.resolve(), settings.data.resolve()
    if not data.is_relative_to(root):
        return
    inside = data.relative_to(root).parts
    if not inside or not is_hidden_project(inside[0]):
        message = f"The data directory {data} lies in media.projects_root and would be served."
        hint = "Use another directory for one of them, or give it a name that begins with a dot."
        raise StartupRefused(message, hint=hint)


def file_settings(settings: Settings, data: Path) -> FileSettings:
    """What the keeper is told; `data` is the data directory, as an absolute path."""
    media = settings.media
    return FileSettings(
        primary_root=Path(media.projects_root).absolute()
        if media.projects_root
        else data / "projects",
        makes_primary_root=not media.projects_root,
        allowed_roots=tuple(Path(root).absolute() for root in media.allowed_roots),
        data=data,
        thumbnails=data / "thumbnails",
        temporary=Path(media.temp_root).absolute() if media.temp_root else data / "temporary",
        file_mode=int(media.file_mode, 8),
        free_bytes_min=media.free_bytes_min,
        is_watching=media.watch,
        sweep_every_s=media.sweep_every_s,
        stable_ns=int(media.stable_s * NANOS_PER_SECOND),
        upload_expires_ns=int(media.upload_expires_h * SECONDS_PER_HOUR * NANOS_PER_SECOND),
        thumbnail_width=media.thumbnail_width,
        thumbnail_seek_s=media.thumbnail_seek_s,
        tool_timeout_s=media.tool_timeout_s,
        compose_timeout_s=media.compose_timeout_s,
        tools_max=media.tools_max,
        trash_keep_ns=int(media.trash_keep_days * SECONDS_PER_DAY * NANOS_PER_SECOND),
    )
