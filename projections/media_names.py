"""
Rules of names: projects, folders and files inside them, and what a file is by its name.

A project is a directory of a source's root. What it holds is addressed by relative POSIX paths, and
none of the names that pass here can leave the project, hide in it or surprise another system.
"""

import hashlib
import re
import unicodedata
import uuid
from typing import Literal, TypeAlias

from projections.errors import Rejected

Kind: TypeAlias = Literal["video", "audio", "image", "other"]

NAME_BYTES_MAX = 255
"""What filesystems allow."""

PATH_BYTES_MAX = 1_024
LABEL_CHARACTERS_MAX = 100
TAG_CHARACTERS_MAX = 100

ORIGINALS = "ingest/originals"
EXPORTS = "exports"
INDEX_FILE = "index.json"
LISTING_FILE = "_manifest/files.jsonl"

_VIDEO = "mp4 mov m4v mkv webm avi mts m2ts ts mxf mpg mpeg wmv 3gp ogv flv braw r3d"
_AUDIO = "mp3 wav flac aac m4a ogg opus aif aiff wma"
_IMAGE = "jpg jpeg png gif webp heic heif avif tif tiff bmp dng cr2 cr3 nef arw raf orf rw2"

KINDS: dict[str, Kind] = {
    **dict.fromkeys(_VIDEO.split(), "video"),
    **dict.fromkeys(_AUDIO.split(), "audio"),
    **dict.fromkeys(_IMAGE.split(), "image"),
}
"""What a file is by its extension, in lower case and without the dot."""

_INTERNAL_PLACES = ("_manifest", "ingest/_metadata", "ingest/thumbnails")
_UNFINISHED = re.compile(
    r"(?i)\.(part|partial|tmp|crdownload|download|filepart|lock)$|\.tmp\.|\.bak\."
)
_SEQUENCE = re.compile(r"P(\d{1,9})-.+")
_NOT_IN_A_SLUG = re.compile(r"[^A-Za-z0-9._-]+")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"})
_DASHES = re.compile(r"-{2,}")
_WINDOWS_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_WINDOWS_CHARACTERS = frozenset('<>:"|?*\\')

_ASSET_UUIDS = hashlib.sha1(uuid.NAMESPACE_URL.bytes + b"media-sync-api:", usedforsecurity=False)
"""media-sync-api made its asset UUIDs from this and the hash; ours are the same."""

_UUID_5_BITS = uuid.UUID(int=0, version=5).int
_UUID_FREE_BITS = ~(0xF << 76 | 0x3 << 62)


def kind_of(name: str) -> Kind:
    """What a file is, by its extension."""
    _, dot, extension = name.rpartition(".")
    return KINDS.get(extension.lower(), "other") if dot else "other"


def is_media(name: str) -> bool:
    """Whether a file is indexed when it is found: known by extension, and finished."""
    return kind_of(name) != "other" and not _UNFINISHED.search(name) and not name.startswith(".")


def is_internal(relative: str) -> bool:
    """Whether a path inside a project is the keeper's own, or hidden: never media, never served."""
    if relative.startswith(".") or "/." in relative or relative == INDEX_FILE:
        return True
    return any(relative == place or relative.startswith(f"{place}/") for place in _INTERNAL_PLACES)


def is_hidden_project(name: str) -> bool:
    """Whether a directory of a root is none of the projects."""
    return name.startswith(("_", ".")) or name in {"", "lost+found", "@eaDir", "#recycle"}


def check_relative(path: str) -> str:
    """
    The path, if it is one inside a project.

    Raises:
        Rejected: it is absolute, leaves the project, or no system would take it.
    """
    if not path or path.startswith("/") or len(path.encode("utf-8", "replace")) > PATH_BYTES_MAX:
        raise _bad(path, "is no relative path of 1 to 1,024 bytes")
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            raise _bad(path, "has a part that is empty, '.' or '..'")
        _check_part(path, part)
    return path


def _check_part(path: str, part: str) -> None:
    try:
        size_bytes = len(part.encode())
    except UnicodeEncodeError as error:
        raise _bad(path, "is not valid Unicode") from error
    if size_bytes > NAME_BYTES_MAX:
        raise _bad(path, f"has a part of more than {NAME_BYTES_MAX} bytes")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in part):
        raise _bad(path, "holds a control character")


def _bad(path: str, why: str) -> Rejected:
    shown = path if len(path) <= LABEL_CHARACTERS_MAX else path[:LABEL_CHARACTERS_MAX] + "…"
    return Rejected(f"The path {shown!r} {why}.", hint="Name a file inside the project.")


def check_file_name(name: str) -> str:
    """
    The name under which an uploaded file is kept: composed Unicode, without spaces around it.

    Raises:
        Rejected: some system this file may travel to could not take it.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if "/" in name or "\\" in name or name in {"", ".", ".."}:
        raise _bad_name(name, "is no plain file name")
    _check_part(name, name)
    if name.startswith("."):
        raise _bad_name(name, "begins with a dot, which would hide it")
    if _WINDOWS_DEVICES.fullmatch(name):
        raise _bad_name(name, "is the name of a device on Windows")
    if name.endswith("."):
        raise _bad_name(name, "ends with a dot, which Windows drops")
    unfit = sorted(_WINDOWS_CHARACTERS.intersection(name))
    if unfit:
        raise _bad_name(name, f"holds {' '.join(unfit)}, which Windows cannot keep")
    if name == INDEX_FILE or _UNFINISHED.search(name):
        raise _bad_name(name, "is kept for unfinished files and for Playhead's own")
    return name


def _bad_name(name: str, why: str) -> Rejected:
    shown = name if len(name) <= LABEL_CHARACTERS_MAX else name[:LABEL_CHARACTERS_MAX] + "…"
    return Rejected(f"The file name {shown!r} {why}.", hint="Rename the file and send it again.")


def check_folder(path: str) -> str:
    """
    A folder inside a project that may be written to.

    Raises:
        Rejected: it is no such path, or one of the keeper's own.
    """
    check_relative(path)
    for part in path.split("/"):
        check_file_name(part)
    if is_internal(path):
        raise Rejected(f"{path!r} is kept for Playhead's own files.", hint="Name another folder.")
    return path


def check_project(name: str) -> str:
    """
    The name of a project that may exist already: whatever a directory can be called, but for what
    is hidden.

    Raises:
        Rejected: no project can have this name.
    """
    hint = "GET /api/projects lists the projects there are."
    if "/" in name or "\\" in name or name in {".", ".."} or is_hidden_project(name):
        raise Rejected(f"{name[:LABEL_CHARACTERS_MAX]!r} is no project name.", hint=hint)
    _check_part(name, name)
    return name


def project_name(label: str | None, taken: list[str]) -> str:
    """
    The name of a new project: `P7-Label` stands as it is, any other label gets the next number and
    becomes a slug.

    Args:
        label: as somebody typed it, or nothing.
        taken: the names of the projects there are.

    Raises:
        Rejected: nothing of the label can stand in a name.
    """
    label = unicodedata.normalize("NFC", label or "").strip()
    if len(label) > LABEL_CHARACTERS_MAX:
        message = f"A project's name may have {LABEL_CHARACTERS_MAX} characters."
        raise Rejected(message, hint="Choose a shorter one.")
    if _SEQUENCE.fullmatch(label) and slug(label) == label:
        return label
    number = 1 + max((_number(name) for name in taken), default=0)
    words = slug(label) if label else "Project"
    if not words:
        message = f"Nothing of {label!r} can stand in a project's name."
        raise Rejected(message, hint="Use letters and digits.")
    return f"P{number}-{words}"


def _number(name: str) -> int:
    found = _SEQUENCE.fullmatch(name)
    return int(found[1]) if found else 0


def slug(label: str) -> str:
    """A label as part of a directory name: ASCII letters, digits, dots and dashes."""
    plain = unicodedata.normalize("NFKD", label.translate(_LETTERS))
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return _DASHES.sub("-", _NOT_IN_A_SLUG.sub("-", plain)).strip("-._")


def asset_id(sha256: str) -> str:
    """The content's name."""
    return f"sha256:{sha256}"


def asset_uuid(sha256: str) -> str:
    """
    The content's name as a UUID, the same that media-sync-api gave it: `uuid5` of it as a URL, but
    five times as fast, because listings need thousands.
    """
    state = _ASSET_UUIDS.copy()
    state.update(sha256.encode())
    number = int.from_bytes(state.digest()[:16])
    text = f"{number & _UUID_FREE_BITS | _UUID_5_BITS:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def numbered(name: str, number: int) -> str:
    """The name a file gets when its own is taken: `clip_2.mov`."""
    stem, dot, extension = name.rpartition(".")
    return f"{stem}_{number}.{extension}" if dot and stem else f"{name}_{number}"


def normal_tags(tags: list[str]) -> tuple[str, ...]:
    """Tags as they are kept: trimmed, lower case, each once, sorted."""
    return tuple(sorted({tag for tag in (_tag(each) for each in tags) if tag}))


def is_tag(text: str) -> bool:
    """Whether a tag in normal form can be kept."""
    return 0 < len(text) <= TAG_CHARACTERS_MAX and text.isprintable()


def _tag(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).lower().split())
