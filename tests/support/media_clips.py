"""Tiny clips, songs and photographs for tests, made with the real ffmpeg and Pillow.

`turn` writes the display matrix itself, as cameras do, so that no version of ffmpeg decides which
way round a turn is.
"""

from __future__ import annotations

import functools
import json
import os
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageDraw

from support.mpv import require_program

HINT = "install ffmpeg (Debian: apt-get install ffmpeg) to run this test"
MATRIX_AFTER_NAME = 44
FIXED_POINT = 1 << 16
TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}

ORIENTATION, MAKE, MODEL, EXIF, GPS = 0x0112, 0x010F, 0x0110, 0x8769, 0x8825
TAKEN, OFFSET, LATITUDE_REFERENCE = 0x9003, 0x9011, 1


def require_ffmpeg() -> None:
    """Without ffmpeg and ffprobe the test fails in CI and is skipped elsewhere."""
    require_program("ffmpeg", HINT)
    require_program("ffprobe", HINT)


def ffmpeg(*arguments: str | Path) -> None:
    """Runs the real ffmpeg; the paths among the arguments cannot be taken for options."""
    texts = [f"file:{each}" if isinstance(each, Path) else each for each in arguments]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *texts]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60)


def ffprobe(path: Path, *arguments: str) -> Any:
    """What the real ffprobe says about a file."""
    command = ["ffprobe", "-v", "error", "-of", "json", *arguments, f"file:{path}"]
    answer = subprocess.run(command, check=True, capture_output=True, timeout=60)
    return json.loads(answer.stdout)


def psnr(one: Path, other: Path) -> float:
    """How alike two clips are to look at, in decibels; ffmpeg turns what is to be turned."""
    graph = "[0:v]settb=1/90000[a];[1:v]settb=1/90000[b];[a][b]psnr"
    command = ["ffmpeg", "-nostdin", "-i", f"file:{one}", "-i", f"file:{other}", "-lavfi", graph]
    command += ["-f", "null", "-"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    return float(done.stderr.decode().rpartition("average:")[2].split()[0])


def write_clip(
    path: Path,
    *options: str,
    seconds: float = 0.4,
    size: str = "160x120",
    rate: str = "25",
    sound: bool = True,
) -> Path:
    """Writes a clip of a moving test picture, with a tone if it has sound. Options come last."""
    picture = f"testsrc=duration={seconds}:size={size}:rate={rate}"
    tone = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}") if sound else ()
    fast = ("-preset", "ultrafast") if "-c:v" not in options else ()
    words = ("-f", "lavfi", "-i", picture, *tone, *fast, "-pix_fmt", "yuv420p", *options)
    path.write_bytes(_made(words, path.suffix))
    return path


@functools.cache
def _made(words: tuple[str, ...], suffix: str) -> bytes:
    """What ffmpeg makes of these words: the same each time, and asked for again and again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"made{suffix}")
        ffmpeg(*words, path)
        return path.read_bytes()


def write_song(path: Path, *options: str, cover: Path | None = None) -> Path:
    """Writes a short tone, with a picture in it if one is given."""
    tone = ("-f", "lavfi", "-i", "sine=frequency=440:duration=0.3")
    if cover is None:
        path.write_bytes(_made((*tone, *options), path.suffix))
    else:
        attached = ("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
        ffmpeg(*tone, "-i", cover, *attached, *options, path)
    return path


def turn(path: Path, degrees: int) -> Path:
    """Has players turn a MOV or MP4 clockwise: writes the matrix of its first track."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + MATRIX_AFTER_NAME
    a, b, c, d = (part * FIXED_POINT for part in TURNS[degrees])
    struct.pack_into(">9i", data, place, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def photograph(width: int = 200, height: int = 100) -> Image.Image:
    """A picture whose corners differ: its upper left quarter is red, all else is green."""
    picture = Image.new("RGB", (width, height), "green")
    ImageDraw.Draw(picture).rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill="red")
    return picture


def camera_exif(orientation: int = 1) -> Image.Exif:
    """What a phone writes into a photograph, with the place where it was."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE], exif[MODEL] = "Apple", "iPhone 15 Pro"
    exif.get_ifd(EXIF)[TAKEN] = "2026:05:01 12:11:12"
    exif.get_ifd(EXIF)[OFFSET] = "+02:00"
    exif.get_ifd(GPS)[LATITUDE_REFERENCE] = "N"
    return exif


def write_photograph(path: Path, *, orientation: int = 1, **options: Any) -> Path:
    """Writes a phone's photograph, in the format that the name says."""
    pillow_heif.register_heif_opener()
    photograph().save(path, exif=camera_exif(orientation).tobytes(), **options)
    return path


def write_script(path: Path, text: str) -> Path:
    """Writes a shell script that stands in for a program."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def is_running(process_id: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        os.kill(process_id, 0)
        state = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state.split()[0] not in {"Z", "X"}
