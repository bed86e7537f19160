"""Joining clips over HTTP: those of a project, and those that are sent along."""

import pytest

from support.media_clips import ffprobe, require_ffmpeg, write_clip
from support.upload_daemon import ORIGINALS, PROJECT, UploadDaemon

COMPOSE = f"/api/projects/{PROJECT}/compose"
ONE, TWO, LARGE = (f"{ORIGINALS}/{name}" for name in ("one.mp4", "two.mp4", "large.mp4"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Two clips recorded alike, and a larger one, as bytes by name."""
    require_ffmpeg()
    folder = tmp_path_factory.mktemp("clips")
    made = (
        write_clip(folder / "one.mp4", seconds=0.4),
        write_clip(folder / "two.mp4", seconds=0.8),
        write_clip(folder / "large.mp4", seconds=0.4, size="320x180"),
    )
    return {clip.name: clip.read_bytes() for clip in made}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, clips):
    """A daemon that has the clips."""
    folder = tmp_path_factory.mktemp("compose")
    environment = {
        "PLAYHEAD_MEDIA_TEMP_ROOT": str(folder / "temporary"),
        "PLAYHEAD_MEDIA_COMPOSE_BYTES_MAX": "3000000",
    }
    with UploadDaemon(folder, environment=environment) as running:
        for name, data in clips.items():
            running.stored(name, data)
        yield running


def left(daemon):
    """What lies among the temporary files."""
    folder = daemon.root.parent / "temporary"
    return list(folder.rglob("*")) if folder.exists() else []


def clips_in(daemon):
    """Every clip below the directory of the source."""
    return sorted(daemon.root.rglob("*.mp4"))


def compose(daemon, *inputs, **options):
    """The answer to an order to join clips of the project."""
    return daemon.client.post(COMPOSE, json={"inputs": inputs, **options}, timeout=60)


def seconds(path):
    """How long a clip plays."""
    return float(ffprobe(path, "-show_format")["format"]["duration"])


def test_clips_that_are_alike_are_joined_as_they_are(daemon):
    """The answer has the fields of media-sync-api; the clip is in the project like any other."""
    answer = compose(daemon, ONE, TWO, output_name="joined").json()

    path = daemon.root / PROJECT / "exports/joined.mp4"
    assert ("stored", PROJECT, "primary", "exports/joined.mp4", "copy") == (
        answer["status"],
        answer["project"],
        answer["source"],
        answer["path"],
        answer["mode_used"],
    )
    assert path.stat().st_size == answer["size"]
    assert 1.2 == pytest.approx(seconds(path), abs=0.15)
    assert path.read_bytes() == daemon.client.get(answer["served"]["stream_url"]).content


def test_clips_that_differ_are_encoded(daemon):
    """Into another folder, if one is wanted."""
    answer = compose(daemon, ONE, LARGE, output_name="mixed.mp4", target_dir="cuts/rough").json()

    assert ("stored", "cuts/rough/mixed.mp4", "encode") == (
        answer["status"],
        answer["path"],
        answer["mode_used"],
    )


def test_clips_that_differ_cannot_be_copied(daemon):
    """400 says so."""
    answer = compose(daemon, ONE, LARGE, output_name="never", mode="copy")

    assert 400 == answer.status_code
    assert answer.json()["detail"]
    assert not (daemon.root / PROJECT / "exports/never.mp4").exists()


def test_what_is_there_is_not_written_over(daemon):
    """Unless that is wanted."""
    compose(daemon, ONE, ONE, output_name="again").raise_for_status()
    refused = compose(daemon, TWO, TWO, output_name="again")
    allowed = compose(daemon, TWO, TWO, output_name="again", allow_overwrite=True)

    assert 409 == refused.status_code
    assert ("stored", "exports/again.mp4") == (allowed.json()["status"], allowed.json()["path"])
    assert 1.6 == pytest.approx(seconds(daemon.root / PROJECT / "exports/again.mp4"), abs=0.15)


@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        ([f"{ORIGINALS}/unknown.mp4"], {}),
        (["../P2-Other/a.mp4"], {}),
        (["/etc/passwd"], {}),
        ([ONE], {"output_name": "../escape.mp4"}),
        ([ONE], {"output_name": "nul"}),
        ([ONE], {"target_dir": "../outside"}),
        ([ONE], {"target_dir": "_manifest"}),
        ([ONE], {"target_dir": "ingest/thumbnails"}),
    ],
)
def test_what_makes_no_sense_is_refused(daemon, inputs, options):
    """400, and nothing is made."""
    before = clips_in(daemon)
    answer = compose(daemon, *inputs, **options)

    assert 400 == answer.status_code, answer.text
    assert answer.json()["hint"]
    assert before == clips_in(daemon)
    assert [] == daemon.parts()


def test_at_least_one_clip_is_needed(daemon):
    """And a mode that exists."""
    assert 422 == compose(daemon).status_code
    assert 422 == compose(daemon, ONE, mode="magic").status_code


def test_clips_that_are_sent_along_are_joined(daemon, clips):
    """In the order in which they came; only the joined one is kept."""
    before = daemon.on_disk().keys()
    files = [("files", ("b.mp4", clips["two.mp4"])), ("files", ("a.mp4", clips["one.mp4"]))]
    answer = daemon.client.post(
        f"{COMPOSE}/upload", params={"output_name": "sent"}, files=files, timeout=60
    )

    assert 200 == answer.status_code, answer.text
    assert ("stored", "exports/sent.mp4", "copy") == (
        answer.json()["status"],
        answer.json()["path"],
        answer.json()["mode_used"],
    )
    assert 1.2 == pytest.approx(seconds(daemon.root / PROJECT / "exports/sent.mp4"), abs=0.15)
    assert before == daemon.on_disk().keys()
    assert [] == left(daemon)


@pytest.mark.parametrize(
    ("files", "query", "status"),
    [
        ([("files", ("a.mp4", b"this is no clip"))], {}, 400),
        ([("other", ("a.mp4", b"x"))], {}, 400),
        ([("files", ("a.mp4", bytes(5_000_000)))], {}, 413),
        ([("files", ("a.mp4", b"x"))], {"output_name": "a/b"}, 400),
        ([("files", ("a.mp4", b"x"))], {"source": "nowhere"}, 404),
    ],
)
def test_what_cannot_be_joined_leaves_nothing(daemon, files, query, status):
    """Whatever is wrong with it."""
    query = {"output_name": "never"} | query
    answer = daemon.client.post(f"{COMPOSE}/upload", params=query, files=files, timeout=60)

    assert status == answer.status_code, answer.text
    assert [] == left(daemon)
    assert [] == daemon.parts()
    assert not (daemon.root / PROJECT / "exports/never.mp4").exists()


def test_temporary_files_must_not_lie_in_a_source(tmp_path):
    """503: they would be taken for clips."""
    environment = {"PLAYHEAD_MEDIA_TEMP_ROOT": str(tmp_path / "projects" / "P1-Demo")}
    with UploadDaemon(tmp_path, environment=environment) as daemon:
        answer = daemon.client.post(f"{COMPOSE}/upload", files={"files": ("a.mp4", b"x")})

        assert 503 == answer.status_code
