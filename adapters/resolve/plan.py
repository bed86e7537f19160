"""
What to do, as data: a job, what this machine has, and what the media pool holds go in, steps and
results come out. Nothing is asked and nothing is done here.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import PurePosixPath, PureWindowsPath

import msgspec

from adapters.resolve.places import Place, System, place_key
from adapters.resolve.rates import frame_at, frames_in
from adapters.resolve.wire import JobFile, Marker, Result

AT_ONCE_MAX = 25
"""Files imported by one call: between two calls the agent hears that its child is alive."""

NAME_CHARACTERS_MAX = 60
"""Of a marker's name; Resolve shows it in a list."""

CUSTOM_PREFIX = "playhead:"
"""Marks a marker of Resolve's as one of ours; its id follows."""


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A clip of the media pool: its number in the list, its file, and our stamp if it has one."""

    number: int
    path: str
    asset_id: str = ""


class Stamp(msgspec.Struct, frozen=True):
    """Write the content of its file on a clip."""

    number: int
    asset_id: str


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Set a marker; the frame is counted from the clip's first, the duration is in frames."""

    frame: int
    duration_frames: int
    colour: str
    name: str
    note: str
    custom: str


class Marking(msgspec.Struct, frozen=True, kw_only=True):
    """The markers to set on a clip, how many it has already, and how many find no place."""

    marks: tuple[Mark, ...] = ()
    present_count: int = 0
    blocked_count: int = 0


class Relink(msgspec.Struct, frozen=True, kw_only=True):
    """Point clips at a file. Its folder alone is enough when it has kept its name."""

    place: Place
    numbers: tuple[int, ...]
    folder: str = ""


class ImportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    `batches` are the paths to import, those of each call; `wanted` the places they are of. `held`
    says which clip of the pool each other place has, with what to tell of it.
    """

    batches: tuple[tuple[str, ...], ...]
    wanted: tuple[Place, ...]
    stamps: tuple[Stamp, ...]
    held: tuple[tuple[Place, int, Result], ...]
    results: tuple[Result, ...]


class RelinkPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to point elsewhere, and what is to be told of files for which nothing is to be done."""

    relinks: tuple[Relink, ...]
    results: tuple[Result, ...]


def plan_import(places: Iterable[Place], clips: Sequence[Clip], system: System) -> ImportPlan:
    """Only what the pool does not hold is imported; what it holds is stamped."""
    at_path, of_asset = _by_path(clips, system), _by_asset(clips)
    results: list[Result] = []
    wanted: list[Place] = []
    held: list[tuple[Place, int, Result]] = []
    stamps: list[Stamp] = []
    for place in places:
        if place.problem:
            results.append(place.result)
            continue
        asset_id = place.file.asset_id
        here = at_path.get(place_key(place.path, system))
        elsewhere = of_asset.get(asset_id) if asset_id else None
        if here is not None:
            held.append((place, here[0].number, place.ended("present")))
            stamps += [Stamp(each.number, asset_id) for each in here if asset_id != each.asset_id]
        elif elsewhere is not None:
            detail = f"The pool has it as {elsewhere[0].path}; relink it if that is offline."
            held.append((place, elsewhere[0].number, place.ended("present", detail)))
        else:
            wanted.append(place)
    return ImportPlan(
        batches=tuple(_batches(wanted)),
        wanted=tuple(wanted),
        stamps=tuple(stamp for stamp in stamps if stamp.asset_id),
        held=tuple(held),
        results=tuple(results),
    )


def _batches(places: Sequence[Place]) -> Iterable[tuple[str, ...]]:
    """Photographs go one by one: numbered ones of one call would become a single clip."""
    moving = [place.path for place in places if not place.file.is_still]
    for start in range(0, len(moving), AT_ONCE_MAX):
        yield tuple(moving[start : start + AT_ONCE_MAX])
    for place in places:
        if place.file.is_still:
            yield (place.path,)


def plan_relink(places: Iterable[Place], clips: Sequence[Clip], system: System) -> RelinkPlan:
    """Clips are known again by their stamp, or by where their file was before."""
    at_path, of_asset = _by_path(clips, system), _by_asset(clips)
    relinks: list[Relink] = []
    results: list[Result] = []
    for place in places:
        if place.problem:
            results.append(place.result)
            continue
        goal = place_key(place.path, system)
        found = dict.fromkeys(of_asset.get(place.file.asset_id, []) if place.file.asset_id else [])
        for former in place.former:
            found |= dict.fromkeys(at_path.get(place_key(former, system), []))
        astray = [clip for clip in found if place_key(clip.path, system) != goal]
        if astray:
            relinks += _relinks(place, astray, system)
        elif found or goal in at_path:
            results.append(place.ended("present"))
        else:
            results.append(place.ended("skipped", "The media pool has no clip of it."))
    return RelinkPlan(relinks=tuple(relinks), results=tuple(results))


def _relinks(place: Place, clips: Sequence[Clip], system: System) -> Iterable[Relink]:
    kind = PureWindowsPath if system == "windows" else PurePosixPath
    target = kind(place.path)
    alike = [clip for clip in clips if kind(clip.path).name == target.name]
    renamed = [clip for clip in clips if clip not in alike]
    if alike:
        numbers = tuple(clip.number for clip in alike)
        yield Relink(place=place, numbers=numbers, folder=str(target.parent))
    if renamed:
        yield Relink(place=place, numbers=tuple(clip.number for clip in renamed))


def clips_of(place: Place, clips: Sequence[Clip], system: System) -> list[Clip]:
    """The clips of the pool that show a file: by stamp, by where it is, by where it was."""
    keys = {place_key(path, system) for path in (place.path, *place.former) if path}
    asset_id = place.file.asset_id
    return [
        clip
        for clip in clips
        if (asset_id and clip.asset_id == asset_id) or place_key(clip.path, system) in keys
    ]


def plan_markers(file: JobFile, rate: Fraction, taken: Mapping[int, str]) -> Marking:
    """
    The markers that a clip has not yet. `taken` says which frames have one, and whose; there is
    room for one on each. What was set once is not set again, wherever it was moved to since.
    """
    count = frames_in(file.duration_s, rate) if file.duration_s else None
    ours, frames = set(taken.values()), set(taken)
    marks: list[Mark] = []
    present = blocked = 0
    for marker in file.markers:
        mark = mark_of(marker, rate, frames_count=count)
        if mark.custom in ours:
            present += 1
        elif mark.frame in frames:
            blocked += 1
        else:
            marks.append(mark)
            frames.add(mark.frame)
            ours.add(mark.custom)
    return Marking(marks=tuple(marks), present_count=present, blocked_count=blocked)


def mark_of(marker: Marker, rate: Fraction, *, frames_count: int | None = None) -> Mark:
    """A marker in frames, inside the clip if its length is known."""
    frame = frame_at(marker.position_s, rate, frames_count=frames_count)
    lasting = frames_in(marker.duration_s, rate)
    room = lasting if frames_count is None else max(1, frames_count - frame)
    first_line = marker.note.strip().partition("\n")[0].strip()
    name = first_line[:NAME_CHARACTERS_MAX] or f"Marker by {marker.by or 'Playhead'}"
    note = "\n".join(part for part in (marker.note.strip(), marker.by and f"— {marker.by}") if part)
    return Mark(
        frame=frame,
        duration_frames=min(lasting, room),
        colour=marker.colour,
        name=name,
        note=note,
        custom=f"{CUSTOM_PREFIX}{marker.id}",
    )


def _by_path(clips: Iterable[Clip], system: System) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        if clip.path:
            found.setdefault(place_key(clip.path, system), []).append(clip)
    return found


def _by_asset(clips: Iterable[Clip]) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        if clip.asset_id:
            found.setdefault(clip.asset_id, []).append(clip)
    return found
