"""
A reel as FCPXML, the interchange format of Final Cut Pro, which Resolve imports.

Written here because every time in it must be a whole number of frames, also at 30000/1001 a second:
the adapter for OpenTimelineIO writes no frame duration at all for such rates. Elements and
attributes are those of Apple's "FCPXML Reference", version 1.10; the address of a file is written
both as there and as before, which is what readers of both kinds understand.
"""

from fractions import Fraction
from xml.etree import ElementTree as ET

from adapters.resolve.plan import Mark
from adapters.resolve.reel import Reel, Shot

VERSION = "1.10"
SAMPLES_PER_S = "48000"
"""What cameras and phones record; the daemon does not tell."""


def fcpxml(reel: Reel) -> bytes:
    """The file's content."""
    root = ET.Element("fcpxml", version=VERSION)
    resources = ET.SubElement(root, "resources")
    formats = _Formats(resources)
    sequence_format = formats.of(reel.rate, _size(reel))
    assets = {url: _asset(resources, formats, shot) for url, shot in _different(reel).items()}
    event = ET.SubElement(ET.SubElement(root, "library"), "event", name=reel.name)
    project = ET.SubElement(event, "project", name=reel.name)
    seconds = sum((_lasting(shot, reel) for shot in reel.shots), Fraction(0))
    sequence = ET.SubElement(
        project,
        "sequence",
        {"format": sequence_format, "duration": _time(seconds), "tcStart": "0s", "tcFormat": "NDF"},
    )
    spine, offset = ET.SubElement(sequence, "spine"), Fraction(0)
    for shot in reel.shots:
        _clip(spine, shot, assets[shot.url], offset=offset, lasting=_lasting(shot, reel))
        offset += _lasting(shot, reel)
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8")
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
    return head + body + b"\n"


class _Formats:
    """The formats that were needed so far, each once."""

    def __init__(self, resources: ET.Element) -> None:
        self._resources = resources
        self._names: dict[tuple[Fraction, tuple[int, int] | None], str] = {}

    def of(self, rate: Fraction, size: tuple[int, int] | None) -> str:
        """The name of the format with this rate and size."""
        name = self._names.get((rate, size))
        if name is None:
            name = self._names[rate, size] = f"f{len(self._names) + 1}"
            fields = {"id": name, "frameDuration": f"{rate.denominator}/{rate.numerator}s"}
            if size is not None:
                fields |= {"width": str(size[0]), "height": str(size[1])}
            ET.SubElement(self._resources, "format", fields)
        return name


def _different(reel: Reel) -> dict[str, Shot]:
    return {shot.url: shot for shot in reel.shots}


def _size(shot_or_reel: Reel | Shot) -> tuple[int, int] | None:
    shots = shot_or_reel.shots if isinstance(shot_or_reel, Reel) else (shot_or_reel,)
    sizes = ((shot.width, shot.height) for shot in shots if shot.kind == "video")
    return next(((width, height) for width, height in sizes if width and height), None)


def _asset(resources: ET.Element, formats: _Formats, shot: Shot) -> str:
    number = sum(each.tag == "asset" for each in resources) + 1
    fields = {
        "id": f"a{number}",
        "name": shot.name,
        "src": shot.url,
        "start": _time(shot.first_frame / shot.rate),
        "duration": _time(shot.frames_count / shot.rate),
        "format": formats.of(shot.rate, _size(shot)),
        "hasVideo": "0" if shot.kind == "sound" else "1",
    }
    asset = ET.SubElement(resources, "asset", fields | _sound(shot))
    ET.SubElement(asset, "media-rep", {"kind": "original-media", "src": shot.url})
    return fields["id"]


def _sound(shot: Shot) -> dict[str, str]:
    if shot.kind == "still" or not shot.audio_channels:
        return {}
    channels = str(shot.audio_channels)
    sources = {"hasAudio": "1", "audioSources": "1"}
    return sources | {"audioChannels": channels, "audioRate": SAMPLES_PER_S}


def _lasting(shot: Shot, reel: Reel) -> Fraction:
    """How long a clip is on the timeline, in seconds: cuts are where the timeline has frames."""
    seconds = shot.frames_count / shot.rate
    return Fraction(max(1, int(seconds * reel.rate))) / reel.rate


def _clip(
    spine: ET.Element, shot: Shot, asset: str, *, offset: Fraction, lasting: Fraction
) -> None:
    start = shot.first_frame / shot.rate
    fields = {
        "ref": asset,
        "name": shot.name,
        "offset": _time(offset),
        "start": _time(start),
        "duration": _time(lasting),
        "tcFormat": "NDF",
    }
    clip = ET.SubElement(spine, "asset-clip", fields)
    for mark in shot.marks:
        ET.SubElement(clip, "marker", _marker(mark, shot, start))


def _marker(mark: Mark, shot: Shot, start: Fraction) -> dict[str, str]:
    fields = {
        "start": _time(start + mark.frame / shot.rate),
        "duration": _time(mark.duration_frames / shot.rate),
        "value": mark.name,
    }
    return fields | ({"note": mark.note} if mark.note else {})


def _time(seconds: Fraction) -> str:
    """Seconds as FCPXML writes them: a fraction, never a decimal."""
    if seconds.denominator == 1:
        return f"{seconds.numerator}s"
    return f"{seconds.numerator}/{seconds.denominator}s"
