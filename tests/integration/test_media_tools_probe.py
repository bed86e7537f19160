"""Real files under the eyes of the real ffprobe and Pillow: facts, and never an exception."""

import time

import anyio
import pytest

from adapters.files.probe import probe, read_report
from adapters.files.tool_errors import Gone, ToolFailed, ToolMissing
from adapters.files.tools import Toolbox
from projections.media_facts import Facts
from support.media_clips import (
    require_ffmpeg,
    turn,
    write_clip,
    write_photograph,
    write_script,
    write_song,
)

HOSTILE_NAMES = (
    "-i.mov",
    "100% %03d 'quoted' \"twice\".mov",
    "ü 🎬  a,b;c&d$(e).mov",
    "http:--example.mov",
    "concat:a|b.mov",
)


@pytest.fixture
def tools():
    """Two programs at a time."""
    return Toolbox(anyio.CapacityLimiter(2))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A clip of 0.4 s with picture and sound."""
    require_ffmpeg()
    return write_clip(tmp_path_factory.mktemp("probe") / "clip.mp4")


async def test_a_clip_has_facts(tools, clip):
    """Size, pace, codecs and duration are those it was made with."""
    facts = await probe(clip, tools=tools)

    assert (160, 120, 25.0, "h264", "aac", 1) == (
        facts.width,
        facts.height,
        facts.fps,
        facts.video_codec,
        facts.audio_codec,
        facts.audio_channels,
    )
    assert 0.4 == pytest.approx(facts.duration_s, abs=0.03)
    assert (0, "") == (facts.rotation_degrees, facts.problem)


async def test_a_turned_clip_tells_how_far(tools, clip, tmp_path):
    """The degrees count clockwise, as a phone is held."""
    for degrees in (90, 180, 270):
        path = tmp_path / f"{degrees}.mp4"
        path.write_bytes(clip.read_bytes())

        assert degrees == (await probe(turn(path, degrees), tools=tools)).rotation_degrees


async def test_tags_of_a_phone_are_read(tools, tmp_path):
    """Creation date and maker come out of a real QuickTime file."""
    require_ffmpeg()
    tags = {
        "creation_time": "2026-05-01T10:11:13Z",
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.creationdate": "2026-05-01T12:11:12+0200",
    }
    options = [part for name, text in tags.items() for part in ("-metadata", f"{name}={text}")]
    path = write_clip(tmp_path / "a.mov", "-movflags", "use_metadata_tags", *options, sound=False)

    facts = await probe(path, tools=tools)

    assert (1_777_630_272_000_000_000, "iphone") == (facts.created_ns, facts.origin)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_a_name_is_only_a_name(tools, clip, tmp_path, name):
    """Whatever a file is called, it is opened as that file."""
    path = tmp_path / name
    path.write_bytes(clip.read_bytes())

    facts = await probe(path, tools=tools)

    assert ("h264", "") == (facts.video_codec, facts.problem)


async def test_damaged_files_have_a_problem(tools, clip, tmp_path):
    """Empty, cut off and random files are facts too, with a sentence that names no folder."""
    whole = clip.read_bytes()
    for name, data in (
        ("empty.mov", b""),
        ("cut.mov", whole[: len(whole) // 2]),
        ("random.mkv", bytes(range(256)) * 200),
        ("text.mp4", b"This is not a film.\n" * 50),
        ("random.jpg", bytes(range(256)) * 20),
        ("empty.heic", b""),
        ("text.nef", b"This is not a photograph.\n"),
    ):
        path = tmp_path / name
        path.write_bytes(data)

        problem = (await probe(path, tools=tools)).problem

        assert problem.endswith(".")
        assert str(tmp_path) not in problem


async def test_a_playlist_opens_no_other_file(tools, clip, tmp_path):
    """Scripts that lead to other files or the network are refused, whatever their names say."""
    (tmp_path / "secret.mp4").write_bytes(clip.read_bytes())
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n"
    for name, text in (
        ("a.m3u8", playlist.format("secret.mp4")),
        ("b.mov", playlist.format("http://127.0.0.1:9/a.ts")),
        ("c.mov", "ffconcat version 1.0\nfile secret.mp4\n"),
        ("e.mp4", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nt=0 0\nm=video 9 RTP/AVP 96\n"),
        ("f.mov", "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'></MPD>"),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")

        facts = await probe(path, tools=tools, kind="video")

        assert (None, None, "") == (facts.duration_s, facts.width, facts.video_codec)
        assert "ffprobe gave up: " in facts.problem


async def test_a_photograph_has_facts(tools, tmp_path):
    """JPEG, PNG and WebP tell the stored size, how to turn it, when and with what it was taken."""
    for name in ("a.jpg", "a.png", "a.webp"):
        facts = await probe(write_photograph(tmp_path / name, orientation=6), tools=tools)

        assert ("", 200, 100, 90, 1_777_630_272_000_000_000) == (
            facts.problem,
            facts.width,
            facts.height,
            facts.rotation_degrees,
            facts.created_ns,
        )


async def test_a_photograph_that_turns_itself_has_facts(tools, tmp_path):
    """HEIC and TIFF are turned while they are read, so that their size is the upright one."""
    for name in ("a.HEIC", "a.tif"):
        facts = await probe(write_photograph(tmp_path / name, orientation=6), tools=tools)

        assert (100, 200, 0, "iphone") == (
            facts.width,
            facts.height,
            facts.rotation_degrees,
            facts.origin,
        )


async def test_a_song_has_facts(tools, tmp_path):
    """Sound has a duration and channels, and no size even if it has a cover."""
    require_ffmpeg()
    cover = write_photograph(tmp_path / "cover.jpg")
    facts = await probe(write_song(tmp_path / "a.mp3", cover=cover), tools=tools)

    assert ("mp3", "", None) == (facts.audio_codec, facts.video_codec, facts.width)
    assert 0.3 == pytest.approx(facts.duration_s, abs=0.05)


async def test_what_is_no_media_is_not_looked_at(tools, tmp_path):
    """A text has no facts and no problem; it need not even be readable."""
    facts = await probe(tmp_path / "notes.txt", tools=tools)

    assert (Facts().problem, None) == (facts.problem, facts.duration_s)


async def test_a_file_that_went_away_is_not_a_damaged_one(tools, tmp_path):
    """Nothing is put on record about a file that is not there."""
    require_ffmpeg()
    for name in ("a.mov", "a.jpg", "a.nef"):
        with pytest.raises(Gone):
            await probe(tmp_path / name, tools=tools)


async def test_a_missing_ffprobe_is_not_the_file_s_problem(tmp_path):
    """Nothing is put on record about a file because a program is missing."""
    tools = Toolbox(anyio.CapacityLimiter(1), ffprobe=str(tmp_path / "ffprobe"))

    with pytest.raises(ToolMissing):
        await probe(tmp_path / "a.mov", tools=tools)


async def test_a_file_that_takes_too_long_has_a_problem(tmp_path):
    """A file that keeps ffprobe busy for ever is put on record as such, in time."""
    hang = write_script(tmp_path / "ffprobe", "sleep 60")
    tools = Toolbox(anyio.CapacityLimiter(1), ffprobe=str(hang))
    started = time.monotonic()

    facts = await probe(tmp_path / "a.mov", tools=tools, timeout_s=0.3)

    assert "ffprobe took longer than 0.3 s and was ended." == facts.problem
    assert 20 > time.monotonic() - started


async def test_nonsense_from_ffprobe_is_a_failure(tmp_path, clip):
    """An answer that is not understood is not guessed at."""
    babble = write_script(tmp_path / "ffprobe", "echo '[1, 2]'")
    tools = Toolbox(anyio.CapacityLimiter(1), ffprobe=str(babble))

    with pytest.raises(ToolFailed, match="not understood"):
        await read_report(clip, tools=tools)
