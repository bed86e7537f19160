"""
What can be set about ingest: where projects are, how uploads are taken, how the disk is watched.
"""

from typing import Annotated

from msgspec import Meta, Struct

GIB = 1 << 30
DAY_S = 86_400
YEAR_DAYS = 3_660


class Media(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Ingest: projects of clips, how files get into them, how the disk is watched. The environment
    names of media-sync-api (MEDIA_SYNC_PROJECTS_ROOT and so on) are read too.
    """

    projects_root: Annotated[
        str,
        Meta(
            description="Directory whose folders are the projects of the primary source. Empty:"
            " the folder `projects` in the data directory."
        ),
    ] = ""
    allowed_roots: Annotated[
        tuple[str, ...],
        Meta(
            description="Directories under which further sources may be registered. Empty: none"
            " may."
        ),
    ] = ()
    upload_bytes_max: Annotated[
        int, Meta(ge=1, description="Largest file that may be uploaded, in bytes.")
    ] = 64 * GIB
    compose_bytes_max: Annotated[
        int, Meta(ge=1, description="Most bytes that may be uploaded to be joined, in all.")
    ] = 64 * GIB
    upload_idle_s: Annotated[
        float,
        Meta(gt=0, le=DAY_S, description="Seconds an upload may stand still before it is ended."),
    ] = 60.0
    upload_expires_h: Annotated[
        float,
        Meta(
            gt=0,
            le=24 * YEAR_DAYS,
            description="Hours after which a resumable upload that nobody went on with is given"
            " up.",
        ),
    ] = 72.0
    free_bytes_min: Annotated[
        int,
        Meta(ge=0, description="Bytes that uploads leave free on the disk; else 507 is answered."),
    ] = GIB // 4
    file_mode: Annotated[
        str,
        Meta(
            pattern="^0?[0-7]{3}$",
            description="Permissions of stored files, in octal, so that a file server and an edit"
            " suite may read them.",
        ),
    ] = "0664"
    watch: Annotated[
        bool,
        Meta(description="Whether files that appear on the disk are noticed by themselves."),
    ] = True
    sweep_every_s: Annotated[
        float,
        Meta(
            gt=0,
            le=31 * DAY_S,
            description="Seconds between one look at all directories and the next; in between the"
            " system tells of changes.",
        ),
    ] = 600.0
    stable_s: Annotated[
        float,
        Meta(
            ge=0,
            le=DAY_S,
            description="Seconds a file must have been left alone before it is taken for finished.",
        ),
    ] = 2.0
    temp_root: Annotated[
        str,
        Meta(
            description="Directory for clips that are uploaded only to be joined; outside all"
            " sources. Empty: the folder `temporary` in the data directory."
        ),
    ] = ""
    thumbnail_width: Annotated[
        int, Meta(ge=16, le=4_096, description="Width of thumbnails, in pixels.")
    ] = 640
    thumbnail_seek_s: Annotated[
        float, Meta(ge=0, le=3_600, description="Where in a clip its picture is taken, in seconds.")
    ] = 1.0
    tool_timeout_s: Annotated[
        float,
        Meta(
            gt=0,
            le=DAY_S,
            description="Seconds ffprobe or a thumbnail may take before it is ended.",
        ),
    ] = 60.0
    compose_timeout_s: Annotated[
        float, Meta(gt=0, le=31 * DAY_S, description="Seconds that joining clips may take.")
    ] = 6 * 3_600.0
    tools_max: Annotated[
        int, Meta(ge=1, le=64, description="Programs (ffprobe, ffmpeg) run at the same time.")
    ] = 2
    trash_keep_days: Annotated[
        float,
        Meta(
            ge=0,
            le=YEAR_DAYS,
            description="Days after which a file in the trash is deleted for good. 0: never.",
        ),
    ] = 0.0
