"""
multipart/form-data (RFC 7578) piece by piece: bytes in, events out. Pure.

The search for boundaries is python-multipart's. What a part is called, and how much it may say
about itself, is decided here: browsers, curl and phones each write file names in their own way.
"""

import enum
import re
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState

from daemon.web.problems import HTTPProblem

BOUNDARY_CHARACTERS_MAX = 70
"""RFC 2046 allows no more."""

HEADERS_MAX = 16
"""Per part. Clients send two or three."""

HEADER_BYTES_MAX = 4 * 1024
"""Per header: a name of 255 characters, percent-encoded from UTF-8 twice over, and more."""

FORM_TYPE = "multipart/form-data"

SENT_AS_IT_IS = frozenset({"", "7bit", "8bit", "binary"})


class PartHead(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a part says about itself.

    Attributes:
        name: of the form's field.
        filename: as it was sent, which is not yet safe to use; None for a field of text.
        content_type: as it was sent, or empty.
    """

    name: str
    filename: str | None
    content_type: str = ""


class Mark(enum.Enum):
    """What ends."""

    PART_END = enum.auto()
    FORM_END = enum.auto()


PartEvent: TypeAlias = PartHead | memoryview | Mark


class FormParser:
    """One form. Between a `PartHead` and its `PART_END` come the part's bytes, in order."""

    def __init__(self, boundary: bytes) -> None:
        self._events: list[PartEvent] = []
        self._headers: list[tuple[bytearray, bytearray]] = []
        self._is_ended = False
        self._delimiter = b"\r\n--" + boundary
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_begin": self._header_begins,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_headers_finished": self._head_ends,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
                "on_end": self._form_ends,
            },
            max_header_count=HEADERS_MAX,
            max_header_size=HEADER_BYTES_MAX,
        )

    def feed(self, data: bytes) -> list[PartEvent]:
        """
        What these bytes bring; views in it are of `data`.

        Raises:
            HTTPProblem: 400, they cannot be part of a form.
        """
        self._events = []
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _malformed(f"{error}") from error
        return self._events

    @property
    def is_in_content(self) -> bool:
        """Whether the next bytes are content of a part, up to its `content_end`."""
        parser = self._parser
        return parser.state is MultipartState.PART_DATA and parser.index == 0

    def content_end(self, memory: bytearray, start: int, end: int) -> int:
        """
        While `is_in_content`: how far some bytes need not be fed, because they cannot be but
        content. What follows must be.
        """
        found = memory.find(self._delimiter, start, end)
        if found >= 0:
            return found
        begun = memory.rfind(b"\r", max(start, end - len(self._delimiter) + 1), end)
        is_doubtful = begun >= 0 and self._delimiter.startswith(memory[begun:end])
        return begun if is_doubtful else end

    def end(self) -> None:
        """
        There is no more.

        Raises:
            HTTPProblem: 400, the form is not complete.
        """
        if not self._is_ended:
            raise _malformed("it ends before its last boundary")

    def _header_begins(self) -> None:
        self._headers.append((bytearray(), bytearray()))

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._headers[-1][0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers[-1][1].extend(data[start:end])

    def _head_ends(self) -> None:
        self._events.append(_part_head(self._headers))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(memoryview(data)[start:end])

    def _part_ends(self) -> None:
        self._events.append(Mark.PART_END)

    def _form_ends(self) -> None:
        self._is_ended = True
        self._events.append(Mark.FORM_END)


def boundary_of(content_type: str) -> bytes:
    """
    The boundary that a request's Content-Type names.

    Raises:
        HTTPProblem: 415, it is no form; 400, the boundary is missing or impossible.
    """
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() != FORM_TYPE:
        hint = f"Send {FORM_TYPE}, as a browser's form or curl -F does."
        raise HTTPProblem(415, "The request body is not a form with files.", hint=hint)
    boundary = _parameters(b";" + rest.encode("latin-1", "replace")).get(b"boundary", b"")
    if not 0 < len(boundary) <= BOUNDARY_CHARACTERS_MAX or boundary.endswith(b" "):
        raise _malformed("its Content-Type names no usable boundary")
    return boundary


def _part_head(headers: list[tuple[bytearray, bytearray]]) -> PartHead:
    said: dict[bytes, bytes] = {}
    for name, value in headers:
        said.setdefault(bytes(name).strip().lower(), bytes(value).strip())
    encoding = said.get(b"content-transfer-encoding", b"").decode("latin-1").lower()
    if encoding not in SENT_AS_IT_IS:
        raise _malformed(f"a part is encoded as {encoding!r}, which no form may do any more")
    kind, _, rest = said.get(b"content-disposition", b"").partition(b";")
    parameters = _parameters(b";" + rest)
    if kind.strip().lower() != b"form-data" or b"name" not in parameters:
        raise _malformed("a part does not say which field it is")
    return PartHead(
        name=_text(parameters[b"name"]),
        filename=_filename(parameters),
        content_type=said.get(b"content-type", b"").decode("latin-1"),
    )


def _filename(parameters: dict[bytes, bytes]) -> str | None:
    extended = _extended(parameters.get(b"filename*", b""))
    if extended is not None:
        return extended
    plain = parameters.get(b"filename")
    return None if plain is None else _text(plain)


def _extended(value: bytes) -> str | None:
    """The text of an RFC 8187 value; None when it is none."""
    charset, _, rest = value.partition(b"'")
    _, quote, encoded = rest.partition(b"'")
    if not quote or charset.lower() not in {b"utf-8", b"iso-8859-1"}:
        return None
    try:
        return unquote_to_bytes(encoded).decode(charset.decode("ascii"))
    except UnicodeDecodeError:
        return None


def _text(value: bytes) -> str:
    """
    A name as it was meant: browsers write a quote as %22, and no other escape is undone, because a
    file may really be called %41.
    """
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return text.replace("%22", '"')


_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_ESCAPED = re.compile(
    rb"[ \t]*;[ \t]*(" + _TOKEN + rb')[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*+)"|([^;"]*+))'
)
_LITERAL = re.compile(rb"[ \t]*;[ \t]*(" + _TOKEN + rb')[ \t]*=[ \t]*(?:"([^"]*+)"|([^;"]*+))')
_UNESCAPE = re.compile(rb'\\(["\\])')


def _parameters(text: bytes) -> dict[bytes, bytes]:
    """
    The parameters of a header, each as it came first.

    Backslashes escape in the text of the standard and in curl; in browsers they are letters of the
    name. Where the first reading fails, the second is tried.
    """
    found = _all(_ESCAPED, text)
    if found is not None:
        return {name: _UNESCAPE.sub(rb"\1", value) for name, value in found.items()}
    return _all(_LITERAL, text) or {}


def _all(form: re.Pattern[bytes], text: bytes) -> dict[bytes, bytes] | None:
    found: dict[bytes, bytes] = {}
    text = text.rstrip(b" \t;")
    at = 0
    while at < len(text):
        match = form.match(text, at)
        if match is None:
            return None
        value = match[3].strip() if match[2] is None else match[2]
        found.setdefault(match[1].lower(), value)
        at = match.end()
    return found


def _malformed(why: str) -> HTTPProblem:
    return HTTPProblem(
        400,
        f"The form cannot be read: {why}.",
        hint="Send multipart/form-data as a browser or curl -F does.",
        headers={"Connection": "close"},
    )
