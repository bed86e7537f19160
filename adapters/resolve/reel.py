"""
The clips of a job as they go into an interchange file: lengths, timecodes and markers in frames of
each clip's own rate. Pure; `fcpxml` and `interchange` write it.
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal
from urllib.parse import quote

import msgspec

from adapters.resolve.places import Place, System
from adapters.resolve.plan import Mark, mark_of
from adapters.resolve.rates import frames_before, frames_in, rate_in

USUAL_RATE = Fraction(25)
"""Of a reel whose clips tell no rate: photographs and sound."""

STILL_S = 5.0
"""How long a photograph lasts on a timeline, as Resolve's preference has it too."""


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """
    One clip, whole. `first_frame` is the number its timecode gives to its first frame. Of sound
    that nobody knows of, two channels are assumed.
    """

    name: str
    url: str
    kind: Literal["video", "sound", "still"]
    rate: Fraction
    frames_count: int
    first_frame: int = 0
    width: int | None = None
    height: int | None = None
    audio_channels: int = 2
    asset_id: str = ""
    marks: tuple[Mark, ...] = ()


class Reel(msgspec.Struct, frozen=True, kw_only=True):
    """Clips one after the other; `rate` is the timeline's."""

    name: str
    rate: Fraction
    shots: tuple[Shot, ...]


def reel_of(name: str, places: Sequence[Place], system: System) -> Reel:
    """The reel of files that can be read; most of the clips decide about its rate."""
    rates = [rate_in(place.file.frame_rate) for place in places]
    known = Counter(rate for rate in rates if rate is not None)
    usual = known.most_common(1)[0][0] if known else USUAL_RATE
    shots = tuple(
        _shot(place, rate, usual, system) for place, rate in zip(places, rates, strict=True)
    )
    return Reel(name=name, rate=usual, shots=shots)


def _shot(place: Place, told: Fraction | None, usual: Fraction, system: System) -> Shot:
    file = place.file
    kind: Literal["video", "sound", "still"] = "video"
    if file.is_still:
        kind = "still"
    elif file.width is None and told is None:
        kind = "sound"
    rate = told if told is not None and kind == "video" else usual
    count = frames_in(STILL_S if file.duration_s is None else file.duration_s, rate)
    return Shot(
        name=file.name or place.path,
        url=url_of(place.path, system),
        kind=kind,
        rate=rate,
        frames_count=count,
        first_frame=frames_before(file.start_timecode, rate),
        width=file.width,
        height=file.height,
        audio_channels=2 if file.audio_channels is None else file.audio_channels,
        asset_id=file.asset_id,
        marks=tuple(mark_of(marker, rate, frames_count=count) for marker in file.markers),
    )


def url_of(path: str, system: System) -> str:
    """A whole path of a machine of this kind as a URL; `file://MACHINE/` begins a share's."""
    plain = path.replace("\\", "/") if system == "windows" else path
    if plain.startswith("//") and system == "windows":
        return f"file:{quote(plain)}"
    return "file://" + quote(plain if plain.startswith("/") else f"/{plain}", safe="/:")
