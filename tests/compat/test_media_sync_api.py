"""
The interface of media-sync-api, endpoint by endpoint and field by field, as its clients use it.

One library is filled through that interface alone. What differs on purpose is in
`ops/docs/from-media-sync-api.md`.
"""

import hashlib
import re
import uuid

import pytest

from support.library import ORIGINALS, library
from support.media_clips import require_ffmpeg, turn, write_clip

PROJECT = "P1-Demo"
PAGE = f"/api/projects/{PROJECT}"
CLIP, SIDE = f"{ORIGINALS}/clip.mp4", f"{ORIGINALS}/side.mov"
GHOST = "0" * 64
VIEWS = {"index.json", "_manifest", "files.jsonl"}

SERVED = ["served.stream_url", "served.download_url"]
ITEM = ["status", "path", "sha256", "size", "filename", *SERVED]
STORED = [*ITEM, "instructions"]
BATCH = ["ok", "batch_id", "project", "source"]
COUNTS = ["counts.total", "counts.stored", "counts.duplicate", "counts.error"]
ENTRY = ["relative_path", "sha256", "size"]
LINKS = ["stream_url", "download_url", "thumb_url", "asset_id", "asset_uuid"]
VIEW = ["name", "source", "source_accessible", "index_exists", "upload_url", "instructions"]
SCAN = [
    *("indexed", "files", "removed", "relocated", "skipped_unsupported"),
    *("normalized", "normalization_failed"),
]
TIMES = ["timestamps.creation_time", "timestamps.best_effort"]
TURNED = ["orientation.rotation", "orientation.normalized", "orientation.detected_from"]
URLS = ["urls.stream", "urls.download"]
RECORD = [
    *("sha256", "asset_id", "asset_uuid", "project", "source", "canonical_name", "relative_path"),
    *("ext", "origin", "aliases", "metadata_path", "facts.duration_seconds"),
    *("timeline.anchor_time", "timeline.anchor_source", "timeline.confidence"),
    *(*TIMES, *TURNED, *URLS),
]
FACTS = [
    *("duration_seconds", "duration_s", "width", "height", "fps", "video_codec", "audio_codec"),
    *("audio_channels", "has_audio"),
]
JOB = [
    *("id", "created_at", "status", "project", "new_project_name", "media_rel_paths", "mode"),
    *("source", "claimed_by", "claimed_at", "done_at", "failed_at", "error"),
]
RECONCILED = [
    *("relative_path", "origin.source", "origin.confidence", "origin.evidence"),
    *("rotation_detected_deg", "rotation_source", "canonical_name"),
    *("rename_planned", "normalize_planned"),
]


def below(place, names):
    """Names of fields below another field."""
    return [f"{place}.{name}" for name in names]


ASKED = {
    "/health": ["ok", "service", "projects_root", "instructions"],
    "/healthz": ["status"],
    "/api/projects": below("0", VIEW),
    PAGE: [
        *("project", "notes", "created_at", "instructions", *below("files.0", ENTRY)),
        *below("counts", ["videos", "duplicates_skipped", "removed_missing_records"]),
    ],
    f"{PAGE}/media": [
        *("project", "source", "counts.videos", "instructions"),
        *below("media.0", [*ENTRY, *LINKS]),
    ],
    f"{PAGE}/media/query?limit=1": [
        *("project", "source", "offset", "limit", "next_offset", "has_more", "total"),
        *below("items.0", ["asset_id", "sha256", "origin", "canonical_name", "relative_path"]),
        *below("items.0", [*TIMES, *TURNED, *URLS]),
    ],
    f"{PAGE}/media/normalize-orientation": [
        *("status", "project", "source", "dry_run", "failed"),
        *below("changed.0", ["relative_path", "rotation", "status"]),
        *below("skipped.0", ["relative_path", "reason"]),
    ],
    "/api/media/normalize-orientation": [
        *("status", "source", "dry_run", "projects_processed", "projects_skipped", "results"),
        *below("totals", ["planned", "changed", "skipped", "failed"]),
    ],
    f"/api/media/facts?project={PROJECT}&relative_path={CLIP}": [
        *("project", "source", "relative_path", *below("facts", FACTS)),
        *below("timeline", ["anchor_time", "anchor_source", "confidence"]),
    ],
    f"{PAGE}/reindex": [*SCAN, "instructions"],
    "/reindex": [
        *("indexed_projects", "indexed_files", "removed_missing"),
        *below("sources.0", ["source", "root", "accessible"]),
        *below("sources.0.projects.0", ["name", *SCAN]),
    ],
    "/api/sources": below("0", ["name", "root", "type", "enabled", "accessible", "instructions"]),
}
"""What a GET answers, by path: fields, with dots for what is inside, and numbers for items."""

ORDERS = {
    "/api/projects": ({"name": "P5-Made"}, VIEW),
    "/api/projects/auto-organize": ({}, ["status", "moved", "sources.0.moved", "instructions"]),
    f"{PAGE}/sync-album": (
        {"album": "Harbour"},
        ["status", "event.timestamp", "event.event", "event.payload", "instructions"],
    ),
    f"{PAGE}/upload?op=start": ({}, [*BATCH, "upload_url", "finalize_url", "instructions"]),
    f"{PAGE}/media/tags": (
        {"relative_paths": [CLIP], "add_tags": ["x"]},
        [
            *("status", "missing", "updated.0.relative_path", "updated.0.sha256"),
            *("updated.0.tags.manual", "updated.0.tags.derived"),
        ],
    ),
    f"{PAGE}/media/delete": ({"relative_paths": ["ghost"]}, ["status", "removed", "missing.0"]),
    f"{PAGE}/media/move": (
        {"relative_paths": ["ghost"], "target_project": "P2-Other"},
        ["status", "moved", "duplicates", "missing.0"],
    ),
    f"{PAGE}/media/normalize-orientation": (
        {"dry_run": True, "relative_paths": [SIDE]},
        ["status", "dry_run", "changed.0.rotation", "skipped", "failed"],
    ),
    "/api/media/normalize-orientation": ({}, ["status", "totals.planned", "results.0.project"]),
    f"{PAGE}/media/reconcile": (
        {"normalize_orientation": True},
        [
            *("status", "project", "source", "dry_run", "apply", "renamed"),
            *(*below("reindex", SCAN), *below("actions.0", RECONCILED)),
        ],
    ),
    f"{PAGE}/reindex": (None, [*SCAN, "instructions"]),
    f"{PAGE}/compose": (
        {"inputs": [CLIP, CLIP], "output_name": "twice"},
        ["status", "project", "source", "path", "sha256", "size", "mode_used", *SERVED],
    ),
    "/api/assets/bulk/tags": (
        {"assets": [{"project": PROJECT, "relative_path": CLIP}], "add_tags": ["y"]},
        ["status", "updated", "missing", "groups.0.source", "groups.0.project"],
    ),
    "/api/assets/bulk/delete": (
        {"assets": [{"project": PROJECT, "relative_path": "ghost"}]},
        ["status", "deleted", "missing", "groups.0.removed", "groups.0.missing"],
    ),
    "/api/assets/bulk/move": (
        {
            "assets": [{"project": PROJECT, "relative_path": "ghost"}],
            "target_project": "P2-Other",
        },
        ["status", "moved", "duplicates", "missing", "groups.0.moved", "groups.0.duplicates"],
    ),
    "/api/registry/resolve": ({"asset_ids": [GHOST]}, ["results", "missing.0"]),
    "/api/sources": (
        {"name": "spare", "root": "{folder}/spare"},
        ["name", "root", "type", "enabled", "accessible", "instructions"],
    ),
    "/api/resolve/open": (
        {"project": PROJECT, "media_rel_paths": [CLIP]},
        ["ok", "job_id", "instructions"],
    ),
}
"""What a POST answers: the body that is sent, and the fields."""

MADE = {"/api/projects", "/api/sources"}
"""What is answered with 201."""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A library with an upright clip, one that lies on its side, and a second project."""
    require_ffmpeg()
    folder = tmp_path_factory.mktemp("media-sync-api")
    (folder / "spare").mkdir()
    with library(folder) as running:
        running.folder = folder
        for name in (PROJECT, "P2-Other"):
            running.post("/api/projects", {"name": name}, status=201)
        clip = write_clip(folder / "clip.mp4").read_bytes()
        side = turn(write_clip(folder / "side.mov"), 90).read_bytes()
        running.uploaded = upload(running, "clip.mp4", clip)
        upload(running, "side.mov", side)
        for path in (CLIP, SIDE):
            running.measured(PROJECT, path)
        yield running


@pytest.fixture
def own(tmp_path):
    """A library for one test alone."""
    with library(tmp_path) as running:
        yield running


def upload(house, name, content, project=PROJECT, **query):
    """What a Shortcut does: one file in a form."""
    path = f"/api/projects/{project}/upload"
    answer = house.client.post(path, params=query, files={"file": (name, content)})
    assert 200 == answer.status_code, answer.text
    return answer.json()


def has(answer, field):
    """Whether an answer has a field, given as `media.0.asset_id`."""
    for name in field.split("."):
        here = answer[int(name) :][:1] if isinstance(answer, list) else [answer.get(name, KeyError)]
        if here in ([], [KeyError]):
            return False
        answer = here[0]
    return True


def lacking(answer, fields):
    """The fields that an answer has not."""
    return [field for field in fields if not has(answer, field)]


@pytest.mark.parametrize(("path", "fields"), ASKED.items(), ids=ASKED)
def test_a_question_is_answered_in_the_words_of_media_sync_api(house, path, fields):
    """Every field its clients read is there."""
    assert [] == lacking(house.get(path), fields)


@pytest.mark.parametrize(("path", "order"), ORDERS.items(), ids=ORDERS)
def test_an_order_is_answered_in_the_words_of_media_sync_api(house, path, order):
    """Every field its clients read is there, and the status is the same."""
    body, fields = order
    if path == "/api/sources":
        body = body | {"root": body["root"].format(folder=house.folder)}
    answer = house.post(path, body, status=201 if path in MADE else 200)

    assert [] == lacking(answer, fields)


def test_an_upload_is_answered_in_the_words_of_media_sync_api(house):
    """Stored and duplicate, alone and several, in a batch; links are whole and lead to the file."""
    again = upload(house, "other name.mp4", (house.folder / "clip.mp4").read_bytes())
    files = [("files[]", (f"{letter}.mov", letter.encode())) for letter in "ab"]
    many = house.client.post(f"{PAGE}/upload", files=files).json()
    link = again["served"]["stream_url"]

    assert [] == lacking(house.uploaded, [*STORED, "uploaded_at"])
    assert [] == lacking(again, STORED)
    assert ("stored", "duplicate", CLIP) == (
        house.uploaded["status"],
        again["status"],
        again["path"],
    )
    fields = ["status", "project", "source", "batch_id", "served_urls", "instructions"]
    assert [] == lacking(many, [*fields, "batch_snapshot", *COUNTS, *below("items.0", ITEM)])
    assert (house.folder / "clip.mp4").read_bytes() == house.client.get(link).content


def test_a_batch_goes_its_way(house):
    """Started, filled, asked for, finalized twice; then it takes no more."""
    path = f"{PAGE}/upload"
    started = house.post(path, query={"op": "start"})
    batch = {"batch_id": started["batch_id"]}
    upload(house, "batched.mov", b"batched", **batch)
    snapshot = house.post(path, query=batch | {"op": "snapshot"})
    final = house.post(path, batch, query={"op": "finalize"})
    again = house.post(f"{PAGE}/upload-batch/finalize", batch)
    late = house.client.post(path, params=batch, files={"file": ("late.mov", b"late")})

    assert re.fullmatch("[0-9a-f]{32}", started["batch_id"])
    row = ["timestamp", "status", "filename", "relative_path", "sha256", "size", "served"]
    meta = ["batch_id", "project", "source", "created_at", "closed", "client.remote"]
    assert [] == lacking(snapshot, ["ok", "count", *below("items.0", row), *below("meta", meta)])
    assert [] == lacking(final, [*BATCH, "items.0", "served_urls", *COUNTS])
    assert final["counts"] == again["counts"]
    assert (409, 404) == (
        late.status_code,
        house.client.get(f"{PAGE}/upload-batch/nope").status_code,
    )


def test_the_registry_knows_a_content_by_the_names_it_always_had(house):
    """asset_id and asset_uuid are the same as before, so that old timelines find their clips."""
    sha256 = house.uploaded["sha256"]
    record = house.get(f"/api/registry/{sha256}")
    many = house.post("/api/registry/resolve", {"asset_ids": [sha256]})["results"]

    assert [] == lacking(record, RECORD)
    assert hashlib.sha256((house.folder / "clip.mp4").read_bytes()).hexdigest() == sha256
    assert str(uuid.uuid5(uuid.NAMESPACE_URL, f"media-sync-api:{sha256}")) == record["asset_uuid"]
    assert {f"sha256:{sha256}": record} == many


def test_a_job_for_resolve_has_the_fields_of_before(house):
    """An agent written for media-sync-api finds all it reads."""
    body = {"project": PROJECT, "media_rel_paths": [CLIP], "mode": "reveal"}
    house.post("/api/resolve/open", body)
    jobs = house.post("/api/resolve/jobs/next", query={"limit": 9, "claimed_by": "suite"})["jobs"]
    answers = [house.post(f"/api/resolve/jobs/{job['id']}/complete") for job in jobs]

    assert [] == lacking(jobs[-1], JOB)
    assert "reveal_in_explorer" == jobs[-1]["mode"]
    assert {"ok": True} == answers[-1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/projects?source=nowhere", 400),
        ("/api/projects/P9?source=nowhere", 404),
        ("/api/projects/P9-Ghost", 404),
        ("/api/projects/a..b", 404),
        ("/api/projects/%2e%2e/media", 400),
        (f"/api/registry/{GHOST}", 404),
        ("/api/registry/nonsense", 400),
        ("/api/media/facts?project=P1-Demo&relative_path=ghost", 404),
        (f"{PAGE}/media/query?created_after=nonsense", 400),
        (f"{PAGE}/media/query?limit=0", 422),
        (f"{PAGE}/upload-batch/..%2f..%2fx", 404),
    ],
)
def test_refusals_have_the_status_and_the_detail_of_before(house, path, status):
    """What was unknown is 404, what cannot be is 400; `detail` is a sentence."""
    answer = house.get(path, status=status)

    assert isinstance(answer["detail"], str)
    assert answer["detail"]


def test_no_get_changes_anything_but_the_two_that_are_documented(house):
    """The ancestor made directories, moved media and rewrote files when it was only asked."""
    before = media_on_disk(house), orders_on_record(house)
    for path in ASKED:
        if not path.endswith("/reindex"):
            house.get(path)

    assert before == (media_on_disk(house), orders_on_record(house))


def media_on_disk(house):
    """Every directory, and when each file was last written, but for the views of the log."""
    found = (path for path in house.root.rglob("*") if path.name not in VIEWS)
    return {path: path.is_dir() or path.stat().st_mtime_ns for path in found}


def orders_on_record(house):
    """Everything on record but what was measured in the background."""
    return [event["seq"] for event in house.daemon.events() if event["type"] != "media.measured"]


def test_1_a_folder_of_media_that_becomes_a_source_stays_as_it_is(own):
    """Registering it and listing moved every file into ingest/originals."""
    folder = own.root.parent / "nas"
    clip = folder / "Holiday 2026" / "Day 1" / "a.mov"
    clip.parent.mkdir(parents=True)
    clip.write_bytes(b"a")
    own.add_source("nas", folder)
    own.post("/reindex")
    listed = own.get("/api/projects", source="nas")
    media = own.files("Holiday 2026", source="nas")

    assert ["Holiday 2026"] == [each["name"] for each in listed]
    assert {"Day 1/a.mov"} == set(media)
    assert b"a" == clip.read_bytes()


def test_2_a_torn_or_deleted_index_is_no_loss(own):
    """A project with a corrupt index.json answered 500 for ever, and so did the registry."""
    sha256 = upload_into(own, "a.mov", b"a")["sha256"]
    index = own.root / PROJECT / "index.json"
    index.write_bytes(b'{"files": [')
    listed = own.files(PROJECT)
    own.get("/reindex")
    record = own.get(f"/api/registry/{sha256}")
    again = upload(own, "b.mov", b"b")

    assert {f"{ORIGINALS}/a.mov"} == set(listed)
    assert PROJECT == record["project"]
    assert "stored" == again["status"]


def upload_into(own, name, content, project=PROJECT):
    """An upload into a project that is made for it."""
    own.post("/api/projects", {"name": project}, status=201)
    return upload(own, name, content, project)


def test_3_what_was_deleted_by_hand_is_stored_again(own):
    """It was called a duplicate, with a link to nothing, and the phone deleted its original."""
    first = upload_into(own, "a.mov", b"a")
    (own.root / PROJECT / first["path"]).unlink()
    second = upload(own, "a.mov", b"a")

    assert ("stored", "stored") == (first["status"], second["status"])
    assert b"a" == own.client.get(second["served"]["download_url"]).content


def test_6_a_file_renamed_by_hand_keeps_its_tags_and_is_known(own):
    """Its tags were deleted, and the same bytes were stored a second time."""
    first = upload_into(own, "a.mov", b"a")
    body = {"relative_paths": [first["path"]], "add_tags": ["best"]}
    own.post(f"{PAGE}/media/tags", body)
    (own.root / PROJECT / first["path"]).rename(own.root / PROJECT / "renamed.mov")
    own.look(PROJECT)
    again = upload(own, "a.mov", b"a")

    assert ("duplicate", "renamed.mov") == (again["status"], again["path"])
    assert ["best"] == own.files(PROJECT)["renamed.mov"]["tags"]["manual"]


def test_6_what_was_composed_stays_where_it_is(house):
    """Reindexing moved exports into ingest/originals, and the link was dead."""
    body = {"inputs": [CLIP], "output_name": "kept"}
    made = house.post(f"{PAGE}/compose", body)
    house.look(PROJECT)

    assert made["path"] in house.files(PROJECT)
    assert 200 == house.client.get(made["served"]["stream_url"]).status_code


def test_7_reindexing_rewrites_no_clip(house):
    """Clips that lie on their side were encoded anew, in place, without a copy."""
    before = (house.root / PROJECT / SIDE).read_bytes()
    answer = house.look(PROJECT)

    assert before == (house.root / PROJECT / SIDE).read_bytes()
    assert (0, 0) == (answer["normalized"], answer["normalization_failed"])


def test_9_counts_do_not_drift(own):
    """Overwriting, deleting and moving left more files in the count than there were."""
    upload_into(own, "a.mov", b"a")
    upload(own, "b.mov", b"b")
    upload(own, "b.mov", b"b")
    own.post(f"{PAGE}/media/delete", {"relative_paths": [f"{ORIGINALS}/a.mov"]})
    upload(own, "a.mov", b"other")
    (own.root / PROJECT / ORIGINALS / "b.mov").unlink()
    own.look(PROJECT)
    counts = own.get(PAGE)["counts"]

    assert 1 == len(own.files(PROJECT)) == counts["videos"]
    assert (1, 1) == (counts["duplicates_skipped"], counts["removed_missing_records"])


@pytest.mark.parametrize("name", ["_sources", "_playhead", ".hidden", "lost+found"])
def test_23_what_is_hidden_is_no_project(own, name):
    """The ancestor's reindex made a project of its own _sources."""
    own.put(name, f"{ORIGINALS}/a.mov", b"a")
    own.post("/reindex")

    assert [] == own.get("/api/projects")
    own.get(f"/api/projects/{name}/media", status=400)


def test_24_names_of_everyday_life_are_accepted(own):
    """A label with a space, a file with two dots, a project made in a file manager."""
    made = own.post("/api/projects", {"name": "Summer in Gdańsk"}, status=201)
    stored = upload(own, "clip..mov", b"a", made["name"])
    own.put("Old Films (1)", "b.mov", b"b")
    own.look("Old Films (1)")

    assert "P1-Summer-in-Gdansk" == made["name"]
    assert f"{ORIGINALS}/clip..mov" == stored["path"]
    assert {"b.mov"} == set(own.files("Old Films (1)"))


def test_25_what_cameras_and_recorders_write_is_media(own):
    """Sixteen common formats were not known, and such uploads vanished at the next reindex."""
    cameras = ["m4v", "webm", "mts", "m2ts", "mxf", "ts", "dng", "braw", "r3d"]
    formats = [*cameras, "tif", "gif", "webp", "heif", "m4a", "ogg", "opus"]
    for extension in formats:
        own.put("P1-All", f"a.{extension}", extension.encode())
    answer = own.look("P1-All")

    assert len(formats) == answer["indexed"]
    assert answer["indexed"] == own.look("P1-All")["indexed"] + len(own.files("P1-All"))


@pytest.mark.parametrize(
    "path", ["index.json", "_manifest/files.jsonl", "../P2-Other", "%2e%2e/x", ".hidden"]
)
def test_29_internals_are_not_served(house, path):
    """The ancestor handed out index, database and event log of every project."""
    assert house.client.get(f"/media/{PROJECT}/{path}").status_code in {400, 404}


def test_29_no_directory_of_the_host_becomes_a_source(house):
    """Any client could register any directory, and read and delete what was in it."""
    for root in ("/", "/etc", "/home", str(house.folder.parent), "../..", ""):
        answer = house.post("/api/sources", {"name": "evil", "root": root}, status=400)

        assert answer["detail"]
    assert "evil" not in {each["name"] for each in house.get("/api/sources")}
