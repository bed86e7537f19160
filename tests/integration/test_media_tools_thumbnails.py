"""Small pictures of real files: upright, small enough, without a trace of where they were taken."""

import io
import mmap
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import anyio
import pytest
from PIL import Image

from adapters.files.thumbnails import Made, Try, make_thumbnail, study, thumbnail_path, tries
from adapters.files.tool_errors import Gone, ToolMissing
from adapters.files.tools import Toolbox
from support.media_clips import (
    camera_exif,
    photograph,
    require_ffmpeg,
    turn,
    write_clip,
    write_photograph,
    write_script,
    write_song,
)

RED, GREEN = (254, 0, 0), (0, 128, 0)


@pytest.fixture
def tools():
    """Two programs at a time."""
    return Toolbox(anyio.CapacityLimiter(2))


@pytest.fixture
def target(tmp_path):
    """Where the small picture belongs, in a cache that is not there yet."""
    return tmp_path / "cache" / "ab" / "picture.jpg"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A clip of 0.4 s with picture and sound."""
    require_ffmpeg()
    return write_clip(tmp_path_factory.mktemp("thumbnails") / "clip.mp4")


def is_near(expected, pixel):
    """Whether a colour survived the compression."""
    return all(abs(one - other) < 40 for one, other in zip(expected, pixel, strict=True))


def size_of(path):
    """Width and height of a picture."""
    with Image.open(path) as picture:
        return picture.size


def claim_size(path, width, height):
    """Has a PNG claim another size than it has."""
    data = bytearray(path.read_bytes())
    struct.pack_into(">2I", data, 16, width, height)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    path.write_bytes(data)


def left_over(folder):
    """The names in a folder."""
    return sorted(each.name for each in folder.iterdir())


def test_pictures_are_kept_by_content(tmp_path):
    """Two digits of the hash spread them over folders."""
    assert tmp_path / "ab" / "abcd.jpg" == thumbnail_path(tmp_path, "abcd")


def test_the_first_try_looks_a_little_into_the_clip():
    """One second, or a tenth of what is shorter; then the beginning, then with patience."""
    for duration_s, seek_s in ((60.0, 1.0), (5.0, 0.5), (None, 0.0), (0.0, 0.0)):
        first, second, third = tries(duration_s, 25.0)

        assert Try(seek_s, typical=True, timeout_s=25.0) == first
        assert Try(0.0, typical=False, timeout_s=25.0) == second
        assert Try(0.0, typical=False, timeout_s=75.0) == third
    assert 3.0 == tries(60.0, 25.0, 3.0)[0].seek_s


async def test_a_clip_has_a_picture(tools, clip, target):
    """A frame of the clip is kept as JPEG, and nothing else lies in the cache."""
    assert Made("made") == await make_thumbnail(clip, "video", target, tools=tools)

    with Image.open(target) as picture:
        assert ("JPEG", (160, 120)) == (picture.format, picture.size)
    assert ["picture.jpg"] == left_over(target.parent)


async def test_a_picture_is_not_wider_than_wanted(tools, clip, target):
    """The clip is shrunk to the width, and keeps its shape."""
    await make_thumbnail(clip, "video", target, tools=tools, width=80)

    assert (80, 60) == size_of(target)


async def test_a_turned_clip_has_an_upright_picture(tools, clip, target, tmp_path):
    """What players turn is turned here too."""
    path = tmp_path / "turned.mp4"
    path.write_bytes(clip.read_bytes())
    await make_thumbnail(turn(path, 90), "video", target, tools=tools)

    assert (120, 160) == size_of(target)


async def test_a_squeezed_clip_has_a_picture_of_its_shape(tools, target, tmp_path):
    """Pixels that are not square make a picture wider."""
    require_ffmpeg()
    clip = write_clip(tmp_path / "a.mp4", "-vf", "setsar=2", sound=False)
    await make_thumbnail(clip, "video", target, tools=tools)

    assert (320, 120) == size_of(target)


async def test_a_photograph_s_picture_is_upright(tools, tmp_path):
    """All orientations that cameras write give the same upright picture."""
    turns = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    turns |= {8: Image.Transpose.ROTATE_270, 2: Image.Transpose.FLIP_LEFT_RIGHT}
    for orientation, method in turns.items():
        stored = photograph() if method is None else photograph().transpose(method)
        for suffix in (".jpg", ".tif"):
            path = tmp_path / f"{orientation}{suffix}"
            stored.save(path, exif=camera_exif(orientation).tobytes())
            target = tmp_path / "cache" / f"{orientation}{suffix}.jpg"

            assert Made("made") == await make_thumbnail(path, "image", target, tools=tools)

            with Image.open(target) as picture:
                assert (200, 100) == picture.size
                assert is_near(RED, picture.getpixel((20, 20)))
                assert is_near(GREEN, picture.getpixel((180, 80)))


async def test_a_phone_s_photograph_has_a_picture(tools, target, tmp_path):
    """HEIC is read, and upright."""
    path = write_photograph(tmp_path / "a.heic", orientation=6)

    assert Made("made") == await make_thumbnail(path, "image", target, tools=tools)
    with Image.open(target) as picture:
        assert (100, 200) == picture.size
        assert is_near(RED, picture.getpixel((90, 10)))


async def test_nothing_but_the_picture_comes_along(tools, tmp_path):
    """Place, camera, comment and profile stay behind."""
    require_ffmpeg()
    photo = write_photograph(tmp_path / "a.jpg", comment=b"at home", icc_profile=b"not a profile")
    tags = ("-metadata", "location=+52.5+013.4/", "-metadata", "comment=at home")
    clip = write_clip(tmp_path / "a.mov", "-movflags", "use_metadata_tags", *tags, sound=False)
    for path, kind in ((photo, "image"), (clip, "video")):
        target = tmp_path / "cache" / f"{kind}.jpg"
        await make_thumbnail(path, kind, target, tools=tools)

        data = target.read_bytes()
        with Image.open(target) as picture:
            assert ({}, None) == (dict(picture.getexif()), picture.info.get("icc_profile"))
        for trace in (b"Exif", b"Apple", b"home", b"52.5", b"Lavc"):
            assert trace not in data


async def test_pictures_of_every_kind_of_pixel(tools, tmp_path):
    """Palettes, transparency, grey, 16 bits and print colours become a JPEG like any other."""
    pictures = {
        "p.gif": photograph().convert("P"),
        "rgba.png": photograph().convert("RGBA"),
        "la.png": photograph().convert("LA"),
        "l.png": photograph().convert("L"),
        "deep.png": Image.new("I;16", (30, 20), 40_000),
        "bits.png": photograph().convert("1"),
        "cmyk.jpg": photograph().convert("CMYK"),
    }
    for name, picture in pictures.items():
        picture.save(tmp_path / name)
        target = tmp_path / "cache" / f"{name}.jpg"

        assert Made("made") == await make_thumbnail(tmp_path / name, "image", target, tools=tools)
        with Image.open(target) as small:
            assert ("RGB", picture.size) == (small.mode, small.size)
    with Image.open(tmp_path / "cache" / "deep.png.jpg") as deep:
        assert is_near((156, 156, 156), deep.getpixel((5, 5)))


async def test_what_is_transparent_is_white(tools, target, tmp_path):
    """A drawing on nothing can be seen."""
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    await make_thumbnail(tmp_path / "a.png", "image", target, tools=tools)

    with Image.open(target) as picture:
        assert (255, 255, 255) == picture.getpixel((10, 10))


async def test_a_bomb_is_not_unpacked(tools, target, tmp_path):
    """A small file that claims to be a huge picture is refused before it is read."""
    Image.new("1", (1, 1)).save(tmp_path / "a.png")
    claim_size(tmp_path / "a.png", 20_000, 20_000)

    made = await make_thumbnail(tmp_path / "a.png", "image", target, tools=tools)

    assert Made("failed", "Its 20000 x 20000 pixels are too many.") == made


async def test_a_raw_file_shows_the_camera_s_preview(tools, target, tmp_path):
    """The largest JPEG inside is taken, turned as the camera was held."""
    path = tmp_path / "a.nef"
    container = io.BytesIO()
    Image.new("RGB", (16, 12)).save(container, "TIFF", exif=camera_exif(6).tobytes())
    small, large = io.BytesIO(), io.BytesIO()
    photograph(40, 20).save(small, "JPEG")
    photograph().save(large, "JPEG")
    noise = random.Random(1).randbytes(mmap.PAGESIZE).replace(b"\xff\xd8\xff", b"")
    path.write_bytes(container.getvalue() + small.getvalue() + large.getvalue() + noise)

    facts = await study(path, target, tools=tools)

    assert ("made", 200, 90, "iphone") == (
        facts.thumbnail,
        facts.width,
        facts.rotation_degrees,
        facts.origin,
    )
    assert (100, 200) == size_of(target)


def test_the_daemon_loads_no_decoder():
    """Hostile images meet only worker processes; whoever runs the tools does not know Pillow."""
    modules = "adapters.files.thumbnails, adapters.files.compose, adapters.files.orientation, sys"
    code = f"import {modules}; print('PIL' in sys.modules, 'pillow_heif' in sys.modules)"
    root = Path(__file__).parents[2]

    answer = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)

    assert b"False False" == answer.stdout.strip()


async def test_a_song_shows_its_cover(tools, target, tmp_path):
    """The picture inside a sound file is its small picture."""
    require_ffmpeg()
    song = write_song(tmp_path / "a.mp3", cover=write_photograph(tmp_path / "cover.jpg"))

    assert Made("made") == await make_thumbnail(song, "audio", target, tools=tools)
    with Image.open(target) as picture:
        assert is_near(RED, picture.getpixel((20, 20)))


async def test_what_has_no_picture_has_none(tools, target, tmp_path):
    """Sound without a cover, and what is no media, is no failure."""
    require_ffmpeg()
    song = write_song(tmp_path / "a.wav")

    assert Made("none") == await make_thumbnail(song, "audio", target, tools=tools)
    assert Made("none") == await make_thumbnail(tmp_path / "a.txt", "other", target, tools=tools)
    assert not target.parent.exists()


async def test_a_damaged_file_has_no_picture(tools, clip, target, tmp_path):
    """The result says why, and nothing is in the cache."""
    whole = write_photograph(tmp_path / "whole.jpg").read_bytes()
    for name, kind, data in (
        ("cut.jpg", "image", whole[: len(whole) // 2]),
        ("empty.heic", "image", b""),
        ("cut.mp4", "video", clip.read_bytes()[:2_000]),
    ):
        (tmp_path / name).write_bytes(data)

        made = await make_thumbnail(tmp_path / name, kind, target, tools=tools)

        assert "failed" == made.result
        assert made.problem.endswith(".")
        assert str(tmp_path) not in made.problem
    assert not target.parent.exists()


async def test_a_picture_is_made_once(target, tmp_path):
    """What is in the cache is not made again; not even the program is needed."""
    target.parent.mkdir(parents=True)
    target.write_bytes(b"a picture")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(tmp_path / "nowhere"))

    assert Made("made") == await make_thumbnail(tmp_path / "a.mov", "video", target, tools=tools)
    assert b"a picture" == target.read_bytes()


async def test_an_ffmpeg_that_hangs_is_tried_again_and_given_up(clip, target, tmp_path):
    """Three tries, each ended in time, then a sentence."""
    log = tmp_path / "log"
    hang = write_script(tmp_path / "ffmpeg", f"echo try >> '{log}'; sleep 60")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(hang))

    made = await make_thumbnail(clip, "video", target, tools=tools, timeout_s=0.2)

    assert Made("failed", "ffmpeg took longer than 0.6 s and was ended.") == made
    assert 3 == log.read_text().count("try")


async def test_a_file_that_goes_away_meanwhile_is_not_a_damaged_one(clip, target, tmp_path):
    """Nothing is put on record about a file that was moved while it was looked at."""
    path = tmp_path / "moving.mp4"
    path.write_bytes(clip.read_bytes())
    mover = write_script(tmp_path / "ffmpeg", f"rm '{path}'; exit 1")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(mover))

    with pytest.raises(Gone):
        await make_thumbnail(path, "video", target, tools=tools)


async def test_half_a_picture_is_not_kept(clip, target, tmp_path):
    """An ffmpeg that reports success and writes something else has failed."""
    half = write_script(tmp_path / "ffmpeg", "printf '\\377\\330\\377 and no end'")
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(half))

    made = await make_thumbnail(clip, "video", target, tools=tools)

    assert Made("failed", "No frame of it can be decoded.") == made


async def test_a_missing_program_is_not_the_file_s_problem(clip, target, tmp_path):
    """Nothing is put on record about a file because a program is missing."""
    tools = Toolbox(anyio.CapacityLimiter(1), ffmpeg=str(tmp_path / "nowhere"))

    with pytest.raises(ToolMissing):
        await make_thumbnail(clip, "video", target, tools=tools)


async def test_facts_and_picture_come_together(tools, clip, target, tmp_path):
    """One study tells both; a damaged file has a problem and no picture."""
    (tmp_path / "bad.mov").write_bytes(b"nothing")

    good = await study(clip, target, tools=tools)
    bad = await study(tmp_path / "bad.mov", tmp_path / "bad.jpg", tools=tools, name="Z7V_1.mov")

    assert ("made", "", 160) == (good.thumbnail, good.problem, good.width)
    assert ("failed", "nikon_z7") == (bad.thumbnail, bad.origin)
    assert "ffprobe gave up" in bad.problem
    with pytest.raises(Gone):
        await study(tmp_path / "gone.mov", target, tools=tools)
