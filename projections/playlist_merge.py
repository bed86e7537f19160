"""
Merging playlists: what became different on one server is done to the list that all agree on.

Three lists take part: the agreed one, what was last seen on that server, and what stands there now.
Only the difference between the last two is somebody's doing; everything else that the agreed list
has stays, in its place.
"""

from collections.abc import Collection, Mapping, Sequence

from projections.reordering import longest_run


def merged_entries(
    agreed: Sequence[str], before: Sequence[str], after: Sequence[str], absent: Collection[str]
) -> tuple[str, ...]:
    """
    The agreed list after a server's went from `before` to `after`.

    Entries in `absent` are no more on that server for no fault of the list's: they are not taken
    out. Entries that the server does not show keep their place behind the one they follow, also
    when that one moves. What somebody added there stands where they put it, even if it was agreed
    already. No list holds an entry twice.
    """
    shown = set(after)
    lost = set(before) - shown - set(absent)
    front, groups = _groups([entry for entry in agreed if entry not in lost], shown)
    known = set(before)
    kept = [entry for entry in after if entry in groups and entry in known]
    moved = _moved(kept, before) | (groups.keys() - known)
    new = shown - known - groups.keys()
    behind = _insertions(after, movable=moved | new, standing=groups.keys() - moved)
    result = [*front]
    for anchor in (None, *(entry for entry in groups if entry not in moved)):
        result += groups[anchor] if anchor is not None else ()
        for entry in behind.get(anchor, ()):
            result += groups.get(entry, (entry,))
    return tuple(result)


def _groups(agreed: Sequence[str], shown: set[str]) -> tuple[list[str], dict[str, list[str]]]:
    """
    Each entry that the server shows, with the ones behind it that it does not; and what is in front
    of the first.
    """
    front: list[str] = []
    groups: dict[str, list[str]] = {}
    group = front
    for entry in agreed:
        if entry in shown:
            group = groups[entry] = []
        group.append(entry)
    return front, groups


def _insertions(
    after: Sequence[str], *, movable: Collection[str], standing: Collection[str]
) -> dict[str | None, list[str]]:
    """What is to be put behind each entry that stays where it is; None is the front."""
    behind: dict[str | None, list[str]] = {}
    anchor = None
    for entry in after:
        if entry in movable:
            behind.setdefault(anchor, []).append(entry)
        elif entry in standing:
            anchor = entry
    return behind


def _moved(kept: Sequence[str], before: Sequence[str]) -> set[str]:
    """The fewest entries that can have been moved: all but a longest run that kept its order."""
    places = {entry: place for place, entry in enumerate(before)}
    run = longest_run([places[entry] for entry in kept])
    return set(kept) - {kept[index] for index in run}


def joined_entries(agreed: Sequence[str], met: Sequence[str]) -> tuple[str, ...]:
    """Two lists that meet for the first time: the first, then what only the second has."""
    return tuple(dict.fromkeys((*agreed, *met)))


def merged_shares(
    agreed: Mapping[str, bool], before: Mapping[str, bool], after: Mapping[str, bool]
) -> dict[str, bool]:
    """The agreed shares after a server's went from `before` to `after`."""
    changed = {user: may_edit for user, may_edit in after.items() if before.get(user) != may_edit}
    kept = {user: agreed[user] for user in agreed if user in after or user not in before}
    return kept | changed
