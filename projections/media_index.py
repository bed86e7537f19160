"""
What lies in a project for other programs to read: `index.json` and `_manifest/files.jsonl`.

They are views like all others: made from the log, in the shape media-sync-api gave them.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from projections.media_facts import Facts
from projections.media_files import LibraryFile
from projections.media_names import asset_id, asset_uuid
from projections.media_sources import Project
from projections.moments import moment_text

UPLOADS = frozenset({"upload", "compose"})
"""What media-sync-api called so: the others were indexed."""


def index_entry(row: LibraryFile) -> dict[str, Any]:
    """A file as `index.json` holds it; sizes in bytes."""
    file = row.file
    when = "uploaded_at" if row.how in UPLOADS else "indexed_at"
    return {
        "relative_path": file.path,
        "sha256": file.sha256,
        "size": file.size_bytes,
        when: moment_text(file.added_ns),
    }


def counts(project: Project) -> dict[str, int]:
    """The counts of a project; `videos` counts every kind of media, as it always did."""
    return {
        "videos": project.files_count,
        "duplicates_skipped": project.duplicates_count,
        "removed_missing_records": project.removed_count,
    }


def index_document(project: Project, rows: Sequence[LibraryFile]) -> dict[str, Any]:
    """What `index.json` says; `seq` is the event up to which it does."""
    return {
        "project": project.project,
        "notes": project.notes,
        "created_at": moment_text(project.created_ns),
        "files": [index_entry(row) for row in rows],
        "counts": counts(project),
        "seq": project.seq,
    }


def index_text(project: Project, rows: Sequence[LibraryFile]) -> bytes:
    """`index.json`: indented, with sorted keys."""
    document = msgspec.json.encode(index_document(project, rows), order="sorted")
    return msgspec.json.format(document, indent=2) + b"\n"


class _Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of `files.jsonl`. Large libraries have many: a struct is twice as fast as a dict."""

    relative_path: str
    sha256: str
    size: int
    uploaded_at: str | UnsetType = UNSET
    indexed_at: str | UnsetType = UNSET
    asset_id: str
    asset_uuid: str
    kind: str
    mtime_ns: int
    tags: tuple[str, ...]
    facts: Facts | UnsetType = UNSET


_LINES = msgspec.json.Encoder(order="sorted")


def listing_text(rows: Sequence[LibraryFile]) -> bytes:
    """`files.jsonl`: one line per file, with all that is known of it."""
    return _LINES.encode_lines([_line(row) for row in rows])


def _line(row: LibraryFile) -> _Line:
    file = row.file
    came_at, is_upload = moment_text(file.added_ns), row.how in UPLOADS
    return _Line(
        relative_path=file.path,
        sha256=file.sha256,
        size=file.size_bytes,
        uploaded_at=came_at if is_upload else UNSET,
        indexed_at=UNSET if is_upload else came_at,
        asset_id=asset_id(file.sha256),
        asset_uuid=asset_uuid(file.sha256),
        kind=file.kind,
        mtime_ns=file.mtime_ns,
        tags=file.tags,
        facts=UNSET if file.facts is None else file.facts,
    )
