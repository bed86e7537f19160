"""
Carrying out what was planned, on an open project: the only file that changes anything in Resolve.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import msgspec

from adapters.resolve.api import Folder, MediaPool, MediaPoolItem, MediaStorage
from adapters.resolve.places import Place, System, place_key
from adapters.resolve.plan import (
    Clip,
    Mark,
    Marking,
    Relink,
    clips_of,
    plan_import,
    plan_markers,
    plan_relink,
)
from adapters.resolve.projects import NotNow, root_of
from adapters.resolve.rates import rate_in
from adapters.resolve.wire import Result

STAMP = "asset_id"
"""The key under which a clip bears the content of its file."""

FOLDERS_MAX = 10_000
CLIPS_MAX = 200_000
"""Of a media pool; what is beyond is not looked at."""

TELL_EVERY = 200
"""Clips that are read between two signs of life."""

USUAL_RATE = Fraction(24)
"""Frames a second of clips for which nobody knows any: Resolve's own, until it is told others."""

REFUSED = "Resolve did not take it: it may not know the format, or shows a dialog."


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """Where the work is done: the media pool of a project, the disks, and who is told of it."""

    pool: MediaPool
    storage: MediaStorage | None
    system: System
    tell: Callable[[str], None]


class Shelf(msgspec.Struct, frozen=True):
    """Clips of the pool, as Resolve's objects and as data; the number is the place in `items`."""

    items: list[MediaPoolItem]
    clips: list[Clip]


def import_into(bench: Bench, bin_name: str, places: Sequence[Place]) -> list[Result]:
    """
    Brings files into a bin, those that the pool has not, and stamps and marks them. The bin that
    was selected before is selected again, whatever happens.

    Raises:
        NotNow: the bin cannot be made or selected.
    """
    shelf = read_shelf(bench, root_of(bench.pool))
    plan = plan_import(places, shelf.clips, bench.system)
    for stamp in plan.stamps:
        shelf.items[stamp.number].SetThirdPartyMetadata(STAMP, stamp.asset_id)
    results = list(plan.results)
    for place, number, result in plan.held:
        results.append(_with_markers(bench, place, shelf.items[number], result))
    if not plan.wanted:
        return results
    with _selected(bench.pool, bin_name) as folder:
        done = 0
        for batch in plan.batches:
            bench.tell(f"importing {done + 1} of {len(plan.wanted)}")
            bench.pool.ImportMedia(list(batch))
            done += len(batch)
        items = _at_paths(bench, folder)
        for place in plan.wanted:
            if place_key(place.path, bench.system) not in items:
                _import_otherwise(bench, place)
        items = _at_paths(bench, folder)
    return results + [_received(bench, place, items) for place in plan.wanted]


@contextmanager
def _selected(pool: MediaPool, name: str) -> Iterator[Folder]:
    """The bin of that name, selected: Resolve imports into no other."""
    before = pool.GetCurrentFolder()
    try:
        yield _bin(pool, name)
    finally:
        if before is not None:
            pool.SetCurrentFolder(before)


def _bin(pool: MediaPool, name: str) -> Folder:
    root = root_of(pool)
    known = (each for each in root.GetSubFolderList() or [] if each.GetName() == name)
    folder = next(known, None) or pool.AddSubFolder(root, name)
    if folder is None or not pool.SetCurrentFolder(folder):
        raise NotNow(f"Resolve does not make or select the bin {name!r}.")
    return folder


def _at_paths(bench: Bench, folder: Folder) -> dict[str, MediaPoolItem]:
    found: dict[str, MediaPoolItem] = {}
    for number, item in enumerate(folder.GetClipList() or []):
        if number % TELL_EVERY == 0:
            bench.tell("looking at what arrived")
        found.setdefault(place_key(_text(item.GetClipProperty("File Path")), bench.system), item)
    return found


def _import_otherwise(bench: Bench, place: Place) -> None:
    """Some builds import a sound file only this way."""
    bench.tell(f"importing {place.file.name} another way")
    if bench.storage is not None:
        bench.storage.AddItemListToMediaPool([place.path])


def _received(bench: Bench, place: Place, items: dict[str, MediaPoolItem]) -> Result:
    item = items.get(place_key(place.path, bench.system))
    if item is None:
        return place.ended("refused", REFUSED)
    if place.file.asset_id:
        item.SetThirdPartyMetadata(STAMP, place.file.asset_id)
    return _with_markers(bench, place, item, place.ended("imported"))


def _with_markers(bench: Bench, place: Place, item: MediaPoolItem, result: Result) -> Result:
    """The result, with a word about the markers if there are any."""
    if not place.file.markers:
        return result
    told = _told(_marked(bench, place, item))
    detail = " ".join(part for part in (result.detail, told) if part)
    return msgspec.structs.replace(result, detail=detail)


def _marked(bench: Bench, place: Place, item: MediaPoolItem) -> Marking:
    """The markers that were planned for a clip, less those that Resolve did not take."""
    bench.tell(f"marking {place.file.name}")
    rate = rate_in(_text(item.GetClipProperty("FPS"))) or rate_in(place.file.frame_rate)
    taken = {
        int(frame): _text(known.get("customData"))
        for frame, known in (item.GetMarkers() or {}).items()
    }
    plan = plan_markers(place.file, rate or USUAL_RATE, taken)
    kept = tuple(mark for mark in plan.marks if _is_set(item, mark))
    blocked = plan.blocked_count + len(plan.marks) - len(kept)
    return msgspec.structs.replace(plan, marks=kept, blocked_count=blocked)


def _is_set(item: MediaPoolItem, mark: Mark) -> bool:
    return bool(
        item.AddMarker(
            mark.frame, mark.colour, mark.name, mark.note, mark.duration_frames, mark.custom
        )
    )


def _told(marking: Marking) -> str:
    counts = (
        (len(marking.marks), "set"),
        (marking.present_count, "there already"),
        (marking.blocked_count, "not set: another marker is on that frame"),
    )
    return "Markers: " + ", ".join(f"{count} {what}" for count, what in counts if count) + "."


def mark_clips(bench: Bench, places: Sequence[Place]) -> list[Result]:
    """Sets the markers of clips that are in the pool; which need not be readable for that."""
    shelf = read_shelf(bench, root_of(bench.pool))
    results = []
    for place in places:
        found = clips_of(place, shelf.clips, bench.system)
        if not found:
            results.append(place.ended("skipped", "The media pool has no clip of it."))
            continue
        markings = [_marked(bench, place, shelf.items[clip.number]) for clip in found]
        results.append(_marked_result(place, markings))
    return results


def _marked_result(place: Place, markings: Sequence[Marking]) -> Result:
    if not place.file.markers:
        return place.ended("present", "It has no markers.")
    told = " ".join(_told(marking) for marking in markings)
    if any(marking.marks for marking in markings):
        return place.ended("marked", told)
    is_there = all(marking.present_count for marking in markings)
    return place.ended("present" if is_there else "refused", told)


def relink_clips(bench: Bench, places: Sequence[Place]) -> list[Result]:
    """Points clips at where their files are now."""
    shelf = read_shelf(bench, root_of(bench.pool))
    plan = plan_relink(places, shelf.clips, bench.system)
    failed: dict[str, Place] = {}
    moved: dict[str, Place] = {}
    for number, relink in enumerate(plan.relinks, start=1):
        bench.tell(f"relinking {number} of {len(plan.relinks)}")
        into = moved if _is_relinked(bench, shelf, relink) else failed
        into[relink.place.file.path] = relink.place
    good = [place.ended("relinked") for path, place in moved.items() if path not in failed]
    bad = [place.ended("refused", "Resolve did not relink it.") for place in failed.values()]
    return [*plan.results, *good, *bad]


def _is_relinked(bench: Bench, shelf: Shelf, relink: Relink) -> bool:
    """Read again: what Resolve answers is not always what it did."""
    items = [shelf.items[number] for number in relink.numbers]
    goal = place_key(relink.place.path, bench.system)
    if relink.folder:
        bench.pool.RelinkClips(items, relink.folder)
    for item in items:
        if place_key(_text(item.GetClipProperty("File Path")), bench.system) != goal:
            item.ReplaceClip(relink.place.path)
        if relink.place.file.asset_id:
            item.SetThirdPartyMetadata(STAMP, relink.place.file.asset_id)
    paths = (_text(item.GetClipProperty("File Path")) for item in items)
    return all(place_key(path, bench.system) == goal for path in paths)


def read_shelf(bench: Bench, root: Folder) -> Shelf:
    """Every clip of the pool with its file and its stamp; timelines have no file, and no place."""
    shelf = Shelf([], [])
    for item in _items(root):
        if len(shelf.items) % TELL_EVERY == 0:
            bench.tell(f"reading the media pool: {len(shelf.items)} clips")
        path = _text(item.GetClipProperty("File Path"))
        if path:
            stamp = _text(item.GetThirdPartyMetadata(STAMP))
            shelf.clips.append(Clip(number=len(shelf.items), path=path, asset_id=stamp))
            shelf.items.append(item)
        if len(shelf.items) == CLIPS_MAX:
            break
    return shelf


def _items(root: Folder) -> Iterator[MediaPoolItem]:
    folders = [root]
    for _ in range(FOLDERS_MAX):
        if not folders:
            return
        folder = folders.pop()
        yield from folder.GetClipList() or []
        folders += folder.GetSubFolderList() or []


def _text(told: object) -> str:
    """A property as text: Resolve answers with None, numbers or a dictionary where it has none."""
    return "" if told is None or isinstance(told, dict) else str(told)
