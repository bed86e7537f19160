"""
What a file is called on the wire: its Content-Type and its Content-Disposition.

Only what a browser can merely show or play has a type of its own here. All else is sent as bytes to
be saved: a page or a drawing that somebody uploaded must not run in the name of this server.
The table is ours because the machine's differs from one to the next.
"""

import unicodedata
from pathlib import PurePosixPath
from typing import Literal, TypeAlias
from urllib.parse import quote

UNKNOWN = "application/octet-stream"

NAME_CHARACTERS_MAX = 255
"""Of a file name on the usual file systems."""

Disposition: TypeAlias = Literal["inline", "attachment"]

PASSIVE: dict[str, str] = {
    # video
    "3g2": "video/3gpp2",
    "3gp": "video/3gpp",
    "avi": "video/x-msvideo",
    "braw": "video/x-braw",
    "flv": "video/x-flv",
    "m2ts": "video/mp2t",
    "m2v": "video/mpeg",
    "m4v": "video/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "mts": "video/mp2t",
    "mxf": "application/mxf",
    "ogv": "video/ogg",
    "r3d": "video/x-r3d",
    "ts": "video/mp2t",
    "webm": "video/webm",
    "wmv": "video/x-ms-wmv",
    # audio
    "aac": "audio/aac",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mka": "audio/x-matroska",
    "mp3": "audio/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "wma": "audio/x-ms-wma",
    # pictures
    "avif": "image/avif",
    "bmp": "image/bmp",
    "cr2": "image/x-canon-cr2",
    "cr3": "image/x-canon-cr3",
    "arw": "image/x-sony-arw",
    "dng": "image/x-adobe-dng",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jxl": "image/jxl",
    "nef": "image/x-nikon-nef",
    "png": "image/png",
    "raf": "image/x-fuji-raf",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "webp": "image/webp",
    # words to a film
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
}
"""
By extension, in lower case. Matroska is registered without `x-` (RFC 9559), but more clients know
it with.
"""

_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
"""What RFC 8187 leaves as it is, besides letters and digits."""


def media_type(name: str) -> str:
    """The Content-Type of a file of this name; `UNKNOWN` for all that could be active content."""
    return PASSIVE.get(PurePosixPath(name).suffix.removeprefix(".").lower(), UNKNOWN)


def content_disposition(name: str, wanted: Disposition) -> str:
    """
    The header with the file's name (RFC 6266), in ASCII for the old and in full (RFC 8187) where
    that is not all of it. What is not passive is an attachment, whatever was wanted.
    """
    kind = "attachment" if media_type(name) == UNKNOWN else wanted
    plain = _plain(name)
    header = f'{kind}; filename="{plain}"'
    if plain == name:
        return header
    # Names that are not UTF-8 on disk have lone surrogates here; no header can carry those.
    full = quote(name.encode("utf-8", "replace"), safe=_ATTRIBUTE_CHARACTERS)
    return f"{header}; filename*=UTF-8''{full}"


def _plain(name: str) -> str:
    """The nearest name that stands in quotes without an escape that some clients misread."""
    bare = "".join(
        character
        for character in unicodedata.normalize("NFKD", name)
        if not unicodedata.combining(character)
    )
    kept = "".join(
        character if " " <= character <= "~" and character not in '"\\%/' else "_"
        for character in bare
    )
    return kept[:NAME_CHARACTERS_MAX] or "file"
