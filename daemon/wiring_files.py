"""
From settings to the keeper of files: paths are made absolute, units are those of the adapter.
"""

from pathlib import Path

from adapters.files.keeper import Keeper
from adapters.files.settings import FileSettings
from adapters.ports import Desk
from daemon.config import Settings
from daemon.telemetry.metrics import Metrics
from projections.envelope import NANOS_PER_SECOND

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 86_400


def keeper_of(settings: Settings, desk: Desk, data: Path, *, metrics: Metrics) -> Keeper:
    """The keeper of the files of all sources."""
    return Keeper(desk, file_settings(settings, data.absolute()), count=metrics.count)


def file_settings(settings: Settings, data: Path) -> FileSettings:
    """What the keeper is told; `data` is the data directory, as an absolute path."""
    media = settings.media
    return FileSettings(
        primary_root=Path(media.projects_root).absolute()
        if media.projects_root
        else data / "projects",
        makes_primary_root=not media.projects_root,
        allowed_roots=tuple(Path(root).absolute() for root in media.allowed_roots),
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
