"""
The work of `pictures`, with Pillow and libheif; loaded by worker processes only.

Only formats of photographs are tried. Of a raw file the preview that the camera put into it is
taken.
"""

import io
import mmap
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import pillow_heif
from PIL import (
    AvifImagePlugin,
    ExifTags,
    Image,
    ImageCms,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)
from PIL.ContainerIO import ContainerIO

from adapters.files.pictures import Unreadable
from projections.media_facts import Picture

PLUGINS = (AvifImagePlugin, TiffImagePlugin, WebPImagePlugin)
"""Formats that Pillow does not load by itself; loading all it has takes longer than a picture."""

FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "TIFF", "WEBP")
"""Pillow would also try vector and document formats, some by starting other programs."""

RAW = frozenset({".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2"})

PIXELS_MAX = 150_000_000
"""Decoded at once. A JPEG may have more: it is shrunk while it is read."""

QUALITY = 85
TALL = 2
"""A thumbnail is at most this much higher than it is wide, so that scrolls stay small."""

PREVIEWS_MAX = 16
"""Places that look like the beginning of a preview. Cameras put three or four into a raw file."""

PREVIEW_START = b"\xff\xd8\xff"
TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation; 1 is upright."""

LYING = 5
"""From this EXIF orientation on, width and height are exchanged."""

REASON_CHARACTERS_MAX = 200

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # ours is checked after a JPEG agreed to be read smaller


def look(path: str) -> Picture:
    """`pictures.look`."""
    try:
        with _open(path) as image:
            return _described(image)
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like
        raise _explained(error) from None


def shrink(path: str, width: int) -> bytes:
    """`pictures.shrink`."""
    try:
        with _open(path) as image:
            return _shrunk(image, width)
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like
        raise _explained(error) from None


def _open(path: str) -> Image.Image:
    if Path(path).suffix.lower() not in RAW:
        return Image.open(path, formats=FORMATS)
    return _open_preview(path)


def _open_preview(path: str) -> Image.Image:
    """The widest JPEG inside a raw file, with what the camera wrote around it."""
    with (
        Path(path).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        places = _places(data)
        widths = {place: _width(file, place, data.size()) for place in places}
        best = max(places, key=widths.__getitem__, default=0)
        if not widths.get(best):
            raise Unreadable("The raw file holds no preview.")
        preview = Image.open(io.BytesIO(data[best:]), formats=("JPEG",))
    with suppress(Exception), Image.open(path, formats=("TIFF",)) as container:  # CR3 is none
        _adopt(preview, container)
    return preview


def _places(data: mmap.mmap) -> list[int]:
    places = [data.find(PREVIEW_START)]
    while places[-1] >= 0 and len(places) <= PREVIEWS_MAX:
        places.append(data.find(PREVIEW_START, places[-1] + 1))
    return places[:-1]


def _width(file: BinaryIO, place: int, size_bytes: int) -> int:
    """How wide the JPEG is that begins here; 0 if none does."""
    try:
        return Image.open(ContainerIO(file, place, size_bytes - place), formats=("JPEG",)).width
    except (OSError, SyntaxError, ValueError):
        return 0


def _adopt(preview: Image.Image, container: Image.Image) -> None:
    """What the camera wrote around the preview counts where the preview is silent."""
    theirs, ours = container.getexif(), preview.getexif()
    for tag in (ExifTags.Base.Orientation, ExifTags.Base.Make, ExifTags.Base.Model):
        if tag in theirs:
            ours.setdefault(tag, theirs[tag])
    inner = theirs.get_ifd(ExifTags.IFD.Exif)
    for tag in (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal):
        if tag in inner:
            ours.get_ifd(ExifTags.IFD.Exif).setdefault(tag, inner[tag])


def _described(image: Image.Image) -> Picture:
    exif = image.getexif()
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    base = ExifTags.Base
    turns_itself = image.format in {"HEIF", "TIFF"}  # and tells the upright size
    return Picture(
        width=image.width,
        height=image.height,
        orientation=1 if turns_itself else _orientation(image),
        taken=_text(inner.get(base.DateTimeOriginal) or exif.get(base.DateTime)),
        offset=_text(inner.get(base.OffsetTimeOriginal) or inner.get(base.OffsetTime)),
        make=_text(exif.get(base.Make)),
        model=_text(exif.get(base.Model)),
    )


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(ExifTags.Base.Orientation, 1)
    return value if value in TRANSPOSES else 1


def _text(value: Any) -> str:
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


def _box(orientation: int, width: int) -> tuple[int, int]:
    """What the stored picture has to fit into, so that the upright one is not too wide."""
    box = (width, TALL * width)
    return box if orientation < LYING else box[::-1]


def _shrunk(image: Image.Image, width: int) -> bytes:
    image.draft("RGB", (2 * TALL * width, 2 * TALL * width))
    if image.width * image.height > PIXELS_MAX:
        raise Unreadable(f"Its {image.width} x {image.height} pixels are too many.")
    image.load()
    orientation = _orientation(image)  # only now: a TIFF turns itself while it is read
    profile = image.info.get("icc_profile")
    small = _plain(image)
    small.thumbnail(_box(orientation, width), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if orientation in TRANSPOSES:
        small = small.transpose(TRANSPOSES[orientation])
    small = _in_srgb(small, profile)
    bare = Image.new("RGB", small.size, "white")  # a new image knows nothing of the old one
    bare.paste(small, mask=small.getchannel("A") if small.mode == "RGBA" else None)
    output = io.BytesIO()
    bare.save(output, "JPEG", quality=QUALITY, optimize=True)
    return output.getvalue()


def _plain(image: Image.Image) -> Image.Image:
    """Pixels that can be averaged: no palette, at most 8 bits a channel."""
    if image.mode.startswith("I"):
        return image.convert("I").point([value >> 8 for value in range(1 << 16)], "L")
    if image.mode in {"P", "PA"} or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"}:
        return image
    return image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as a page shows them: phones photograph in a wider space."""
    mode = "RGBA" if image.mode in {"LA", "RGBA"} else "RGB"
    if profile and image.mode in {"RGB", "CMYK", "L"}:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):  # a profile may be nonsense
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            if converted is not None:
                return converted
    return image.convert(mode)


def _explained(error: Exception) -> Unreadable:
    """Why an image cannot be read, without naming a path."""
    if isinstance(error, Unreadable):
        return error
    if isinstance(error, UnidentifiedImageError):
        return Unreadable("It is not an image of a kind that can be read.")
    if isinstance(error, MemoryError):
        return Unreadable("The picture needs more memory than it is worth.")
    if isinstance(error, OSError) and error.strerror:
        return Unreadable(f"It cannot be read: {error.strerror}.")
    return Unreadable(
        f"It is damaged: {str(error)[:REASON_CHARACTERS_MAX] or 'it ends too early'}."
    )
