"""
A Jellyfin server reduced to what it does with user data, without a network.

Its rules are those of the contract: what starting, reporting and stopping do to a title, what a
patch may change, which routes clear what, and that every save is announced although nothing
changed. `tests/support/jellyfin` is the same as a real HTTP server; here it is about thousands of
histories.
"""

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import msgspec

from projections.envelope import Nanos
from projections.listing import Listing
from projections.sync_events import Poke
from projections.userdata import BLANK, Changes, State, changed, fields_of

MIN_RESUME_SHARE = 0.05
MAX_RESUME_SHARE = 0.90
STATES_KEPT = 4

Version: TypeAlias = Literal["10.10", "10.11", "12.0"]

UserItem: TypeAlias = tuple[str, str]
"""A user's id and an item's."""


class Unreachable(Exception):
    """The server did not answer; what was asked of it may have happened all the same."""


class Refused(Exception):
    """The server answered 500."""


class Quirks(msgspec.Struct):
    """What is wrong with a server. All of it can change at any moment but the last two."""

    down: bool = False
    failing: bool = False
    """Answers 500 to writes."""
    loses_answers: bool = False
    late_writes: bool = False
    """A write that was given up on takes effect later."""
    stale_reads: bool = False
    """Reads answer what was true one save ago."""
    rounds_positions: int = 1
    """Positions are kept in multiples of this."""
    ignores_rating: bool = False


class SimServer:
    """
    One server.

    Args:
        name: as configured.
        version: decides what starting a watched title does.
        now: the time.
        tell: takes what the webhook plugin sends.
    """

    def __init__(
        self,
        name: str,
        version: Version,
        *,
        now: Callable[[], Nanos],
        tell: Callable[["SimServer", Poke], None],
    ) -> None:
        self.name = name
        self.version = version
        self.quirks = Quirks()
        self.library: dict[str, Listing] = {}
        self.accounts: dict[str, str] = {}
        self.playing: set[UserItem] = set()
        self.writes_count = 0
        self.lived: dict[UserItem, list[State]] = {}
        """What stood there because of people."""
        self._now = now
        self._tell = tell
        self._data: dict[UserItem, State] = {}
        self._earlier: dict[UserItem, State] = {}

    def state(self, user_id: str, item_id: str) -> State:
        """What is true."""
        return self._data.get((user_id, item_id), BLANK)

    def read(self, user_id: str, item_ids: list[str] | None = None) -> dict[str, State]:
        """What it answers when asked for a person's data; items it lacks are left out."""
        wanted = self.library if item_ids is None else item_ids
        return {
            item_id: self._answered(user_id, item_id)
            for item_id in wanted
            if item_id in self.library
        }

    def _answered(self, user_id: str, item_id: str) -> State:
        key = (user_id, item_id)
        if self.quirks.stale_reads and key in self._earlier:
            return self._earlier[key]
        return self._data.get(key, BLANK)

    def plant(self, user_id: str, item_id: str, state: State) -> None:
        """Puts a history there that nobody was told of."""
        self._data[user_id, item_id] = state
        self.lived.setdefault((user_id, item_id), []).append(state)

    def user_ids(self) -> Iterator[str]:
        """The ids of all accounts."""
        return iter(self.accounts)

    def add(self, item_id: str, listing: Listing) -> None:
        """Imports an item, or reads its metadata anew."""
        self.library[item_id] = listing
        self._tell(self, Poke(kind="item", item_id=item_id))

    def remove(self, item_id: str) -> None:
        """Loses an item and what people did with it."""
        del self.library[item_id]
        self._data = {key: state for key, state in self._data.items() if key[1] != item_id}
        self._earlier = {key: kept for key, kept in self._earlier.items() if key[1] != item_id}
        self.playing = {key for key in self.playing if key[1] != item_id}
        self._tell(self, Poke(kind="item", item_id=item_id))

    def start(self, user_id: str, item_id: str) -> None:
        """Sessions/Playing."""
        state = self.state(user_id, item_id)
        is_audio = self.library[item_id].type == "Audio"
        resets = self.version != "12.0" and not is_audio
        self.playing.add((user_id, item_id))
        self._save(
            (user_id, item_id),
            msgspec.structs.replace(
                state,
                play_count=state.play_count + 1,
                last_played_ns=self._now(),
                played=is_audio or (state.played and not resets),
            ),
            "PlaybackStart",
        )

    def progress(self, user_id: str, item_id: str, position_ticks: int) -> None:
        """Sessions/Playing/Progress."""
        self._resume(user_id, item_id, position_ticks, "PlaybackProgress")

    def stop(self, user_id: str, item_id: str, position_ticks: int) -> None:
        """Sessions/Playing/Stopped."""
        self.playing.discard((user_id, item_id))
        self._resume(user_id, item_id, position_ticks, "PlaybackFinished")

    def _resume(self, user_id: str, item_id: str, position_ticks: int, reason: str) -> None:
        state, listing = self.state(user_id, item_id), self.library[item_id]
        share = position_ticks / listing.runtime_ticks
        if listing.type == "Audio" or share < MIN_RESUME_SHARE:
            position_ticks = 0
        elif share > MAX_RESUME_SHARE:
            state = msgspec.structs.replace(state, played=True)
            position_ticks = 0
        state = msgspec.structs.replace(state, position_ticks=position_ticks)
        self._save((user_id, item_id), state, reason)

    def mark_played(self, user_id: str, item_id: str) -> None:
        """POST UserPlayedItems without a date."""
        state = self.state(user_id, item_id)
        self._save(
            (user_id, item_id),
            msgspec.structs.replace(
                state,
                played=True,
                position_ticks=0,
                play_count=max(1, state.play_count),
                last_played_ns=state.last_played_ns or self._now(),
            ),
            "TogglePlayed",
        )

    def mark_unplayed(self, user_id: str, item_id: str) -> State:
        """DELETE UserPlayedItems."""
        state = msgspec.structs.replace(
            self.state(user_id, item_id),
            played=False,
            position_ticks=0,
            play_count=0,
            last_played_ns=None,
        )
        return self._save((user_id, item_id), state, "TogglePlayed")

    def favor(self, user_id: str, item_id: str, *, favorite: bool) -> None:
        """POST and DELETE UserFavoriteItems."""
        state = msgspec.structs.replace(self.state(user_id, item_id), favorite=favorite)
        self._save((user_id, item_id), state, "UpdateUserRating")

    def like(self, user_id: str, item_id: str, *, likes: bool) -> None:
        """POST Rating: liking is a rating of 10, disliking one of 1."""
        state = msgspec.structs.replace(self.state(user_id, item_id), rating=10.0 if likes else 1.0)
        self._save((user_id, item_id), state, "UpdateUserRating")

    def clear_rating(self, user_id: str, item_id: str) -> State:
        """DELETE Rating."""
        state = msgspec.structs.replace(self.state(user_id, item_id), rating=None)
        return self._save((user_id, item_id), state, "UpdateUserRating")

    def written(self, user_id: str, item_id: str, write: Callable[[], State]) -> State:
        """Has the daemon write something."""
        self.writes_count += 1
        known = list(self.lived.get((user_id, item_id), ()))
        state = write()
        self.lived[user_id, item_id] = known
        return state

    def patch(self, user_id: str, item_id: str, changes: Changes) -> State:
        """POST UserData: null changes nothing, and no rule applies."""
        values = {name: value for name, value in fields_of(changes).items() if value is not None}
        if self.quirks.ignores_rating:
            values.pop("rating", None)
        if "position_ticks" in values:
            values["position_ticks"] -= values["position_ticks"] % self.quirks.rounds_positions
        state = changed(self.state(user_id, item_id), Changes(**values))
        return self._save((user_id, item_id), state, "UpdateUserData")

    def _save(self, key: UserItem, state: State, reason: str) -> State:
        self._earlier[key] = self._data.get(key, BLANK)
        self._data[key] = state
        self.lived.setdefault(key, []).append(state)
        poke = Poke(kind="userdata", user_id=key[0], item_id=key[1], reason=reason, state=state)
        self._tell(self, poke)
        return state
