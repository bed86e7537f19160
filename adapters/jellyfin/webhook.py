"""
The bodies of Jellyfin's webhook plugin, whatever template and content type somebody chose.

Nothing here fails: a body is recorded as it came, and what can be read of it comes back with one
sentence about the first thing that cannot. Bodies come from the network: deep nesting, numbers
without end, half characters and forged identifiers are refused field by field.
"""

import hashlib
import json
import math
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import msgspec

from adapters.jellyfin import wire
from projections.envelope import Nanos
from projections.listing import Listing
from projections.userdata import State

FORM_FIELDS_MAX = 1_000
"""A film with forty subtitles has some 350."""

DIGITS_MAX = 40
"""A longer number is no number that anybody can mean, and reading it takes quadratic time."""

RATING_MAX = 10.0
YEAR_MAX = 9_999
DEDUP_BYTES = 16

_FORM = re.compile(r"\s*\w+=", re.ASCII)
_LOOSE = re.compile(
    r'"(?:[^"\\]|\\.)*(?:"|\Z)|\bTrue\b|\bFalse\b|:\s*(?=[,}])|,\s*(?=\})', re.DOTALL
)
"""Texts, which stay as they are, and what a template makes of booleans and missing values."""

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_FLAGS = {"true": True, "false": False, "1": True, "0": False}
_PROVIDER = "provider_"
_UNESCAPED_NAMES = ("Playback", "UserDataSaved")
"""These types send the user's name as it is; the others put a backslash before each quote."""

_STATE = ("PlaybackPositionTicks", "PlayCount", "Favorite", "Played", "Rating")
"""Without one of these a body does not tell the state: a missing field is not a blank one."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a body says; "" and None where it says nothing.

    `state` comes with `UserDataSaved` only, complete or not at all. Its `rating` is None where the
    body says 0 and no like: the plugin writes "no rating" that way. `listing` has no path: the
    plugin knows none. `dedup_key` is the same for the same notification sent twice. `problem` is a
    sentence about the first thing that was not understood, or "".
    """

    type: str = ""
    server_id: str = ""
    user_id: str = ""
    user_name: str = ""
    item_id: str = ""
    reason: str = ""
    state: State | None = None
    audio_stream: int | None = None
    subtitle_stream: int | None = None
    position_ticks: int | None = None
    utc_ns: Nanos | None = None
    listing: Listing | None = None
    dedup_key: bytes | None = None
    problem: str = ""


def parse(body: bytes, content_type: str) -> Notice:
    """What the body says. Never raises."""
    text = _decoded(body)
    if not text.strip("\0 \t\r\n"):
        return Notice(problem="The body is empty: tick Send All Properties in the plugin.")
    value, problem = _value(text, form="x-www-form-urlencoded" in content_type.lower())
    if problem:
        return Notice(problem=problem)
    if not isinstance(value, dict):
        return Notice(problem="The body is JSON, but no object.")
    return _notice(_Members(value))


def _decoded(body: bytes) -> str:
    encoding = json.detect_encoding(body)
    try:
        return body.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        return body.decode(encoding, "replace")


def _value(text: str, *, form: bool) -> tuple[Any, str]:
    """The fields of a form, or the JSON; and what is wrong when it is neither."""
    fields = _form(text) if form or _FORM.match(text) else {}
    if "NotificationType" in fields:
        return fields, ""
    value, problem = _json(text)
    if problem and text.lstrip().startswith("{"):
        value, still = _json(_LOOSE.sub(_strict, text))
        problem = problem if still else ""
    return value, problem


def _json(text: str) -> tuple[Any, str]:
    try:
        return _DECODER.decode(text), ""
    except json.JSONDecodeError as error:
        return None, f"The body is not JSON: {error.msg} at character {error.pos}."
    except RecursionError:
        return None, "The body is nested too deeply."


def _form(text: str) -> dict[str, str]:
    try:
        pairs = urllib.parse.parse_qsl(
            text.strip(), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX
        )
    except ValueError:
        return {}
    return dict(pairs)


def _strict(match: re.Match[str]) -> str:
    found = match.group()
    if found[0] == ":":
        return ":null"
    if found[0] == ",":
        return ""
    return found if found[0] == '"' else found.lower()


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= DIGITS_MAX else math.inf


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer, parse_constant=float)


class _Members:
    """The members of the object, read with suspicion; `problem` is about the first bad one."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members
        self.problem = ""
        self.complaints = 0

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def given(self, key: str) -> bool:
        """Whether there is a value."""
        return self._members.get(key) not in (None, "")

    def text(self, key: str) -> str:
        """A text that can be written anywhere."""
        value = self._members.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._complain(key, "is no text")
            return ""
        return _whole_characters(value)

    def escaped(self, key: str) -> str:
        """A text in which the plugin put a backslash before each quote."""
        return self.text(key).replace('\\"', '"')

    def identifier(self, key: str) -> str:
        """An identifier; all zeros are none."""
        text = self.text(key)
        if text and not wire.is_guid(text):
            self._complain(key, "is no identifier of Jellyfin's")
        return wire.known_guid(text)

    def whole(self, key: str, *, most: int, least: int = 0) -> int | None:
        """A whole number within bounds."""
        value = self._members.get(key)
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self._complain(key, "is no whole number")
            return None
        if not least <= value <= most:
            self._complain(key, f"is not between {least} and {most}")
            return None
        return value

    def number(self, key: str, *, most: float) -> float | None:
        """A number from 0 to a bound."""
        value = self._members.get(key)
        if value is None or value == "":
            return None
        number = _float(value)
        if number is None:
            self._complain(key, "is no number")
        elif not 0 <= number <= most:  # NaN is not, either
            self._complain(key, f"is not between 0 and {most:g}")
            number = None
        return number

    def flag(self, key: str) -> bool | None:
        """True or false, in any spelling."""
        value = self._members.get(key)
        if value is None or value == "":
            return None
        found = _FLAGS.get(str(value).lower()) if isinstance(value, bool | int | str) else None
        if found is None:
            self._complain(key, "is neither true nor false")
        return found

    def moment(self, key: str) -> Nanos | None:
        """A moment; the year 1 is none."""
        text = self.text(key)
        moment = wire.parse_date(text)
        if text and moment is None and not text.startswith("0001-01-01"):
            self._complain(key, "is no date")
        return moment

    def provider(self, key: str) -> str:
        """The id in a catalogue, which a template may have written as a number."""
        value = self._members.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(key)

    def need(self, key: str) -> None:
        """Complains when there is no value."""
        if not self.given(key):
            self._complain(key, "is missing")

    def _complain(self, key: str, what: str) -> None:
        self.problem = self.problem or f"{key} {what}."
        self.complaints += 1


def _whole_characters(text: str) -> str:
    """The text without halves of characters, which cannot be written as UTF-8."""
    return text if text.isascii() else _HALF_CHARACTER.sub("\ufffd", text)


def _float(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _notice(members: _Members) -> Notice:
    members.need("NotificationType")
    kind = members.text("NotificationType")
    plain = kind.startswith(_UNESCAPED_NAMES)
    name = "NotificationUsername"
    notice = Notice(
        type=kind,
        server_id=members.identifier("ServerId"),
        user_id=members.identifier("UserId"),
        user_name=members.text(name) if plain else members.escaped(name),
        item_id=members.identifier("ItemId"),
        reason=members.text("SaveReason"),
        audio_stream=_stream(members, "AudioStreamIndex"),
        subtitle_stream=_stream(members, "SubtitleStreamIndex"),
        position_ticks=members.whole("PlaybackPositionTicks", most=wire.TICKS_MAX),
        utc_ns=members.moment("UtcTimestamp"),
    )
    state = _state(members, notice.position_ticks) if kind == "UserDataSaved" else None
    return msgspec.structs.replace(
        notice,
        state=state,
        listing=_listing(members) if notice.item_id else None,
        dedup_key=_dedup_key(notice, members.text("UtcTimestamp")),
        problem=members.problem,
    )


def _stream(members: _Members, key: str) -> int | None:
    index = members.whole(key, least=-1, most=wire.COUNT_MAX)
    return None if index == -1 else index


def _state(members: _Members, position_ticks: int | None) -> State | None:
    complaints = members.complaints
    count = members.whole("PlayCount", most=wire.COUNT_MAX)
    favorite, played = members.flag("Favorite"), members.flag("Played")
    likes, rating = members.flag("Likes"), members.number("Rating", most=RATING_MAX)
    last_played_ns = members.moment("LastPlayedDate")
    if members.complaints > complaints or not all(members.given(key) for key in _STATE):
        return None
    if position_ticks is None or count is None or favorite is None or played is None:
        return None
    if rating == 0 and not likes:
        rating = None
    return State(
        position_ticks=position_ticks,
        played=played,
        play_count=count,
        last_played_ns=last_played_ns,
        favorite=favorite,
        rating=rating,
    )


def _listing(members: _Members) -> Listing | None:
    kind = members.escaped("ItemType")
    if not kind:
        return None
    season = members.whole("SeasonNumber", most=wire.COUNT_MAX)
    episode = members.whole("EpisodeNumber", most=wire.COUNT_MAX)
    year = members.whole("Year", least=1, most=YEAR_MAX)
    return Listing(
        name=members.escaped("Name"),
        type=kind,
        runtime_ticks=members.whole("RunTimeTicks", most=wire.TICKS_MAX) or 0,
        year=None if kind == "Episode" else year,  # it is the series' year
        series=members.escaped("SeriesName"),
        series_id=members.identifier("SeriesId"),
        season=season,
        episode=episode,
        album=members.text("Album"),
        artist=members.text("Artist"),
        providers=wire.providers(
            {
                _whole_characters(key[len(_PROVIDER) :]): members.provider(key)
                for key in members
                if key.lower().startswith(_PROVIDER)
            }
        ),
    )


def _dedup_key(notice: Notice, timestamp: str) -> bytes | None:
    """Only a real timestamp, with its 100 ns, tells two notifications apart."""
    if notice.utc_ns is None:
        return None
    parts = [notice.server_id, notice.type, notice.item_id, notice.user_id, timestamp]
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=DEDUP_BYTES).digest()
