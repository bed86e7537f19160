"""
What a server knows of one person and one title, field by field, and which change of it is believed.

Every field is a register of its own: it has a value, the time it was last changed and who changed
it. A change is judged once, when it is observed, and the verdict is recorded with it; nothing here
remembers anything.

Positions are ticks of 100 ns, as Jellyfin counts them. `rating` carries likes and dislikes too:
Jellyfin keeps both in one number, 6.5 and more being a like.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from projections.envelope import NANOS_PER_SECOND, Nanos, Seq

TICKS_PER_SECOND = 10_000_000

LIKE_RATING_MIN = 6.5
"""A rating from here on is a like, a lower one a dislike (Jellyfin, `UserItemData.Likes`)."""

SAME_DATE_NS = NANOS_PER_SECOND
"""Dates closer than this are one date: servers of different versions keep different fractions."""

Field: TypeAlias = Literal[
    "position_ticks",
    "played",
    "play_count",
    "last_played_ns",
    "favorite",
    "rating",
    "audio_stream",
    "subtitle_stream",
]

FIELDS: tuple[Field, ...] = (
    "position_ticks",
    "played",
    "play_count",
    "last_played_ns",
    "favorite",
    "rating",
)
"""The fields a server can be asked for."""

STREAMS: tuple[Field, ...] = ("audio_stream", "subtitle_stream")
"""Fields that a server only tells of, in a webhook: no question brings them back."""

PLAYS: tuple[Field, ...] = ("position_ticks", "played", "play_count", "last_played_ns")
"""The fields that marking a title unwatched resets, all at once."""

SaveReason: TypeAlias = str
"""Why Jellyfin saved user data; see `UNWATCHING` and `PLAYING`."""

UNWATCHING: frozenset[SaveReason] = frozenset({"TogglePlayed", "UpdateUserData", "Import"})
"""Only these say that somebody wants a title to count as unwatched."""

PLAYING: frozenset[SaveReason] = frozenset(
    {"PlaybackStart", "PlaybackProgress", "PlaybackFinished"}
)
"""Playback as such. Servers before 12 set `played` to false when it starts (jellyfin#14351)."""

PATCHING: frozenset[SaveReason] = frozenset({"UpdateUserData"})
"""What most of our own writes are announced with."""

Rewatch: TypeAlias = Literal["keep", "mirror"]
"""What starting a watched title again does to `played`: nothing, or what the server says."""


class State(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """All that a server answers about one person and one title. The defaults are a blank one."""

    position_ticks: int = 0
    played: bool = False
    play_count: int = 0
    last_played_ns: Nanos | None = None
    favorite: bool = False
    rating: float | None = None


BLANK = State()


class Changes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Some of the fields. What is not set is not spoken of; None clears a field."""

    position_ticks: int | UnsetType = UNSET
    played: bool | UnsetType = UNSET
    play_count: int | UnsetType = UNSET
    last_played_ns: Nanos | UnsetType | None = UNSET
    favorite: bool | UnsetType = UNSET
    rating: float | UnsetType | None = UNSET
    audio_stream: int | UnsetType = UNSET
    subtitle_stream: int | UnsetType = UNSET

    def __bool__(self) -> bool:
        """Whether any field is set."""
        return any(value is not UNSET for value in msgspec.structs.astuple(self))


NOTHING = Changes()


class Register(msgspec.Struct, frozen=True, gc=False):
    """
    The agreed value of one field: since when (unix ns, 0 when nobody knows), by which event, and
    from whom ("server attic", "player", "undo", ...).
    """

    value: bool | int | float | None
    at: Nanos
    seq: Seq
    source: str


Registers: TypeAlias = Mapping[str, Register]


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What is believed of an observation, and why the rest is not: a sentence per refused field."""

    changes: Changes
    refused: dict[str, str]


def fields_of(changes: Changes) -> dict[str, Any]:
    """The fields that are set, with their values."""
    return {
        name: value for name, value in msgspec.structs.asdict(changes).items() if value is not UNSET
    }


def merged(older: Changes, newer: Changes) -> Changes:
    """Both together, the newer winning."""
    return Changes(**(fields_of(older) | fields_of(newer)))


def without(changes: Changes, fields: Iterable[str]) -> Changes:
    """The changes less some fields."""
    left_out = set(fields)
    return Changes(
        **{name: value for name, value in fields_of(changes).items() if name not in left_out}
    )


def only(changes: Changes, fields: Collection[str]) -> Changes:
    """Of the changes those of some fields."""
    return Changes(**{name: value for name, value in fields_of(changes).items() if name in fields})


def same(field: str, one: Any, other: Any) -> bool:
    """Whether two values of a field are one and the same to a person."""
    if field == "last_played_ns" and one is not None and other is not None:
        return bool(abs(one - other) < SAME_DATE_NS)
    return bool(one == other)


def difference(before: State, after: State) -> dict[str, Any]:
    """The fields in which `after` differs, with its values."""
    return {
        name: getattr(after, name)
        for name in FIELDS
        if not same(name, getattr(before, name), getattr(after, name))
    }


def missing(wanted: Registers, seen: State) -> Changes:
    """What a server that was seen like this still has to be told."""
    values: dict[str, Any] = {
        name: wanted[name].value
        for name in FIELDS
        if name in wanted and not same(name, wanted[name].value, getattr(seen, name))
    }
    return Changes(**values)


def changed(state: State, changes: Changes) -> State:
    """The state after the changes."""
    return msgspec.structs.replace(
        state, **{name: value for name, value in fields_of(changes).items() if name in FIELDS}
    )


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a judge is told: the state last seen there (None when this is the first meeting), the state
    now, why the server says it changed, and when it changed at the earliest. `told` are writes of
    ours of which nobody knows whether they took effect. `between` is a state with a watched title
    that the server told of and nobody had the time to look at.
    """

    before: State | None
    after: State
    at: Nanos
    reasons: frozenset[SaveReason] = frozenset()
    told: tuple[Changes, ...] = ()
    between: State | None = None


def judge(
    observation: Observation, registers: Registers, *, source: str, rewatch: Rewatch = "keep"
) -> Verdict:
    """Which fields of an observation become the agreed value, and why the others do not."""
    if rewatch == "keep" and _was_watched(observation):
        watched = msgspec.structs.replace(observation.after, played=True)
        observation = msgspec.structs.replace(observation, after=watched)
    before, after = observation.before, observation.after
    if before is None:
        return _met(observation, registers, source)
    found = difference(before, after)
    wiped = _is_wiped(before, after)
    if wiped:
        found |= {name: getattr(after, name) for name in PLAYS}
    unwatched = wiped or (found.get("played") is False and not _is_rewatch(observation, rewatch))
    refused: dict[str, str] = {}
    accepted: dict[str, Any] = {}
    for name, value in found.items():
        known = registers.get(name)
        if _is_agreed(name, value, known):
            continue
        why = _objection(name, value, known, unwatched=unwatched)
        why = why or _outdated(observation.at, known, source) or _echoed(name, value, observation)
        if why is None:
            accepted[name] = value
        else:
            refused[name] = why
    return Verdict(Changes(**accepted), refused)


def _is_agreed(name: str, value: Any, known: Register | None) -> bool:
    """Whether a value is the agreed one; of what nobody ever spoke, the blank one is."""
    return same(name, value, getattr(BLANK, name) if known is None else known.value)


def _is_wiped(before: State, after: State) -> bool:
    """
    Whether somebody marked the title unwatched, also when it had only been begun: nothing else
    takes the plays and the date of the last one away.
    """
    had_plays = before.played or before.play_count > 0 or before.last_played_ns is not None
    return had_plays and all(getattr(after, name) == getattr(BLANK, name) for name in PLAYS)


def _was_watched(observation: Observation) -> bool:
    """Whether a title was watched to its end and begun again since the last look."""
    between, after = observation.between, observation.after
    if between is None or ("TogglePlayed" in observation.reasons and after.last_played_ns is None):
        return False
    is_later = (after.last_played_ns or 0) > (between.last_played_ns or 0)
    return after.play_count > between.play_count and is_later


def _is_rewatch(observation: Observation, rewatch: Rewatch) -> bool:
    """
    Whether `played` fell only because a watched title is being played again.

    Playing counts and dates a play; marking a title unwatched never does, and resets the count
    where it touches it. Where that does not tell, the reason does.
    """
    before, after = observation.before, observation.after
    assert before is not None
    if rewatch == "mirror" or after.play_count < before.play_count:
        return False
    if "TogglePlayed" in observation.reasons:
        return False
    if after.play_count > before.play_count or _is_later(after, before):
        return True
    return bool(observation.reasons & PLAYING) and not observation.reasons & UNWATCHING


def _is_later(after: State, before: State) -> bool:
    if after.last_played_ns is None:
        return False
    if before.last_played_ns is None:
        return True
    return after.last_played_ns >= before.last_played_ns + SAME_DATE_NS


def _objection(name: str, value: Any, known: Register | None, *, unwatched: bool) -> str | None:
    """Why a value is not believed whatever its age."""
    if name == "played" and value is False and not unwatched:
        return "Playing a watched title again does not make it unwatched."
    if known is None or known.value is None or unwatched:
        return None
    if name == "play_count" and value < known.value:
        return f"A play count only grows; {known.value} plays are known."
    if name == "last_played_ns" and (value is None or value < known.value):
        return "A later play is known."
    return None


def _outdated(at: Nanos, known: Register | None, source: str) -> str | None:
    if known is not None and at < known.at and known.source != source:
        return f"{known.source} changed it later."
    return None


def _echoed(name: str, value: Any, observation: Observation) -> str | None:
    """
    Whether a value is there because we wrote it and did not hear so. That somebody else chose the
    very same moment of a film, or date, is out of the question; that they pressed the same button
    is not, and then the server gives another reason than our writes have.
    """
    is_unique = name in {"position_ticks", "last_played_ns"} and bool(value)
    if not is_unique and observation.reasons - own_reasons(observation.told):
        return None
    for changes in observation.told:
        told = getattr(changes, name)
        if told is not UNSET and same(name, told, value):
            return "We wrote that ourselves; something else was agreed since."
    return None


def own_reasons(told: Iterable[Changes]) -> frozenset[SaveReason]:
    """What our writes are announced with: clearing has routes of its own, with their reasons."""
    reasons = set(PATCHING)
    for changes in told:
        if changes.last_played_ns is None:
            reasons.add("TogglePlayed")
        if changes.rating is None:
            reasons.add("UpdateUserRating")
    return frozenset(reasons)


def _met(observation: Observation, registers: Registers, source: str) -> Verdict:
    """
    The first look at a server's item: what stands there is a history of unknown order, joined with
    what is known. A blank field says nothing.
    """
    after, at = observation.after, observation.at
    refused: dict[str, str] = {}
    accepted: dict[str, Any] = {}
    for name, value in (difference(BLANK, after) | _rewound(after)).items():
        known = registers.get(name)
        if known is None or _outranks(name, value, at, known):
            accepted[name] = value
        elif not same(name, value, known.value):
            refused[name] = f"{known.source} knows better."
    return Verdict(Changes(**accepted), refused)


def _rewound(after: State) -> dict[str, Any]:
    """A title that was watched and has no position is at its start on purpose."""
    rewound = after.position_ticks == 0 and after.last_played_ns is not None
    return {"position_ticks": 0} if rewound else {}


def _outranks(name: str, value: Any, at: Nanos, known: Register) -> bool:
    """
    Whether a value of this age takes a known one's place; the same value does if it is younger, so
    that the order in which servers are met does not matter.
    """
    if name in {"play_count", "last_played_ns"}:
        return known.value is None or bool(value > known.value)
    if at != known.at:
        return at > known.at
    return known.value is None or bool(value > known.value)


def observed_at(before: State | None, after: State, now: Nanos, *, told: bool) -> Nanos:
    """
    When what was observed happened, as well as anybody can tell. What a server told of (`told`)
    happened just now; a play that a sweep finds happened when it began; all else is as old as the
    look itself.
    """
    if before is None:
        return min(now, after.last_played_ns or 0)
    if told:
        return now
    if after.last_played_ns is not None and _is_later(after, before):
        return min(now, after.last_played_ns)
    return now
