"""Making turned clips upright with the real ffmpeg, and looking hard at the result."""

import re

import anyio
import pytest

from adapters.disk.errors import NameTaken
from adapters.files.orientation import Upright, difference, make_upright, plan
from adapters.files.probe import probe, read_report
from adapters.files.tool_errors import Gone, ToolFailed, Unsuitable, WrongResult
from adapters.files.tools import Toolbox
from projections.media_facts import parse_time
from projections.media_report import Report, Stream
from support.media_clips import (
    ffprobe,
    psnr,
    require_ffmpeg,
    turn,
    write_clip,
    write_script,
    write_song,
)

PHONE_TAGS = {
    "creation_time": "2026-05-01T10:11:12Z",
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.creationdate": "2026-05-01T12:11:12+0200",
}
PSNR_MIN_DB = 38.0
"""What cannot be told apart by eye; another turn would be near 10."""


@pytest.fixture
def tools():
    """Two programs at a time."""
    return Toolbox(anyio.CapacityLimiter(2))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A lying clip of 0.4 s with picture, sound and a phone's tags."""
    require_ffmpeg()
    tags = [part for name, text in PHONE_TAGS.items() for part in ("-metadata", f"{name}={text}")]
    path = tmp_path_factory.mktemp("orientation") / "clip.mov"
    return write_clip(path, "-movflags", "use_metadata_tags", *tags)


@pytest.fixture
def lying(clip, tmp_path):
    """A clip that players turn by a quarter, clockwise."""
    path = tmp_path / "lying.mov"
    path.write_bytes(clip.read_bytes())
    return turn(path, 90)


@pytest.fixture
def part(tmp_path):
    """Where the copy is written."""
    return tmp_path / "copy.part"


def clip_of(**parts):
    """A report of a turned clip of one second."""
    known = {"codec_type": "video", "codec_name": "h264", "width": 160, "height": 120}
    known |= {"pix_fmt": "yuv420p", "avg_frame_rate": "25/1", "duration": "1.0", "nb_frames": "25"}
    return Report(streams=(Stream(**(known | {"tags": {"rotate": "90"}} | parts)),))


def copy_of(**parts):
    """A report of its upright copy."""
    return clip_of(**({"width": 120, "height": 160, "tags": {}} | parts))


def encoder_of(report, name="a.mov"):
    """The encoder and the pixels that are planned for a clip."""
    words = " ".join(plan(report, name).arguments)
    return re.search(r"-c:v (\w+)", words)[1], re.search(r"-pix_fmt (\w+)", words)[1]


@pytest.mark.parametrize(
    ("degrees", "size"), [(90, (120, 160)), (180, (160, 120)), (270, (120, 160))]
)
async def test_a_turned_clip_becomes_upright(tools, clip, part, tmp_path, degrees, size):
    """The copy shows what players showed, and needs no turn any more."""
    source = tmp_path / "a b's %d.mov"
    source.write_bytes(clip.read_bytes())
    turn(source, degrees)

    made = await make_upright(source, part, tools=tools)

    facts = await probe(part, tools=tools, kind="video")
    assert Upright(degrees, *size, streams_left_out=0) == made
    assert (0, *size) == (facts.rotation_degrees, facts.width, facts.height)
    assert PSNR_MIN_DB < psnr(source, part)


async def test_everything_else_is_taken_over(tools, lying, part):
    """Sound is copied, times are kept, and so is what the phone wrote about itself."""
    await make_upright(lying, part, tools=tools)

    before, after = await read_report(lying, tools=tools), await read_report(part, tools=tools)
    assert before.sound.extradata_hash == after.sound.extradata_hash
    assert before.moving.nb_frames == after.moving.nb_frames
    tags = after.format.tags
    for described in (tags, after.moving.tags, after.sound.tags):
        assert 1_777_630_272_000_000_000 == parse_time(described["creation_time"])
    assert ("Apple", "qt  ") == (tags["com.apple.quicktime.make"], tags["major_brand"])
    facts = await probe(part, tools=tools, name="a.mov")
    assert ("iphone", 1_777_630_272_000_000_000) == (facts.origin, facts.created_ns)


async def test_deep_colours_stay_deep(tools, part, tmp_path):
    """Ten bits of HEVC stay ten bits of HEVC, in the same colours."""
    require_ffmpeg()
    options = ("-c:v", "libx265", "-x265-params", "log-level=error", "-tag:v", "hvc1")
    colours = (
        "-color_primaries",
        "bt2020",
        "-color_trc",
        "arib-std-b67",
        "-colorspace",
        "bt2020nc",
    )
    source = tmp_path / "a.mov"
    write_clip(source, *options, *colours, "-pix_fmt", "yuv420p10le", sound=False, seconds=0.2)

    await make_upright(turn(source, 270), part, tools=tools)

    picture = (await read_report(part, tools=tools)).moving
    assert ("hevc", "hvc1", "yuv420p10le") == (
        picture.codec_name,
        picture.codec_tag_string,
        picture.pix_fmt,
    )
    assert ("bt2020", "arib-std-b67", "bt2020nc") == (
        picture.color_primaries,
        picture.color_transfer,
        picture.color_space,
    )


async def test_uneven_times_stay_uneven(tools, part, tmp_path):
    """Phones vary the distance of frames; each frame of the copy is shown when it was."""
    require_ffmpeg()
    uneven = ("-vf", "select=not(eq(mod(n\\,5)\\,2))", "-fps_mode", "passthrough")
    source = turn(write_clip(tmp_path / "a.mov", *uneven, sound=False), 90)

    await make_upright(source, part, tools=tools)

    times = [
        sorted(float(each["pts_time"]) for each in ffprobe(path, "-show_packets")["packets"])
        for path in (source, part)
    ]
    assert [0.0, 0.04, 0.12] == pytest.approx(times[0][:3])
    assert times[0] == pytest.approx(times[1])


async def test_progress_is_told(tools, lying, part):
    """Whoever waits sees how far it is."""
    heard = []

    await make_upright(lying, part, tools=tools, progress=lambda *told: heard.append(told))

    done_s, whole_s = heard[-1]
    assert whole_s == pytest.approx(done_s, abs=0.1)


async def test_what_cannot_be_turned_is_refused(tools, clip, part, tmp_path):
    """Upright clips, songs, and files that are gone; nothing is written."""
    for path, error, words in (
        (clip, Unsuitable, "'clip.mov' is upright already"),
        (write_song(tmp_path / "a.wav"), Unsuitable, "'a.wav' holds no moving picture"),
        (tmp_path / "gone.mov", Gone, "not there any more"),
    ):
        with pytest.raises(error, match=words):
            await make_upright(path, part, tools=tools)

    assert not part.exists()


async def test_nothing_is_overwritten_by_a_copy(tools, lying, part):
    """What is at the place already stays as it is."""
    part.write_text("mine")

    with pytest.raises(NameTaken):
        await make_upright(lying, part, tools=tools)

    assert "mine" == part.read_text()


async def test_a_copy_that_still_has_to_be_turned_is_thrown_away(lying, part, tmp_path):
    """What the ancestor made is not accepted: success is what the copy shows, not what is said."""
    fake = write_script(tmp_path / "ffmpeg", f"cat '{lying}' > '{part}'")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(fake))

    with pytest.raises(WrongResult, match="it still has to be turned by 90 degrees"):
        await make_upright(lying, part, tools=tools)

    assert not part.exists()


async def test_a_copy_that_cannot_be_read_is_thrown_away(lying, part, tmp_path):
    """An ffmpeg that reports success and writes nothing has failed."""
    fake = write_script(tmp_path / "ffmpeg", "exit 0")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(fake))

    with pytest.raises(WrongResult, match="The new file was thrown away: ffprobe gave up"):
        await make_upright(lying, part, tools=tools)

    assert not part.exists()


async def test_a_failure_leaves_nothing_behind(lying, part, tmp_path):
    """Half a copy is removed; the original is as it was."""
    before = lying.read_bytes()
    fake = write_script(tmp_path / "ffmpeg", f"echo half > '{part}'; echo 'no luck' >&2; exit 1")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(fake))

    with pytest.raises(ToolFailed, match=r"ffmpeg gave up: no luck\."):
        await make_upright(lying, part, tools=tools)

    assert not part.exists()
    assert before == lying.read_bytes()


def test_the_encoder_is_of_the_same_family():
    """HEVC stays HEVC, ProRes stays ProRes; all else becomes H.264 with the same depth."""
    for parts, expected in (
        ({}, ("libx264", "yuv420p")),
        ({"pix_fmt": "yuv422p10le"}, ("libx264", "yuv422p10le")),
        ({"pix_fmt": "bgr24", "codec_name": "mjpeg"}, ("libx264", "yuv420p")),
        ({"codec_name": "hevc", "pix_fmt": "yuv420p12le"}, ("libx265", "yuv420p12le")),
        (
            {"codec_name": "prores", "profile": "HQ", "pix_fmt": "yuv422p10le"},
            ("prores_ks", "yuv422p10le"),
        ),
        (
            {"codec_name": "prores", "profile": "4444", "pix_fmt": "yuv444p12le"},
            ("prores_ks", "yuv444p10le"),
        ),
    ):
        assert expected == encoder_of(clip_of(**parts))


def test_streams_that_nobody_knows_are_left_out_and_counted():
    """A phone's motion data has no codec; sound of a kind that ffmpeg does not know goes too."""
    streams = (
        *clip_of().streams,
        Stream(index=1, codec_type="audio", codec_name="aac"),
        Stream(index=2, codec_type="audio", codec_tag_string="apac"),
        Stream(index=3, codec_type="data", codec_tag_string="mebx"),
    )

    made = plan(Report(streams=streams), "a.mov")

    assert 2 == made.streams_left_out
    assert ["-map", "0:0", "-map", "0:1", "-map_metadata"] == made.arguments[:5]


def test_a_container_that_cannot_be_written_is_refused():
    """What would come out has to be of the same kind as what went in."""
    with pytest.raises(Unsuitable, match=r"'a\.avi' is of a kind"):
        plan(clip_of(), "a.avi")


def test_a_copy_is_compared_in_everything_that_matters():
    """Turn, size, sound, duration and frames: whatever differs is named."""
    original = clip_of()
    work = plan(original, "a.mov")
    sound = Stream(index=1, codec_type="audio", codec_name="aac")

    assert "" == difference(work, original, copy_of())
    assert "" == difference(work, original, copy_of(duration="1.03"))
    for copy, words in (
        (Report(), "it holds no moving picture"),
        (copy_of(tags={"rotate": "90"}), "it still has to be turned by 90 degrees"),
        (copy_of(width=160, height=120), "it measures 160 x 120, not 120 x 160"),
        (Report(streams=(*copy_of().streams, sound)), "its sound is not that of the original"),
        (copy_of(duration="0.9"), "it lasts 0.9 s, not 1.0 s"),
        (copy_of(nb_frames="24"), "it has 24 frames, not 25"),
    ):
        assert words == difference(work, original, copy)
