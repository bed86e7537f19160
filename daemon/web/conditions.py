"""
Whether the condition of a request holds: 304, 412, or go on (RFC 9110, "Conditional Requests").

Pure. The order in which the headers count is that of the document's section on precedence; what is
not understood is as good as absent where that is safe, and fails where it is not (If-Match).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus

import msgspec

STRONG_AFTER_S = 1
"""A date has whole seconds: a file that changed in this one may change again and keep it."""

DATE_CHARACTERS_MAX = 64

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ONE_TAG = re.compile(_TAG)
_TAGS = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")


class Validators(msgspec.Struct, frozen=True, kw_only=True):
    """
    What tells one state of a file from another.

    Attributes:
        etag: a strong one, with its quotes.
        modified_s: when it was modified, in whole seconds since 1970.
        now_s: what time it is for whoever judges.
    """

    etag: str
    modified_s: int
    now_s: int

    @property
    def last_modified(self) -> str:
        """The Last-Modified header, which must not lie in the future."""
        return formatdate(max(0, min(self.modified_s, self.now_s)), usegmt=True)


def etag_of(sha256: str | None, *, size_bytes: int, mtime_ns: int, inode: int) -> str:
    """
    A strong ETag: the hash of the content where it is known, otherwise what changes with each write
    and each replacement.
    """
    if sha256 is not None:
        return f'"{sha256}"'
    return f'"{size_bytes:x}-{mtime_ns & (1 << 64) - 1:x}-{inode:x}"'


def judge(method: str, headers: Mapping[str, str], validators: Validators) -> HTTPStatus:
    """200, 304 or 412, as the conditions say; `headers` by their names in lower case."""
    is_read = method in {"GET", "HEAD"}
    if (wanted := headers.get("if-match")) is not None:
        if not _lists(wanted, validators.etag, is_weak_enough=False):
            return HTTPStatus.PRECONDITION_FAILED
    elif _is_modified(headers.get("if-unmodified-since"), validators):
        return HTTPStatus.PRECONDITION_FAILED
    if (known := headers.get("if-none-match")) is not None:
        if _lists(known, validators.etag, is_weak_enough=True):
            return HTTPStatus.NOT_MODIFIED if is_read else HTTPStatus.PRECONDITION_FAILED
    elif is_read and _is_unmodified(headers.get("if-modified-since"), validators):
        return HTTPStatus.NOT_MODIFIED
    return HTTPStatus.OK


def _is_modified(since: str | None, validators: Validators) -> bool:
    moment = _seconds(since)
    return moment is not None and validators.modified_s > moment


def _is_unmodified(since: str | None, validators: Validators) -> bool:
    moment = _seconds(since)
    return moment is not None and min(validators.modified_s, validators.now_s) <= moment


def allows_range(if_range: str | None, validators: Validators) -> bool:
    """
    Whether a part may be sent: the client's copy of the rest must be of this very state.

    A date counts only when it is exactly ours and old enough to be a strong validator.
    """
    if if_range is None:
        return True
    text = if_range.strip(" \t")
    if text.startswith(('"', "W/")):
        return text == validators.etag
    is_strong = validators.modified_s + STRONG_AFTER_S <= validators.now_s
    return is_strong and _seconds(text) == validators.modified_s


def _lists(header: str, etag: str, *, is_weak_enough: bool) -> bool:
    if header.strip(" \t") == "*":
        return True
    if not _TAGS.fullmatch(header):
        return False
    tags: list[str] = _ONE_TAG.findall(header)
    if is_weak_enough:
        tags = [tag.removeprefix("W/") for tag in tags]
    return etag in tags


def _seconds(date: str | None) -> int | None:
    """The moment of an HTTP date in any of its three forms, None when it is not one."""
    if date is None or len(date) > DATE_CHARACTERS_MAX:
        return None
    try:
        moment = parsedate_to_datetime(date)
        # The form of asctime() names no zone; all of them mean the same one.
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
