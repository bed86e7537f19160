"""Joining real clips with the real ffmpeg: as they are where they are alike, encoded where not."""

from fractions import Fraction
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from adapters.disk.errors import DiskFull, NameTaken
from adapters.files.compose import (
    INPUTS_MAX,
    Clip,
    Composed,
    check_inputs,
    compose,
    concat_script,
    encode_arguments,
    fitted,
    frame_size,
    pace_of,
    plan,
)
from adapters.files.rendering import seconds_done
from adapters.files.tool_errors import Gone, ToolFailed, ToolTimeout, Unsuitable, WrongResult
from adapters.files.tools import Toolbox
from projections.media_report import Report, Stream
from support.media_clips import ffprobe, require_ffmpeg, turn, write_clip, write_script, write_song
from support.mpv import wait_until

SECONDS = 0.4
HOSTILE_NAMES = ("-it's 100% %d #1.mp4", "a'b''c\\'|d ü 🎬.mp4")


@pytest.fixture
def tools():
    """Two programs at a time."""
    return Toolbox(anyio.CapacityLimiter(2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two clips recorded alike, a large one, a silent one, and a song."""
    require_ffmpeg()
    clips = tmp_path_factory.mktemp("clips")
    write_clip(clips / "one.mp4", seconds=SECONDS)
    (clips / "two.mp4").write_bytes((clips / "one.mp4").read_bytes())
    write_clip(clips / "large.mov", seconds=SECONDS, size="320x180", rate="30000/1001")
    write_clip(clips / "silent.mp4", seconds=SECONDS, sound=False)
    write_song(clips / "song.wav")
    return clips


@pytest.fixture
def part(tmp_path):
    """Where the new clip is written."""
    return tmp_path / "new.part"


def kinds(path):
    """The streams of a file: kind, and size of pictures."""
    streams = ffprobe(path, "-show_streams")["streams"]
    return [(each["codec_type"], each.get("width"), each.get("height")) for each in streams]


def open_files():
    """What this process has open."""
    return [str(each.resolve()) for each in Path("/proc/self/fd").iterdir()]


def durations(path):
    """How long each stream of a file plays."""
    return [float(each["duration"]) for each in ffprobe(path, "-show_streams")["streams"]]


def picture(**parts):
    """A report of a clip with such a picture."""
    known = {"codec_type": "video", "codec_name": "h264", "width": 160, "height": 120}
    return Report(streams=(Stream(**(known | parts)),))


async def test_clips_that_are_alike_are_copied(tools, folder, part):
    """Nothing is encoded: the frames of the new clip are those of the old ones, all of them."""
    made = await compose([folder / "one.mp4", folder / "two.mp4"], part, tools=tools)

    assert "copy" == made.mode
    assert [("video", 160, 120), ("audio", None, None)] == kinds(part)
    assert [2 * SECONDS] * 2 == pytest.approx(durations(part), abs=0.08)
    sizes = [
        sum(int(packet["size"]) for packet in ffprobe(path, "-show_packets")["packets"])
        for path in (folder / "one.mp4", part)
    ]
    assert 2 * sizes[0] == pytest.approx(sizes[1], abs=200)
    assert not any("memfd:clips" in name for name in open_files())


async def test_clips_that_differ_are_encoded(tools, folder, part):
    """The new clip has the size and the pace of the first, and sound all the way."""
    inputs = [folder / name for name in ("one.mp4", "large.mov", "silent.mp4")]
    heard = []

    made = await compose(inputs, part, tools=tools, progress=lambda *told: heard.append(told))

    assert "encode" == made.mode
    assert [("video", 160, 120), ("audio", None, None)] == kinds(part)
    assert [3 * SECONDS] * 2 == pytest.approx(durations(part), abs=0.2)
    video = ffprobe(part, "-show_streams")["streams"][0]
    assert ("h264", "yuv420p", "25/1") == (
        video["codec_name"],
        video["pix_fmt"],
        video["avg_frame_rate"],
    )
    assert [(made.duration_s, made.duration_s)] == heard[-1:]
    head = part.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")


async def test_a_turned_clip_is_upright_in_company(tools, folder, part, tmp_path):
    """A clip that players turn is turned before it is fitted into the first one's size."""
    lying = tmp_path / "lying.mp4"
    lying.write_bytes((folder / "one.mp4").read_bytes())
    turn(lying, 90)

    await compose([lying, folder / "one.mp4"], part, tools=tools)

    assert ("video", 120, 160) == kinds(part)[0]


async def test_turned_clips_that_are_alike_stay_turned(tools, folder, part, tmp_path):
    """Copying takes over what turns the picture."""
    lying = tmp_path / "lying.mp4"
    lying.write_bytes((folder / "one.mp4").read_bytes())
    turn(lying, 90)

    made = await compose([lying, lying], part, tools=tools)

    video = ffprobe(part, "-show_streams")["streams"][0]
    assert "copy" == made.mode
    assert -90 == video["side_data_list"][0]["rotation"]


async def test_one_clip_can_be_encoded(tools, folder, part):
    """Whoever asks for encoding gets it, silent clips without a track of silence."""
    made = await compose([folder / "silent.mp4"], part, tools=tools, mode="encode")

    assert "encode" == made.mode
    assert [("video", 160, 120)] == kinds(part)


async def test_what_does_not_fit_into_an_mp4_is_encoded(tools, part, tmp_path):
    """Alike, but with sound that no MP4 can hold: copying fails, encoding does not."""
    require_ffmpeg()
    clip = write_clip(tmp_path / "a.mov", "-c:a", "pcm_s16be", seconds=SECONDS)

    made = await compose([clip, clip], part, tools=tools)

    assert "encode" == made.mode
    with pytest.raises(ToolFailed, match="ffmpeg gave up"):
        await compose([clip, clip], tmp_path / "copy.part", tools=tools, mode="copy")
    assert not (tmp_path / "copy.part").exists()


async def test_copying_what_differs_is_refused(tools, folder, part):
    """Mode copy does not encode behind anybody's back."""
    inputs = [folder / "one.mp4", folder / "large.mov"]

    with pytest.raises(Unsuitable, match="not recorded alike"):
        await compose(inputs, part, tools=tools, mode="copy")

    assert not part.exists()


async def test_hostile_names_are_only_names(tools, folder, part, tmp_path):
    """Quotes, percent signs, dashes and colons survive the script and the command line."""
    inputs = []
    for name in HOSTILE_NAMES:
        inputs.append(tmp_path / name)
        inputs[-1].write_bytes((folder / "one.mp4").read_bytes())

    for mode in ("copy", "encode"):
        made = await compose(inputs, tmp_path / f"{mode}.part", tools=tools, mode=mode)

        assert Composed(mode, pytest.approx(2 * SECONDS, abs=0.1)) == made


async def test_what_is_no_clip_is_refused_by_name(tools, folder, part, tmp_path):
    """Sound alone, damaged files and files that are gone are named, without their folder."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")

    for path, error, words in (
        (folder / "song.wav", Unsuitable, "'song.wav' holds no moving picture"),
        (broken, Unsuitable, "'broken.mp4' cannot be joined: ffprobe gave up"),
        (tmp_path / "gone.mp4", Gone, "not there any more"),
    ):
        with pytest.raises(error, match=words):
            await compose([folder / "one.mp4", path], part, tools=tools)

    assert not part.exists()


async def test_nothing_is_overwritten(tools, folder, part):
    """What is at the place already stays as it is."""
    part.write_text("mine")

    with pytest.raises(NameTaken):
        await compose([folder / "one.mp4"], part, tools=tools)

    assert "mine" == part.read_text()


async def test_a_hanging_ffmpeg_leaves_nothing_behind(folder, part, tmp_path):
    """After the deadline there is neither a process nor half a clip."""
    hang = write_script(tmp_path / "ffmpeg", "sleep 60")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(hang))

    with pytest.raises(ToolTimeout):
        await compose([folder / "one.mp4"], part, tools=tools, timeout_s=0.3)

    assert not part.exists()


async def test_cancelling_leaves_nothing_behind(folder, part, tmp_path):
    """Whoever gives up half-way finds nothing half done."""
    hang = write_script(tmp_path / "ffmpeg", "sleep 60")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(hang))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: compose([folder / "one.mp4"], part, tools=tools))
        await anyio.to_thread.run_sync(wait_until, part.exists, "the beginning")
        tasks.cancel_scope.cancel()

    assert not part.exists()
    assert 0 == tools.limiter.borrowed_tokens


async def test_a_full_disk_has_a_name(folder, part, tmp_path):
    """That there is no room is told apart from every other failure."""
    words = "echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 1"
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(write_script(tmp_path / "ffmpeg", words)))

    with pytest.raises(DiskFull):
        await compose([folder / "one.mp4"], part, tools=tools)

    assert not part.exists()


async def test_a_result_that_is_too_short_is_thrown_away(folder, part, tmp_path):
    """An ffmpeg that reports success and lost a clip is not believed."""
    inputs = [folder / "one.mp4"] * 3
    short = write_script(tmp_path / "ffmpeg", f"cat '{inputs[0]}' > '{part}'")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(short))

    with pytest.raises(WrongResult, match=r"it lasts 0\.\d+ s, not 1\.\d+ s"):
        await compose(inputs, part, tools=tools, mode="copy")

    assert not part.exists()


def test_line_breaks_and_crowds_are_refused():
    """No name with a line break reaches a script, and not every number of clips is sensible."""
    with pytest.raises(Unsuitable, match="line break"):
        check_inputs([Path("/a/b\nfile 'c'.mp4")])
    for count in (0, INPUTS_MAX + 1):
        with pytest.raises(Unsuitable, match="From 1 to"):
            check_inputs([Path("/a.mp4")] * count)


def test_a_quote_cannot_end_a_name():
    """Every name is one line of the script, whatever quotes it has."""
    script = concat_script([Path("/a/it's.mov"), Path("/b/c.mov")])

    assert "file 'file:/a/it'\\''s.mov'\nfile 'file:/b/c.mov'\n" == script


def test_a_plan_copies_only_what_is_alike_in_everything():
    """A difference in codec, size, turn, time base or headers means encoding."""
    one = Clip(Path("/a.mp4"), picture())
    for parts in (
        {"codec_name": "hevc"},
        {"width": 320},
        {"time_base": "1/600"},
        {"extradata_hash": "MD5:0"},
        {"color_transfer": "arib-std-b67"},
        {"tags": {"rotate": "90"}},
        {"index": 1},
    ):
        other = Clip(Path("/b.mp4"), picture(**parts))

        assert "encode" == plan([one, other], mode="auto").mode
    assert "copy" == plan([one, one], mode="auto").mode


def test_hevc_from_other_containers_is_marked_for_apple_s_players():
    """MP4 and MOV carry a mark along; MKV has none, and ffmpeg's own is not understood."""
    from_mkv = picture(codec_name="hevc", codec_tag_string="[0][0][0][0]")
    from_mov = picture(codec_name="hevc", codec_tag_string="hvc1")

    assert "hvc1" in plan([Clip(Path("/a.mkv"), from_mkv)], mode="copy").arguments
    assert "hvc1" not in plan([Clip(Path("/a.mov"), from_mov)], mode="copy").arguments


def test_pictures_are_fitted_in_even_numbers():
    """H.264 has no odd edges; shapes are kept, and frames not exceeded."""
    for size, frame, expected in (
        ((160, 120), (160, 120), (160, 120)),
        ((320, 180), (160, 120), (160, 90)),
        ((120, 160), (160, 120), (90, 120)),
        ((101, 33), (160, 120), (160, 52)),
        ((1, 1000), (160, 120), (2, 120)),
    ):
        assert expected == fitted(size, frame)


def test_the_first_clip_gives_the_size():
    """With square pixels, upright, and no larger than H.264 can be."""
    for parts, expected in (
        ({"width": 161, "height": 121}, (160, 120)),
        ({"width": 720, "height": 576, "sample_aspect_ratio": "64:45"}, (1024, 576)),
        ({"tags": {"rotate": "90"}}, (120, 160)),
        ({"width": 16384, "height": 8192}, (8192, 4096)),
        ({"width": 0, "height": 0}, (2, 2)),
        ({"sample_aspect_ratio": "0:1"}, (160, 120)),
    ):
        assert expected == frame_size(picture(**parts).moving)


def test_a_phone_s_average_pace_is_the_one_it_meant():
    """29.9667 frames a second is no rate; what tells none gets a usual one."""
    for text, pace in (
        ("25/1", Fraction(25)),
        ("30000/1001", Fraction(30_000, 1_001)),
        ("29971/1000", Fraction(30_000, 1_001)),
        ("15/1", Fraction(15)),
        ("1000/1", Fraction(120)),
        ("0/0", Fraction(30)),
        ("x", Fraction(30)),
    ):
        assert pace == pace_of(Stream(avg_frame_rate=text))


def test_a_clip_without_sound_is_filled_with_silence():
    """Sound goes on while a silent clip plays; if none has any, there is none."""
    heard = Report(
        streams=(*picture().streams, Stream(index=1, codec_type="audio", codec_name="aac"))
    )
    clips = [Clip(Path("/a.mp4"), heard), Clip(Path("/b.mp4"), picture(duration="2.5"))]

    graph = " ".join(encode_arguments(clips))
    silent = " ".join(encode_arguments(clips[1:]))

    assert "anullsrc=channel_layout=stereo:sample_rate=48000,atrim=duration=2.500000" in graph
    assert "concat=n=2:v=1:a=1[v][a]" in graph
    assert "concat=n=1:v=1:a=0[v] -map [v] -c:v" in silent


def test_progress_is_read_line_by_line():
    """Only the line about time tells it, and only once there is a time."""
    assert 1.5 == seconds_done("out_time_us=1500000\n")
    for line in ("out_time_us=N/A", "out_time_ms=1500000", "progress=end", "", "out_time_us=-1"):
        assert None is seconds_done(line)
