"""Hand-off files, read back with OpenTimelineIO: the same clips, the same markers."""

from fractions import Fraction
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pytest

from adapters.resolve.fcpxml import fcpxml
from adapters.resolve.handoff import CannotWrite, exports_of, hand_off
from adapters.resolve.interchange import OLD_SCHEMAS, otio_text
from adapters.resolve.messages import Order
from adapters.resolve.places import Place
from adapters.resolve.reel import reel_of, url_of
from adapters.resolve.wire import Job, JobFile, Marker, WantedProject

FILM, NTSC = Fraction(24_000, 1_001), Fraction(30_000, 1_001)
FAST, PAL = Fraction(60_000, 1_001), Fraction(25)


def marker(position_s, **fields):
    """A marker."""
    return Marker(id=f"m{position_s}", position_s=position_s, **fields)


def place(name, rate, duration_s=10.0, markers=(), **fields):
    """A clip on this machine."""
    file = JobFile(
        path=f"ingest/originals/{name}",
        name=name,
        asset_id=f"sha256:{name}",
        frame_rate=None if rate is None else str(rate),
        duration_s=duration_s,
        markers=markers,
        **({"width": 1920, "height": 1080} | fields),
    )
    return Place(file=file, path=f"/mnt/P1 Hafen/ingest/originals/{name}")


CLIPS = [
    place("film.mov", FILM, 3_600.0, (marker(1_801.8, note="Take 2", colour="Green", by="ann"),)),
    place("ntsc é.mov", NTSC, 10.01, (marker(1.0), marker(7.5, duration_s=1.0, colour="Mint"))),
    place("pal.mov", PAL, 10.04, (marker(10.0),), start_timecode="10:00:00:00"),
    place("fast.mov", FAST, 5.005, start_timecode="01:00:00;00"),
]
REEL = reel_of("Tag 1", CLIPS, "linux")


def clips_in(timeline):
    """Name, address, first frame, number of frames and rate of each clip."""
    return [
        (
            clip.name,
            clip.media_reference.target_url,
            clip.source_range.start_time.value,
            clip.source_range.duration.value,
            clip.source_range.duration.rate,
        )
        for clip in timeline.find_clips()
    ]


def markers_in(timeline):
    """Clip, name, frame of the clip and number of frames of each marker."""
    return [
        (
            clip.name,
            found.name,
            found.marked_range.start_time.value - clip.source_range.start_time.value,
            found.marked_range.duration.value,
        )
        for clip in timeline.find_clips()
        for found in clip.markers
    ]


WANTED_CLIPS = [(shot.name, shot.url, shot.first_frame, shot.frames_count) for shot in REEL.shots]
WANTED_MARKERS = [
    (shot.name, mark.name, mark.frame, mark.duration_frames)
    for shot in REEL.shots
    for mark in shot.marks
]


def test_a_reel_counts_in_frames_of_each_clip():
    """Also where a second has no whole number of them."""
    assert [86_314, 300, 251, 300] == [shot.frames_count for shot in REEL.shots]
    assert [0, 0, 900_000, 215_784] == [shot.first_frame for shot in REEL.shots]
    assert [("Take 2", 43_200), ("Marker by Playhead", 30), ("Marker by Playhead", 224)] == [
        (mark.name, mark.frame) for shot in REEL.shots[:2] for mark in shot.marks
    ]
    assert FILM == REEL.rate


def test_opentimelineio_reads_the_same_clips_and_markers():
    """Exactly: names, files, timecodes, lengths, rates, frames, notes and colours."""
    timeline = otio.adapters.read_from_string(otio_text(REEL).decode(), "otio_json")
    found = [each for clip in timeline.find_clips() for each in clip.markers]

    assert "Tag 1" == timeline.name
    assert WANTED_CLIPS == [each[:4] for each in clips_in(timeline)]
    assert [float(shot.rate) for shot in REEL.shots] == [each[4] for each in clips_in(timeline)]
    assert WANTED_MARKERS == markers_in(timeline)
    assert ["GREEN", "BLUE", "GREEN", "BLUE"] == [each.color for each in found]
    assert "Take 2\n— ann" == found[0].comment == found[0].metadata["Resolve_OTIO"]["Note"]
    assert "Mint" == found[2].metadata["playhead"]["colour"]


def test_resolve_18_can_read_it():
    """It knows clips of the first kind only."""
    text = otio_text(REEL).decode()

    assert '"OTIO_SCHEMA": "Clip.2"' not in text
    assert text.count(f'"OTIO_SCHEMA": "Clip.{OLD_SCHEMAS["Clip"]}"') == len(CLIPS)


@pytest.mark.parametrize("rate", [Fraction(24), PAL, Fraction(50), FILM, NTSC, FAST])
def test_fcpxml_is_read_as_the_same_clips_and_markers(rate):
    """As far as OpenTimelineIO's reader is exact: it rounds rates, and frames down."""
    marked = (marker(1.0, note="first"), marker(7.5, note="last"))
    reel = reel_of("Tag 1", [place("a.mov", rate, 10.0, marked), place("b é.mov", rate)], "linux")
    (timeline,) = otio.adapters.read_from_string(fcpxml(reel).decode(), "fcpx_xml")
    clips, found = clips_in(timeline), markers_in(timeline)
    tick_s = 1.01 / int(rate)

    assert [(shot.name, shot.url) for shot in reel.shots] == [clip[:2] for clip in clips]
    for shot, clip in zip(reel.shots, clips, strict=True):
        assert abs(clip[3] / clip[4] - shot.frames_count / shot.rate) <= tick_s
    assert [("a.mov", "first"), ("a.mov", "last")] == [each[:2] for each in found]
    for mark, each in zip(reel.shots[0].marks, found, strict=True):
        assert abs(each[2] / int(rate) - mark.frame / rate) <= tick_s


def test_every_time_of_fcpxml_is_a_whole_frame_of_its_clip():
    """Exactly, in a reel of four rates: editors move a cut that is between two frames."""
    text = fcpxml(REEL).decode()

    for shot in REEL.shots:
        length = shot.frames_count / shot.rate
        assert f'duration="{length.numerator}/{length.denominator}s"' in text or (
            f'duration="{length}s"' in text
        )
    assert 'frameDuration="1001/24000s"' in text
    assert 'frameDuration="1001/60000s"' in text
    assert 'start="36000s"' in text
    assert 'start="36010s"' in text
    assert 'note="Take 2&#10;— ann"' in text


def test_sound_and_photographs_have_a_place_too():
    """Sound has no picture, a photograph lasts five seconds."""
    sound = place("s.wav", None, 3.0, width=None, height=None)
    reel = reel_of("x", [place("i.jpg", None, None), sound, place("v.mov", PAL)], "linux")
    timeline = otio.adapters.read_from_string(otio_text(reel).decode(), "otio_json")
    (video,), (audio,) = timeline.video_tracks(), timeline.audio_tracks()

    assert ["still", "sound", "video"] == [shot.kind for shot in reel.shots]
    assert [125, 75, 250] == [shot.frames_count for shot in reel.shots]
    assert (["i.jpg", "v.mov"], ["s.wav"]) == tuple(
        [clip.name for clip in track] for track in (video, audio)
    )


def test_only_clips_with_sound_have_sound():
    """With as many channels as are known; of what an older daemon does not tell, two."""
    known = [("none.mov", 0), ("one.mov", 1), ("unknown.mov", None)]
    places = [place(name, PAL, audio_channels=channels) for name, channels in known]
    assets = ET.fromstring(fcpxml(reel_of("x", places, "linux"))).iter("asset")

    assert [None, "1", "2"] == [asset.get("audioChannels") for asset in assets]


@pytest.mark.parametrize(
    ("path", "system", "url"),
    [
        ("/mnt/a b/é#1.mov", "linux", "file:///mnt/a%20b/%C3%A9%231.mov"),
        ("P:\\Clips\\a b.mov", "windows", "file:///P:/Clips/a%20b.mov"),
        ("\\\\nas\\clips\\a.mov", "windows", "file://nas/clips/a.mov"),
    ],
)
def test_a_path_is_written_as_an_address(path, system, url):
    """Whatever is in the name of a file."""
    assert url == url_of(path, system)


def job_of(places):
    """A job for files that are where `places` says."""
    files = tuple(each.file for each in places)
    wanted = WantedProject(mode="select")
    return Job(id="0123456789", mode="import", resolve_project=wanted, bin="a/b: c", files=files)


def test_the_files_lie_in_the_exports_of_the_project(tmp_path):
    """Under a name that every system allows; asking again writes the same ones."""
    path = tmp_path / "P1" / "ingest" / "originals" / "a.mov"
    here = Place(file=JobFile(path="ingest/originals/a.mov", name="a.mov"), path=str(path))
    gone = Place(file=JobFile(path="b.mov"), problem="missing", detail="Gone.")
    order = Order(host="suite", system="linux")
    endings = [hand_off(order, job_of([here]), [here, gone], "It is free") for _ in range(2)]
    folder = tmp_path / "P1" / "exports"

    assert endings[0] == endings[1]
    assert ["a_b_ c-01234567.fcpxml", "a_b_ c-01234567.otio"] == sorted(
        each.name for each in folder.iterdir()
    )
    assert str(folder / "a_b_ c-01234567.otio") == endings[0].artifact
    assert "It is free. In Resolve: File > Import > Timeline" in endings[0].note
    assert [("handed_off"), ("missing")] == [each.outcome for each in endings[0].results]


def test_a_file_beside_no_project_is_exported_beside_itself():
    """A path map may lead to another layout."""
    here = Place(file=JobFile(path="ingest/originals/a.mov"), path="/mnt/flat/a.mov")

    assert "/mnt/flat/exports" == str(exports_of(here))


def test_a_directory_that_cannot_be_written_is_told(tmp_path):
    """With the option that helps."""
    (tmp_path / "exports").write_bytes(b"")
    order = Order(host="suite", system="linux", handoff_dir=str(tmp_path / "exports"))

    with pytest.raises(CannotWrite) as caught:
        hand_off(order, job_of(CLIPS), CLIPS, "It is free")

    assert "--handoff-dir" in caught.value.hint
