"""
The headers of the tus resumable upload protocol 1.0.0 (tus.io), read and written. Pure.

A refusal is the status that the protocol wants for it, with a sentence; what the protocol leaves
open is a 400.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec

from daemon.web.problems import HTTPProblem
from projections.envelope import NANOS_PER_SECOND, Nanos

VERSION = "1.0.0"

EXTENSIONS = ("creation", "creation-with-upload", "expiration", "checksum", "termination")

OFFSET_TYPE = "application/offset+octet-stream"
"""The Content-Type of every body."""

ALGORITHMS = ("sha1", "sha256", "md5")

MISMATCH = 460
"""Checksum Mismatch, which is tus's own status."""

METADATA_CHARACTERS_MAX = 8_192
"""A file name of 255 characters in four bytes each, in Base64, is 1,360 of them."""

NUMBER_DIGITS_MAX = 18
"""Below 2 to the power of 63."""

NANOS_PER_MILLISECOND = 1_000_000

MTIME_MS_MAX = 253_402_300_799_000
"""The end of the year 9999."""

RESUMABLE = {"Tus-Resumable": VERSION}
"""On every answer but that to OPTIONS."""

_NUMBER = re.compile(r"[0-9]+", re.ASCII)
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a client says of the file it is about to send, in Upload-Metadata.

    Attributes:
        text: the header as it came.
        name: as it was sent, which is not yet safe to use.
        source: None for the primary one.
        mtime_ns: when the file was last written where it comes from.
        sha256: what its content will be; empty when that was not said.
        batch: empty when it belongs to none.
    """

    text: str
    name: str
    project: str
    source: str | None
    mtime_ns: Nanos | None
    sha256: str
    batch: str


class Checksum(msgspec.Struct, frozen=True):
    """What the body of a request has to be."""

    algorithm: str
    digest: bytes

    def hasher(self) -> "hashlib._Hash":
        """An empty hash of that kind."""
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def is_of(self, hasher: "hashlib._Hash") -> bool:
        """Whether these are the bytes that were meant."""
        return hmac.compare_digest(self.digest, hasher.digest())


def check_version(header: str | None) -> None:
    """
    Raises:
        HTTPProblem: 412, the client speaks another version, or does not say.
    """
    if header != VERSION:
        said = "does not say which version of tus it speaks" if not header else "speaks another tus"
        hint = f"Send Tus-Resumable: {VERSION}."
        headers = {"Tus-Version": VERSION}
        raise HTTPProblem(412, f"The request {said}.", hint=hint, headers=headers)


def check_type(header: str | None) -> None:
    """
    Raises:
        HTTPProblem: 415, the body is not what tus sends.
    """
    if (header or "").partition(";")[0].strip().lower() != OFFSET_TYPE:
        sentence = "The bytes of an upload need another Content-Type."
        raise HTTPProblem(415, sentence, hint=f"Send Content-Type: {OFFSET_TYPE}.")


def upload_length(headers: Mapping[str, str], *, size_max: int) -> int:
    """
    How large the file will be.

    Raises:
        HTTPProblem: 400, it does not say; 413, it is too large.
    """
    if "upload-length" not in headers:
        hint = "Send Upload-Length with its size in bytes; Upload-Defer-Length is not offered."
        raise HTTPProblem(400, "The request does not say how large the file is.", hint=hint)
    length = _number("Upload-Length", headers["upload-length"])
    if length > size_max:
        hint = "Send a smaller file, or have media.upload_bytes_max raised."
        raise HTTPProblem(413, f"The file is larger than {size_max} bytes.", hint=hint)
    return length


def upload_offset(headers: Mapping[str, str]) -> int:
    """
    Where in the file the body belongs.

    Raises:
        HTTPProblem: 400, it does not say.
    """
    if "upload-offset" not in headers:
        hint = "Send the Upload-Offset that a HEAD request answers."
        raise HTTPProblem(400, "The request does not say where its bytes belong.", hint=hint)
    return _number("Upload-Offset", headers["upload-offset"])


def _number(name: str, text: str) -> int:
    text = text.strip()
    if not _NUMBER.fullmatch(text) or len(text.lstrip("0")) > NUMBER_DIGITS_MAX:
        hint = "Send a whole number of bytes, not below 0."
        raise HTTPProblem(400, f"{name} is {text[:64]!r}, which is no number of bytes.", hint=hint)
    return int(text)


def checksum(header: str | None) -> Checksum | None:
    """
    What Upload-Checksum says of the body.

    Raises:
        HTTPProblem: 400, it is of an unknown kind, or none.
    """
    if header is None:
        return None
    algorithm, _, encoded = header.strip().partition(" ")
    hint = f"Send one of {', '.join(ALGORITHMS)}, a space, and the digest in Base64."
    if algorithm not in ALGORITHMS:
        raise HTTPProblem(400, f"The checksum {algorithm[:64]!r} is not offered.", hint=hint)
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise HTTPProblem(400, "The checksum is not in Base64.", hint=hint) from error
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise HTTPProblem(400, f"The checksum is none of {algorithm}.", hint=hint)
    return Checksum(algorithm, digest)


def metadata(header: str) -> dict[str, str]:
    """
    The pairs of Upload-Metadata.

    Raises:
        HTTPProblem: 400, it has another form.
    """
    if len(header) > METADATA_CHARACTERS_MAX:
        raise _bad(f"is longer than {METADATA_CHARACTERS_MAX} characters")
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, encoded = pair.strip(" ").partition(" ")
        if not _KEY.fullmatch(key):
            raise _bad("has a key that is empty or not in ASCII")
        if key in found:
            raise _bad(f"says {key!r} twice")
        found[key] = _decoded(key, encoded.strip(" "))
    return found


def _decoded(key: str, encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise _bad(f"has a value of {key!r} that is not UTF-8 in Base64") from error


def _bad(why: str) -> HTTPProblem:
    hint = "Send pairs of a key and a value in Base64, with commas between the pairs."
    return HTTPProblem(400, f"Upload-Metadata {why}.", hint=hint)


def announcement(header: str) -> Announcement:
    """
    What a client says of its file.

    Raises:
        HTTPProblem: 400, something is missing or makes no sense.
    """
    pairs = metadata(header)
    name, project = pairs.get("filename") or pairs.get("name", ""), pairs.get("project", "")
    if not name:
        raise _missing("filename", "what the file is called")
    if not project:
        raise _missing("project", "which project the file belongs to")
    return Announcement(
        text=header,
        name=name,
        project=project,
        source=pairs.get("source") or None,
        mtime_ns=mtime_ns(pairs.get("mtime", "")),
        sha256=sha256(pairs.get("sha256", "")),
        batch=pairs.get("batch_id", ""),
    )


def _missing(key: str, what: str) -> HTTPProblem:
    hint = f"Add the key {key} to Upload-Metadata."
    return HTTPProblem(400, f"Upload-Metadata does not say {what}.", hint=hint)


def mtime_ns(text: str) -> Nanos | None:
    """
    The moment that a browser calls a file's `lastModified`, in milliseconds since 1970; None when
    nothing was said.

    Raises:
        HTTPProblem: 400, it is none.
    """
    text = text.strip()
    if not text:
        return None
    whole = text.partition(".")[0]
    if not _NUMBER.fullmatch(whole) or len(whole) > NUMBER_DIGITS_MAX or int(whole) > MTIME_MS_MAX:
        hint = "Send milliseconds since 1970, as a browser's File.lastModified is."
        raise HTTPProblem(400, f"mtime is {text[:64]!r}, which is no moment.", hint=hint)
    return int(whole) * NANOS_PER_MILLISECOND


def sha256(text: str) -> str:
    """
    A SHA-256 as it is kept: 64 hexadecimal digits in lower case; empty when nothing was said.

    Raises:
        HTTPProblem: 400, it is none.
    """
    plain = text.strip().removeprefix("sha256:")
    if plain and not _SHA256.fullmatch(plain):
        hint = "Send 64 hexadecimal digits, or leave it out."
        raise HTTPProblem(400, f"sha256 is {text[:80]!r}, which is no such hash.", hint=hint)
    return plain.lower()


def http_date(moment: Nanos) -> str:
    """A moment as Upload-Expires tells it."""
    seconds = moment // NANOS_PER_SECOND
    return format_datetime(datetime.fromtimestamp(seconds, tz=UTC), usegmt=True)
