"""
What media-sync-api left in a project about its files: tags, by content.
"""

from collections.abc import Iterable

import msgspec

from adapters.disk.errors import Missing
from adapters.files.roots import Root
from projections.errors import PlayheadError
from projections.media_names import is_tag, normal_tags

FOLDER = "ingest/_metadata"
NOTE_BYTES_MAX = 64 * 1024

TAGS_MAX = 100
"""Of one file; what a program wrote there by mistake is not all taken over."""


class _Tags(msgspec.Struct, frozen=True):
    manual: list[str] = []


class _Note(msgspec.Struct, frozen=True):
    """The part of a note that nothing but a person can say."""

    tags: _Tags = msgspec.field(default_factory=_Tags)


def tags_before_us(root: Root, project: str, contents: Iterable[str]) -> dict[str, set[str]]:
    """The tags that people gave to contents before Playhead knew of them, by hash."""
    try:
        with root.folder(project, FOLDER):
            pass
    except Missing:
        return {}
    found = {sha256: _noted(root, project, sha256) for sha256 in contents}
    return {sha256: set(tags) for sha256, tags in found.items() if tags}


def _noted(root: Root, project: str, sha256: str) -> tuple[str, ...]:
    """A note that cannot be read says nothing."""
    try:
        data = root.read(project, f"{FOLDER}/{sha256}.json", size_bytes_max=NOTE_BYTES_MAX)
        noted = msgspec.json.decode(data, type=_Note).tags.manual
        return tuple(tag for tag in normal_tags(noted) if is_tag(tag))[:TAGS_MAX]
    except (PlayheadError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
