"""What files are called on the wire: types that only show, names that survive."""

import mimetypes

import pytest

from daemon.web.media_types import PASSIVE, UNKNOWN, content_disposition, media_type


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("clip.mp4", "video/mp4"),
        ("CLIP.MOV", "video/quicktime"),
        ("a.b.m4v", "video/mp4"),
        ("x.mkv", "video/x-matroska"),
        ("x.webm", "video/webm"),
        ("x.avi", "video/x-msvideo"),
        ("x.mts", "video/mp2t"),
        ("x.m2ts", "video/mp2t"),
        ("x.ts", "video/mp2t"),
        ("x.mxf", "application/mxf"),
        ("x.mp3", "audio/mpeg"),
        ("x.wav", "audio/wav"),
        ("x.flac", "audio/flac"),
        ("x.m4a", "audio/mp4"),
        ("x.opus", "audio/ogg"),
        ("x.jpg", "image/jpeg"),
        ("x.HEIC", "image/heic"),
        ("x.tiff", "image/tiff"),
        ("x.dng", "image/x-adobe-dng"),
        ("x.braw", "video/x-braw"),
        ("x.r3d", "video/x-r3d"),
    ],
)
def test_media_have_their_types(name, kind):
    """By extension, whatever its case."""
    assert kind == media_type(name)


@pytest.mark.parametrize(
    "name",
    ["a.html", "a.htm", "a.xhtml", "a.svg", "a.xml", "a.js", "a.mjs", "a.pdf", "a.swf", "a.json",
     "a.css", "a", ".mp4", "mp4", "a.", "a.mp4.html", "a.mp4 "],
)  # fmt: skip
def test_what_could_be_active_is_bytes_to_be_saved(name):
    """No page, drawing or script gets a type that a browser would run, nor is it shown in place."""
    assert UNKNOWN == media_type(name)
    assert content_disposition(name, "inline").startswith("attachment;")


def test_no_type_is_one_that_browsers_run():
    """The table has media and words to a film, nothing else."""
    families = {kind.partition("/")[0] for kind in PASSIVE.values()}

    assert {"application", "audio", "image", "text", "video"} == families
    assert {"application/mxf", "application/x-subrip", "text/vtt"} == {
        kind for kind in PASSIVE.values() if kind.startswith(("application", "text"))
    }
    assert "image/svg+xml" not in PASSIVE.values()


def test_the_machine_has_no_say(monkeypatch):
    """A machine whose table calls .mp4 a page changes nothing."""
    monkeypatch.setitem(mimetypes.types_map, ".mp4", "text/html")

    assert "video/mp4" == media_type("clip.mp4")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("clip.mp4", 'inline; filename="clip.mp4"'),
        ("two words.mp4", 'inline; filename="two words.mp4"'),
        ("Café.mp4", "inline; filename=\"Cafe.mp4\"; filename*=UTF-8''Caf%C3%A9.mp4"),
        ("日本.mp4", "inline; filename=\"__.mp4\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.mp4"),
        ('a"b.mp4', "inline; filename=\"a_b.mp4\"; filename*=UTF-8''a%22b.mp4"),
        ("a\\b.mp4", "inline; filename=\"a_b.mp4\"; filename*=UTF-8''a%5Cb.mp4"),
        ("50%41.mp4", "inline; filename=\"50_41.mp4\"; filename*=UTF-8''50%2541.mp4"),
        ("a\r\nX: y.mp4", "inline; filename=\"a__X: y.mp4\"; filename*=UTF-8''a%0D%0AX%3A%20y.mp4"),
        ("\udcff.mp4", "inline; filename=\"_.mp4\"; filename*=UTF-8''%3F.mp4"),
    ],
)
def test_a_name_is_given_in_ascii_and_in_full(name, header):
    """The old form is safe for clients that misread escapes; the new one has every character."""
    assert header == content_disposition(name, "inline")


def test_an_attachment_says_so():
    """To save, not to show."""
    assert 'attachment; filename="clip.mp4"' == content_disposition("clip.mp4", "attachment")
