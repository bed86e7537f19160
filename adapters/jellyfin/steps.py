"""
Which requests bring an item's user data from what it is to what is wanted.

Jellyfin's POST UserData leaves alone what it is not told and cannot clear a date or a rating
(`UpdateUserItemDataDto`); those have routes of their own, with side effects that are made good.
"""

from typing import TypeAlias

import msgspec

from projections.userdata import Changes, State, changed, difference


class MarkUnplayed(msgspec.Struct, frozen=True):
    """DELETE UserPlayedItems: not played, no plays, no position, no date."""


class ClearRating(msgspec.Struct, frozen=True):
    """DELETE Rating: neither rated nor liked nor disliked."""


class Post(msgspec.Struct, frozen=True):
    """POST UserData with these fields."""

    changes: Changes


Step: TypeAlias = MarkUnplayed | ClearRating | Post

UNPLAYED = Changes(position_ticks=0, played=False, play_count=0, last_played_ns=None)
"""What DELETE UserPlayedItems leaves (`UserData.cs`, `MarkUnplayed`)."""


def steps_to(state: State, wanted: Changes) -> list[Step]:
    """The fewest requests after which an item in `state` has the wanted values."""
    target = changed(state, wanted)
    steps: list[Step] = []
    if state.last_played_ns is not None and target.last_played_ns is None:
        steps.append(MarkUnplayed())
        state = changed(state, UNPLAYED)
    if state.rating is not None and target.rating is None:
        steps.append(ClearRating())
        state = changed(state, Changes(rating=None))
    left = difference(state, target)
    if left:
        steps.append(Post(Changes(**left)))
    return steps
