"""What ffprobe and images say, and what is concluded about size, time, origin and name."""

import json

import pytest

from projections.media_facts import (
    Anchor,
    Facts,
    Picture,
    anchor_of,
    canonical_name,
    facts_of,
    facts_of_picture,
    parse_time,
    shown_size,
    unreadable,
)
from projections.media_report import parse_report

MTIME_NS = 1_767_225_600_000_000_000

IPHONE = {
    "streams": [
        {
            "index": 0,
            "codec_name": "hevc",
            "codec_type": "video",
            "codec_tag_string": "hvc1",
            "profile": "Main 10",
            "width": 1920,
            "height": 1080,
            "pix_fmt": "yuv420p10le",
            "color_transfer": "arib-std-b67",
            "r_frame_rate": "30/1",
            "avg_frame_rate": "27000/901",
            "time_base": "1/600",
            "duration": "30.033333",
            "disposition": {"default": 1, "attached_pic": 0},
            "tags": {"creation_time": "2026-05-01T10:11:12.000000Z", "encoder": "HEVC"},
            "side_data_list": [
                {"side_data_type": "DOVI configuration record", "dv_profile": 8},
                {"side_data_type": "Display Matrix", "displaymatrix": "…", "rotation": -90},
            ],
        },
        {
            "index": 1,
            "codec_name": "aac",
            "codec_type": "audio",
            "sample_rate": "44100",
            "channels": 2,
            "disposition": {"default": 1, "attached_pic": 0},
        },
        {"index": 2, "codec_type": "data", "codec_tag_string": "mebx"},
    ],
    "format": {
        "filename": "IMG_0001.MOV",
        "format_name": "mov,mp4,m4a,3gp,3g2,mj2",
        "duration": "30.050000",
        "tags": {
            "major_brand": "qt  ",
            "creation_time": "2026-05-01T10:11:13.000000Z",
            "com.apple.quicktime.make": "Apple",
            "com.apple.quicktime.model": "iPhone 15 Pro",
            "com.apple.quicktime.creationdate": "2026-05-01T12:11:12+0200",
        },
    },
}

OBS = {
    "streams": [
        {
            "index": 0,
            "codec_name": "h264",
            "codec_type": "video",
            "width": 2560,
            "height": 1440,
            "avg_frame_rate": "60/1",
            "disposition": {"attached_pic": 0},
            "tags": {"DURATION": "00:01:00.016000000"},
        },
        {"index": 1, "codec_name": "aac", "codec_type": "audio", "channels": 2},
    ],
    "format": {
        "format_name": "matroska,webm",
        "duration": "60.016000",
        "tags": {"ENCODER": "Lavf60.3.100", "ENCODING_TOOL": "OBS Studio (30.2.0)"},
    },
}

NIKON = {
    "streams": [
        {
            "index": 0,
            "codec_name": "h264",
            "codec_type": "video",
            "width": 3840,
            "height": 2160,
            "avg_frame_rate": "24000/1001",
            "disposition": {"attached_pic": 0},
            "tags": {"creation_time": "2026-03-04T05:06:07.000000Z"},
        },
        {"index": 1, "codec_name": "pcm_s16le", "codec_type": "audio", "channels": 2},
        {"index": 2, "codec_type": "data", "tags": {"timecode": "01:02:03:04"}},
    ],
    "format": {"duration": "12.5", "tags": {"major_brand": "niko"}},
}

SONG = {
    "streams": [
        {"index": 0, "codec_name": "mp3", "codec_type": "audio", "channels": 2},
        {
            "index": 1,
            "codec_name": "mjpeg",
            "codec_type": "video",
            "width": 600,
            "height": 600,
            "r_frame_rate": "90000/1",
            "avg_frame_rate": "0/0",
            "disposition": {"attached_pic": 1},
        },
    ],
    "format": {"duration": "180.037500", "tags": {"title": "A song for Robson"}},
}

TIMECODE = {
    "streams": [
        {
            "index": 0,
            "codec_name": "prores",
            "codec_type": "video",
            "width": 1920,
            "height": 1080,
            "avg_frame_rate": "25/1",
            "tags": {"timecode": "10:11:12:13"},
        }
    ],
    "format": {"duration": "1.0"},
}


def report(document):
    """A report out of ffprobe's words."""
    return parse_report(json.dumps(document).encode())


def tagged(**tags):
    """A report of a clip with nothing to tell but its tags."""
    stream = {"codec_type": "video", "codec_name": "h264", "width": 2, "height": 2}
    return report({"streams": [stream], "format": {"tags": tags}})


def turned(*side_data, **tags):
    """The rotation of a clip with such a matrix, or such a tag."""
    stream = {"codec_type": "video", "side_data_list": list(side_data), "tags": tags}
    return report({"streams": [stream]}).moving.rotation_degrees


def test_a_phone_s_clip_tells_everything():
    """An upright phone gives a lying picture to be turned clockwise; its own date counts first."""
    assert Facts(
        duration_s=30.05,
        width=1920,
        height=1080,
        fps=29.967,
        video_codec="hevc",
        audio_codec="aac",
        audio_channels=2,
        rotation_degrees=90,
        created_ns=1_777_630_272_000_000_000,
        created_by="quicktime_creation_date",
        origin="iphone",
        origin_confidence=0.85,
        origin_evidence="com.apple.quicktime.make",
    ) == facts_of(report(IPHONE), "IMG_0001.MOV")


def test_a_recording_of_obs_is_recognised_by_its_tags():
    """OBS leaves its name, whatever case the container gives the key."""
    facts = facts_of(report(OBS), "match.mkv")

    assert ("obs", 0.7, "format_tags_obs") == (
        facts.origin,
        facts.origin_confidence,
        facts.origin_evidence,
    )
    assert (60.016, 60.0, None, "") == (
        facts.duration_s,
        facts.fps,
        facts.created_ns,
        facts.created_by,
    )


def test_a_camera_s_clip_has_the_time_of_its_stream():
    """Where the container tells no time, the first stream that does is believed."""
    facts = facts_of(report(NIKON), "DSC_0001.MOV")

    assert (1_772_600_767_000_000_000, "stream_creation_time") == (
        facts.created_ns,
        facts.created_by,
    )
    assert (23.976, "nikon", "pcm_s16le") == (facts.fps, facts.origin, facts.audio_codec)


def test_a_cover_is_no_moving_picture():
    """A song with a cover is sound, and has neither size nor frames."""
    facts = facts_of(report(SONG), "song.mp3")

    assert (
        Facts(
            duration_s=180.0375,
            audio_codec="mp3",
            audio_channels=2,
            origin="unknown",
            origin_confidence=0.3,
            origin_evidence="no_match",
        )
        == facts
    )


def test_a_file_without_streams_has_a_problem():
    """What holds neither picture nor sound is no media."""
    facts = facts_of(report({"streams": [], "format": {"duration": "1"}}), "a.mov")

    assert "It holds neither picture nor sound." == facts.problem


def test_nonsense_from_ffprobe_is_an_error():
    """Words that are no report are not guessed at."""
    for answer in (b"", b"[]", b'{"streams": 3}', b'{"streams": [{"width": "wide"}]}'):
        with pytest.raises(ValueError, match="not understood"):
            parse_report(answer)


def test_an_empty_report_is_one():
    """ffprobe answers with empty braces when it knows nothing."""
    assert () == parse_report(b"{}").streams


def test_what_is_no_number_is_unknown():
    """A duration of N/A or nan, and a rate of nothing by nothing, are not told."""
    stream = {"codec_type": "video", "codec_name": "h264", "avg_frame_rate": "0/0"}

    for duration in ("N/A", "nan", "inf", "-1", ""):
        facts = facts_of(report({"streams": [stream], "format": {"duration": duration}}), "a.mov")

        assert (None, None) == (facts.duration_s, facts.fps)


def test_the_longest_stream_tells_the_duration_where_the_container_does_not():
    """Raw streams have a length of their own."""
    streams = [
        {"codec_type": "audio", "codec_name": "aac", "duration": "1.5"},
        {"codec_type": "audio", "codec_name": "aac", "duration": "2.5"},
    ]

    assert 2.5 == report({"streams": streams}).duration_s


def test_a_matrix_counts_the_other_way_round_than_the_tag():
    """Both mean the same picture: a matrix of -90 and a tag of 90 are a quarter turn clockwise."""
    for matrix, degrees in ((-90, 90), (90, 270), (180, 180), (-180, 180), (0, 0), (-89, 90)):
        assert degrees == turned({"side_data_type": "Display Matrix", "rotation": matrix})
    for tag, degrees in (("90", 90), ("270", 270), ("-90", 270), ("180", 180), ("x", 0)):
        assert degrees == turned(rotate=tag)


def test_a_picture_that_hangs_askew_is_not_turned():
    """Only quarter turns make sense for a file; other side data does not turn anything."""
    assert 0 == turned({"side_data_type": "Display Matrix", "rotation": 30})
    assert 0 == turned({"side_data_type": "Spherical Mapping", "rotation": 90})


def test_the_shown_size_is_upright():
    """Turned by a quarter, width and height change places."""
    assert (1080, 1920) == shown_size(facts_of(report(IPHONE), "a.mov"))
    assert (2560, 1440) == shown_size(facts_of(report(OBS), "a.mkv"))
    assert None is shown_size(Facts())


def test_names_tell_the_origin_before_tags_do():
    """The rules of the ancestor, in its order."""
    for name, origin in (
        ("Z7V_0123.MOV", ("nikon_z7", 0.95, "filename_z7v")),
        ("IMG_0001 copy.mov", ("iphone", 0.8, "filename_copy")),
        ("2026-05-01_10-11-12.mkv", ("obs", 0.9, "filename_obs_timestamp")),
        ("2026-05-01 10-11-12.mp4", ("obs", 0.9, "filename_obs_timestamp")),
        ("copy.mkv", ("iphone", 0.85, "com.apple.quicktime.make")),
    ):
        facts = facts_of(report(IPHONE), name)

        assert origin == (facts.origin, facts.origin_confidence, facts.origin_evidence)


def test_obs_is_a_word_and_not_three_letters():
    """A clip of Robson's was not recorded with OBS."""
    stream = {"codec_type": "audio", "codec_name": "aac", "tags": {"handler_name": "obs-ffmpeg"}}

    assert "unknown" == facts_of(tagged(title="Robson"), "a.mp4").origin
    assert "obs" == facts_of(tagged(encoder="made by OBS 30"), "a.mp4").origin
    assert "stream_tags_obs" == facts_of(report({"streams": [stream]}), "a.mp4").origin_evidence


def test_an_unreadable_file_still_has_a_name():
    """The origin that the name tells is known, and the problem is kept."""
    facts = unreadable("It is empty.", "Z7V_1.mov")

    assert ("nikon_z7", "It is empty.") == (facts.origin, facts.problem)


def test_a_photograph_tells_time_and_camera():
    """EXIF's time counts with its offset; orientation 6 is a quarter turn clockwise."""
    picture = Picture(
        width=4032,
        height=3024,
        orientation=6,
        taken="2026:05:01 12:11:12",
        offset="+02:00",
        make="Apple",
        model="iPhone 15 Pro",
    )

    assert Facts(
        width=4032,
        height=3024,
        rotation_degrees=90,
        created_ns=1_777_630_272_000_000_000,
        created_by="exif_time",
        origin="iphone",
        origin_confidence=0.85,
        origin_evidence="exif_make",
    ) == facts_of_picture(picture, "IMG_1.HEIC")


def test_a_time_without_offset_is_believed_less():
    """Most cameras do not know where on earth they are."""
    facts = facts_of_picture(
        Picture(taken="2026:05:01 12:11:12", make="NIKON CORPORATION"), "a.jpg"
    )

    assert ("exif_local_time", 0.5) == (facts.created_by, anchor_of(facts, MTIME_NS).confidence)
    assert "nikon" == facts.origin


def test_the_model_tells_a_z7_from_other_cameras():
    """A photograph of the camera whose clips have names of their own is of the same origin."""
    assert "nikon_z7" == facts_of_picture(Picture(model="NIKON Z 7_2"), "a.jpg").origin


def test_a_camera_without_a_clock_tells_no_time():
    """Zeroes, blanks and the epoch of a format are not times."""
    for taken in ("0000:00:00 00:00:00", "    :  :     :  :  ", "1970:01:01 00:00:00", "", "soon"):
        facts = facts_of_picture(Picture(taken=taken), "a.jpg")

        assert (None, "") == (facts.created_ns, facts.created_by)
    for text in ("1904-01-01T00:00:00.000000Z", "1970-01-01T00:00:00Z", "10:11:12:13", "nonsense"):
        assert None is parse_time(text)


def test_times_are_read_with_and_without_offset():
    """Without an offset a time is UTC; Apple writes its offset without a colon."""
    moment = 1_777_630_272_000_000_000

    assert moment == parse_time("2026-05-01T10:11:12.000000Z")
    assert moment == parse_time("2026-05-01T12:11:12+0200")
    assert moment == parse_time("2026-05-01 10:11:12")


def test_the_timeline_says_on_whose_word_and_how_sure():
    """The ancestor's names and confidences, from a container's time down to the file's own."""
    moment = 1_777_630_272_000_000_000

    for by, source, confidence in (
        ("quicktime_creation_date", "quicktime_creation_time", 0.95),
        ("format_creation_time", "quicktime_creation_time", 0.95),
        ("stream_creation_time", "quicktime_creation_time", 0.9),
        ("stream_timecode", "stream_timecode", 0.65),
        ("format_timecode", "format_timecode", 0.6),
        ("exif_time", "exif_time", 0.9),
    ):
        facts = Facts(created_ns=moment, created_by=by)

        assert Anchor(moment, source, confidence) == anchor_of(facts, MTIME_NS)
    for facts in (None, Facts()):
        assert Anchor(MTIME_NS, "filesystem_mtime", 0.2) == anchor_of(facts, MTIME_NS)


def test_a_timecode_that_is_no_date_is_hardly_believed():
    """It proves that there is a clock, but not what it showed."""
    facts = facts_of(report(TIMECODE), "a.mov")

    assert Anchor(None, "stream_timecode", 0.25) == anchor_of(facts, MTIME_NS)
    whole = facts_of(tagged(timecode="01:00:00:00"), "a.mov")
    assert Anchor(None, "format_timecode", 0.2) == anchor_of(whole, MTIME_NS)


def test_a_timecode_that_is_a_date_is_a_time():
    """Some recorders write the whole moment into it."""
    facts = facts_of(tagged(timecode="2026-05-01T10:11:12"), "a.mov")

    assert (1_777_630_272_000_000_000, "format_timecode") == (facts.created_ns, facts.created_by)
    assert "" == facts.start_timecode


@pytest.mark.parametrize(
    ("stated", "expected"),
    [("01:00:00:00", "01:00:00:00"), (" 01:00:00;02 ", "01:00:00;02"), ("1:0", ""), ("", "")],
)
def test_the_timecode_of_the_first_frame_is_kept(stated, expected):
    """An edit names frames by it; what is none is not taken for one."""
    assert expected == facts_of(tagged(timecode=stated), "a.mov").start_timecode
    assert "10:11:12:13" == facts_of(report(TIMECODE), "a.mov").start_timecode


def test_the_canonical_name_tells_project_origin_time_and_content():
    """The ancestor's pattern: the part of the project before the first dash, and UTC."""
    created_ns, sha256 = 1_777_630_272_000_000_000, "0123abcd" * 8

    name = canonical_name(
        "P1-My-Film", "iphone", created_ns=created_ns, sha256=sha256, name="a.MOV"
    )
    odd = canonical_name("Film", "A/b!", created_ns=created_ns, sha256=sha256, name="clip")

    assert "P1_iphone_20260501-101112_0123abcd.mov" == name
    assert "Film_a_b_20260501-101112_0123abcd" == odd
