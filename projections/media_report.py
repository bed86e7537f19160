"""
What ffprobe says of a file: the shape of its JSON, and what follows from it.
"""

import math

import msgspec

FRAMES_PER_SECOND_MAX = 1_000.0
"""What claims more is a still, or counts ticks instead of frames."""

_FULL_TURN_DEGREES = 360


class SideData(msgspec.Struct, frozen=True, gc=False):
    """What comes along with a stream."""

    side_data_type: str = ""
    rotation: float | None = None


class Stream(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stream, as ffprobe names its parts."""

    index: int = 0
    codec_type: str = ""
    codec_name: str = ""
    codec_tag_string: str = ""
    profile: str = ""
    pix_fmt: str = ""
    width: int = 0
    height: int = 0
    sample_aspect_ratio: str = ""
    display_aspect_ratio: str = ""
    color_range: str = ""
    color_space: str = ""
    color_transfer: str = ""
    color_primaries: str = ""
    avg_frame_rate: str = ""
    r_frame_rate: str = ""
    time_base: str = ""
    sample_rate: str = ""
    channels: int = 0
    channel_layout: str = ""
    duration: str = ""
    nb_frames: str = ""
    extradata_hash: str = ""
    disposition: dict[str, int] = {}
    tags: dict[str, str] = {}
    side_data_list: tuple[SideData, ...] = ()

    @property
    def is_moving(self) -> bool:
        """A picture that moves, and not the cover of a song."""
        return self.codec_type == "video" and not self.is_cover

    @property
    def is_cover(self) -> bool:
        """A still that came along with sound or video."""
        return self.codec_type == "video" and bool(self.disposition.get("attached_pic"))

    @property
    def fps(self) -> float | None:
        """Frames a second, if it tells."""
        return _fps(self.avg_frame_rate) or _fps(self.r_frame_rate)

    @property
    def rotation_degrees(self) -> int:
        """
        How far the picture is turned clockwise before it is shown: 0, 90, 180 or 270. A display
        matrix counts the other way round than the `rotate` tag that older tools wrote.
        """
        for each in self.side_data_list:
            if each.side_data_type == "Display Matrix" and each.rotation is not None:
                return _quarter_turns(-each.rotation)
        return _quarter_turns(_number(lowered(self.tags).get("rotate", "")) or 0.0)


class Format(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A container, as ffprobe names its parts."""

    format_name: str = ""
    duration: str = ""
    tags: dict[str, str] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What ffprobe says of a file."""

    streams: tuple[Stream, ...] = ()
    format: Format = Format()

    @property
    def moving(self) -> Stream | None:
        """The stream that is looked at."""
        return next((each for each in self.streams if each.is_moving), None)

    @property
    def cover(self) -> Stream | None:
        """The still that stands for sound."""
        return next((each for each in self.streams if each.is_cover), None)

    @property
    def sound(self) -> Stream | None:
        """The stream that is listened to: the first that ffmpeg knows the codec of."""
        known = (each for each in self.streams if each.codec_type == "audio" and each.codec_name)
        return next(known, None)

    @property
    def duration_s(self) -> float | None:
        """How long it plays, if anything in it tells."""
        whole = _number(self.format.duration)
        if whole is not None and whole > 0:
            return whole
        lengths = [_number(each.duration) or 0.0 for each in self.streams]
        return max(lengths, default=0.0) or None


def parse_report(data: bytes) -> Report:
    """
    The JSON of ffprobe, from `-show_format -show_streams`.

    Raises:
        ValueError: it is not that.
    """
    try:
        return msgspec.json.decode(data, type=Report)
    except msgspec.MsgspecError as error:
        raise ValueError(f"ffprobe's answer is not understood: {error}") from error


def lowered(tags: dict[str, str]) -> dict[str, str]:
    """Tags by their names in lower case: containers disagree."""
    return {key.lower(): text for key, text in tags.items()}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _fps(text: str) -> float | None:
    over, _, under = text.partition("/")
    above, below = _number(over), _number(under or "1")
    if not above or not below or not 0 < above / below <= FRAMES_PER_SECOND_MAX:
        return None
    return round(above / below, 3)


def _quarter_turns(degrees: float) -> int:
    """Whole quarter turns, clockwise; a picture that hangs askew counts as upright."""
    turned = degrees % _FULL_TURN_DEGREES
    nearest = round(turned / 90) * 90
    return nearest % _FULL_TURN_DEGREES if abs(turned - nearest) <= 1 else 0
