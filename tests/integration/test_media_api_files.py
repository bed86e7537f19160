"""The files of projects over HTTP: listed, looked through, moved, tagged, thrown away, restored."""

import pytest

from adapters.files.shelving import TRASH_PAGE
from support.library import ORIGINALS, library
from support.media_clips import require_ffmpeg, turn, write_clip, write_photograph
from support.mpv import wait_until

A, B = f"{ORIGINALS}/a.mov", f"{ORIGINALS}/b.mov"
PATHS_THAT_LEAD_OUT = ["../P1/a.mov", "/etc/passwd", "a/../../b.mov", "", "a\0b", "x" * 1100, "."]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One library for all tests; each has projects of its own."""
    with library(tmp_path_factory.mktemp("files")) as running:
        yield running


@pytest.fixture
def project(house, request):
    """A project of the test's own, with two clips."""
    name = "P1-" + request.node.name.replace("test_", "").split("[")[0][:40] + f"-{id(request)}"
    house.stock(name, a_mov=b"first", b_mov=b"second")
    return name


@pytest.fixture
def other(house, project):
    """Another project, empty."""
    house.stock(f"{project}-other")
    return f"{project}-other"


def ordered(house, project, what, paths, status=200, **fields):
    """The answer to an order about files of a project."""
    body = {"relative_paths": paths} | fields
    return house.post(f"/api/projects/{project}/media/{what}", body, status=status)


def test_thrown_away_files_can_be_taken_back(house, project):
    """Delete is a trash: what was thrown away comes back with its tags, under its name."""
    ordered(house, project, "tags", [A], add_tags=["Best"])
    thrown = ordered(house, project, "delete", [B, A, "ghost.mov"])
    left = house.files(project)
    listed = [each for each in house.get("/api/trash")["items"] if each["project"] == project]
    again = house.post("/api/trash/restore", {"ids": [*thrown["trash_ids"].values(), "ghost"]})

    assert ([A, B], ["ghost.mov"]) == (thrown["removed"], thrown["missing"])
    assert {} == left
    assert {A, B} == {each["relative_path"] for each in listed}
    assert ({A, B}, ["ghost"]) == (
        {each["relative_path"] for each in again["restored"]},
        again["missing"],
    )
    assert ["best"] == house.files(project)[A]["tags"]["manual"]
    assert b"first" == (house.root / project / A).read_bytes()


def test_a_restored_file_replaces_nothing(house, project):
    """What lies at its place by now stays; the file comes back beside it."""
    thrown = ordered(house, project, "delete", [A])
    house.stock(project, a_mov=b"a new take")
    (back,) = house.post("/api/trash/restore", {"ids": list(thrown["trash_ids"].values())})[
        "restored"
    ]

    assert A != back["relative_path"]
    assert b"a new take" == (house.root / project / A).read_bytes()
    assert b"first" == (house.root / project / back["relative_path"]).read_bytes()


def test_the_trash_is_listed_in_pages(house, project):
    """The last thrown away comes first, and no file is told twice or left out."""
    house.stock(project, **{f"c{number}_mov": b"%d" % number for number in range(7)})
    ordered(house, project, "delete", list(house.files(project)))
    listed, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        query = {"limit": 4} if cursor is None else {"limit": 4, "cursor": cursor}
        page = house.get("/api/trash", source="primary", **query)
        listed += [each["id"] for each in page["items"] if each["project"] == project]
        cursor, pages = page["next"], pages + 1

    assert (9, 9) == (len(listed), len(set(listed)))
    assert "detail" in house.get("/api/trash", cursor="bogus", status=422)


def test_emptying_the_trash_deletes_only_what_is_named(house, project):
    """By id, by age or by source; what is gone for good cannot come back."""
    ids = ordered(house, project, "delete", [A, B])["trash_ids"]
    young = house.post("/api/trash/empty", {"older_than_days": 1, "ids": list(ids.values())})
    one = house.post("/api/trash/empty", {"ids": [ids[A]], "source": "primary"})
    back = house.post("/api/trash/restore", {"ids": list(ids.values())})

    assert (0, 1, len(b"first")) == (young["removed"], one["removed"], one["bytes"])
    assert ([ids[A]], [B]) == (
        back["missing"],
        [each["relative_path"] for each in back["restored"]],
    )


def test_the_whole_trash_is_emptied(tmp_path):
    """More files than one page of it, thrown away in one order."""
    count = TRASH_PAGE + 20
    with library(tmp_path) as own:
        # Of a few contents: each is looked into by ffprobe, and that is not what this is about.
        own.stock("P1", **{f"c{number}_mov": b"%d" % (number % 9) for number in range(count)})
        ordered(own, "P1", "delete", list(own.files("P1")))
        emptied = own.post("/api/trash/empty", {})

        assert count == emptied["removed"]
        assert [] == own.get("/api/trash")["items"]
        assert [] == list((own.root / "_playhead/trash").iterdir())


def test_files_move_to_another_project(house, project, other):
    """With their tags; a name that is taken gets a number, and nothing is replaced."""
    house.stock(other, b_mov=b"something else")
    ordered(house, project, "tags", [A], add_tags=["keep"])
    answer = ordered(house, project, "move", [A, B, "ghost.mov"], target_project=other)

    moved = {each["from"]: each["to"] for each in answer["moved"]}
    assert {A, B} == set(moved)
    assert (A, f"{ORIGINALS}/b_2.mov") == (moved[A], moved[B])
    assert (["ghost.mov"], []) == (answer["missing"], answer["duplicates"])
    assert {} == house.files(project)
    assert ["keep"] == house.files(other)[A]["tags"]["manual"]
    assert b"something else" == (house.root / other / B).read_bytes()


def test_what_the_target_has_already_goes_to_the_trash(house, project, other):
    """A copy is a duplicate; it is not deleted, and the target's own stays."""
    house.stock(other, c_mov=b"first")
    answer = ordered(house, project, "move", [A], target_project=other)

    assert ([A], []) == (answer["duplicates"], answer["moved"])
    assert not (house.root / project / A).exists()
    assert A in {each["relative_path"] for each in house.get("/api/trash")["items"]}
    assert {f"{ORIGINALS}/c.mov"} == set(house.files(other))


def test_the_only_copy_survives_a_duplicate_that_is_not_there(house, project, other):
    """The library believed the target had it, but somebody had deleted it there by hand."""
    house.stock(other, c_mov=b"first")
    (house.root / other / f"{ORIGINALS}/c.mov").unlink()
    answer = ordered(house, project, "move", [A], target_project=other)

    assert [A] == [each["from"] for each in answer["moved"]]
    assert b"first" == (house.root / other / A).read_bytes()


def test_files_move_between_sources(tmp_path):
    """Wherever the other root lies."""
    with library(tmp_path) as own:
        own.add_source("nas", tmp_path / "nas")
        own.stock("P1", a_mov=b"first")
        own.stock("P2", source="nas")
        answer = ordered(own, "P1", "move", [A], target_project="P2", target_source="nas")

        assert 1 == len(answer["moved"])
        assert b"first" == (tmp_path / "nas/P2" / A).read_bytes()


@pytest.mark.parametrize("what", ["delete", "move", "tags"])
def test_an_order_that_names_nothing_is_refused(house, project, what):
    """No paths, no tags, no target: 400 or 422, with a sentence."""
    path = f"/api/projects/{project}/media/{what}"
    body = {"target_project": project} if what == "move" else {"add_tags": ["x"]}

    assert "relative_paths" in house.post(path, body, status=400)["detail"]
    house.post(path, {"relative_paths": "a.mov"}, status=422)


def test_moving_to_the_same_project_is_refused(house, project):
    """There is nothing to move."""
    ordered(house, project, "move", [A], status=400, target_project=project)

    assert {A, B} == set(house.files(project))


@pytest.mark.parametrize("path", PATHS_THAT_LEAD_OUT)
@pytest.mark.parametrize("what", ["delete", "move", "tags", "normalize-orientation"])
def test_a_path_that_leads_out_is_refused(house, project, what, path):
    """Traversal, absolute paths, NUL and names no disk takes: 400, and nothing happens."""
    fields = {
        "delete": {},
        "move": {"target_project": project},
        "tags": {"add_tags": ["x"]},
        "normalize-orientation": {"dry_run": False},
    }
    answer = ordered(house, project, what, [A, path], status=400, **fields[what])

    assert answer["detail"]
    assert {A, B} == set(house.files(project))


@pytest.mark.parametrize("name", ["index.json", "_manifest/files.jsonl", "ingest/_metadata/x"])
def test_internals_cannot_be_thrown_away(house, project, name):
    """They are the keeper's own: as good as not there."""
    house.put(project, "ingest/_metadata/x", b"x")
    wait_until((house.root / project / "index.json").exists, "the index")
    wait_until((house.root / project / "_manifest/files.jsonl").exists, "the listing")
    answer = house.client.post(
        f"/api/projects/{project}/media/delete", json={"relative_paths": [name]}
    )

    assert answer.status_code == 400 or [name] == answer.json()["missing"]
    assert (house.root / project / name).exists()


def test_tags_are_normal_and_complete(house, project):
    """Trimmed, lower case, once; removing wins; unknown files are named."""
    ordered(house, project, "tags", [A, B], add_tags=[" Beach ", "DAY  one", "day one"])
    answer = ordered(house, project, "tags", [A, "ghost"], add_tags=["x"], remove_tags=["BEACH"])

    (updated,) = answer["updated"]
    assert (A, ["day one", "x"]) == (updated["relative_path"], updated["tags"]["manual"])
    assert ["ghost"] == answer["missing"]
    assert ["beach", "day one"] == house.files(project)[B]["tags"]["manual"]


@pytest.mark.parametrize("tags", [["x" * 101], ["a\0b"], [" "], [str(n) for n in range(101)]])
def test_what_can_be_no_tag_is_refused(house, project, tags):
    """Too long, unprintable, empty, too many."""
    assert ordered(house, project, "tags", [A], status=400, add_tags=tags)["detail"]


def test_the_inventory_is_ordered_and_bounded(house, project):
    """By when files were shot; pages tell where to go on; wrong dates are refused with 400."""
    house.stock(project, c_mov=b"third")
    path = f"/api/projects/{project}/media/query"
    first = house.get(path, limit=2)
    second = house.get(path, limit=2, offset=first["next_offset"])
    none = house.get(path, created_before="2001-01-01")
    every = house.get(path, created_after="2001-01-01", origin=["unknown", "OBS"])

    times = [each["timestamps"]["creation_time"] for each in first["items"] + second["items"]]
    assert (3, True, 2) == (first["total"], first["has_more"], first["next_offset"])
    assert (1, False, None) == (len(second["items"]), second["has_more"], second["next_offset"])
    assert sorted(times) == times
    assert (0, 3) == (none["total"], every["total"])
    assert 0 == house.get(path, origin="nikon_z7")["total"]
    house.get(path, created_after="yesterday-ish", status=400)
    house.get(path, limit=0, status=422)


@pytest.fixture(scope="module")
def clips(house, tmp_path_factory):
    """A project with a clip that lies on its side, one that is upright, and a photograph."""
    require_ffmpeg()
    folder = house.root / "P7-Clips" / ORIGINALS
    folder.mkdir(parents=True)
    turn(write_clip(folder / "side.mov"), 90)
    write_clip(
        folder / "2026-05-01_10-11-12.mp4", "-metadata", "creation_time=2026-05-01T10:11:12Z"
    )
    write_photograph(folder / "photo.jpg")
    house.look("P7-Clips")
    for name in ("side.mov", "2026-05-01_10-11-12.mp4", "photo.jpg"):
        house.measured("P7-Clips", f"{ORIGINALS}/{name}")
    return "P7-Clips"


def test_facts_are_those_of_the_file(house, clips):
    """What ffprobe tells, with the time the file states."""
    path = f"{ORIGINALS}/2026-05-01_10-11-12.mp4"
    answer = house.get("/api/media/facts", project=clips, relative_path=path)

    facts, timeline = answer["facts"], answer["timeline"]
    assert (160, 120, 25.0, "h264", "aac", True) == tuple(
        facts[key] for key in ("width", "height", "fps", "video_codec", "audio_codec", "has_audio")
    )
    assert facts["duration_s"] == facts["duration_seconds"] == pytest.approx(0.4, abs=0.1)
    assert "2026-05-01T10:11:12.000000000Z" == timeline["anchor_time"]
    assert ("quicktime_creation_time", 0.95) == (timeline["anchor_source"], timeline["confidence"])
    assert ("measured", "") == (answer["status"], answer["problem"])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"project": "P99", "relative_path": A}, 404),
        ({"project": "P7-Clips", "relative_path": "ghost.mov"}, 404),
        ({"project": "P7-Clips", "relative_path": "../x"}, 400),
        ({"project": "P7-Clips", "relative_path": "/etc/passwd"}, 400),
        ({"project": "..", "relative_path": A}, 400),
        ({"project": "P7-Clips"}, 422),
    ],
)
def test_facts_of_what_is_not_there_are_refused(house, clips, query, status):
    """The ancestor answered traversal with 500."""
    assert house.get("/api/media/facts", status=status, **query)["detail"]


def test_a_get_shows_what_would_be_turned_and_turns_nothing(house, clips):
    """Only the clip that lies on its side; dry_run=false needs a POST."""
    path = f"/api/projects/{clips}/media/normalize-orientation"
    shown = house.get(path)
    refused = house.get(path, dry_run="false", status=400)
    house.get("/api/media/normalize-orientation", dry_run="false", status=400)
    everything = house.get("/api/media/normalize-orientation")

    side = f"{ORIGINALS}/side.mov"
    assert [(side, 90, "planned")] == [
        (each["relative_path"], each["rotation"], each["status"]) for each in shown["changed"]
    ]
    assert {"already_upright", "not_video"} == {each["reason"] for each in shown["skipped"]}
    assert "POST" in refused["detail"]
    assert everything["totals"]["planned"] >= 1


def test_the_plan_of_names_is_only_shown(house, clips):
    """Dry run is the default: each action says what would be done, and nothing is."""
    before = house.files(clips)
    answer = house.post(f"/api/projects/{clips}/media/reconcile", {"normalize_orientation": True})

    actions = {each["relative_path"].rpartition("/")[2]: each for each in answer["actions"]}
    obs = actions["2026-05-01_10-11-12.mp4"]
    sha256 = before[obs["relative_path"]]["sha256"]
    assert (True, False) == (answer["dry_run"], answer["apply"])
    assert f"P7_obs_20260501-101112_{sha256[:8]}.mp4" == obs["canonical_name"]
    assert {"source": "obs", "confidence": 0.9, "evidence": "filename_obs_timestamp"} == obs[
        "origin"
    ]
    assert (True, True) == (obs["rename_planned"], obs["measured"])
    assert (90, "display_matrix", True) == (
        actions["side.mov"]["rotation_detected_deg"],
        actions["side.mov"]["rotation_source"],
        actions["side.mov"]["normalize_planned"],
    )
    assert before == house.files(clips)
    both = {"dry_run": True, "apply": True}
    house.post(f"/api/projects/{clips}/media/reconcile", both, status=400)


def test_names_are_given_and_clips_turned_when_asked(tmp_path):
    """Done twice nothing changes; the original of what was turned lies in the trash."""
    require_ffmpeg()
    with library(tmp_path) as own:
        folder = own.root / "P3-Cut" / ORIGINALS
        folder.mkdir(parents=True)
        write_clip(folder / "Z7V_0001.MOV")
        turn(write_clip(folder / "side.mov"), 90)
        own.look("P3-Cut")
        for name in ("Z7V_0001.MOV", "side.mov"):
            own.measured("P3-Cut", f"{ORIGINALS}/{name}")
        body = {"dry_run": False, "apply": True, "normalize_orientation": True}
        first = own.post("/api/projects/P3-Cut/media/reconcile", body)
        (turned,) = [path for path in own.files("P3-Cut") if path.endswith("side.mov")]
        facts = own.measured("P3-Cut", turned)["facts"]
        second = own.post("/api/projects/P3-Cut/media/reconcile", body)
        third = own.post("/api/projects/P3-Cut/media/reconcile", body)

        assert [f"{ORIGINALS}/Z7V_0001.MOV"] == [each["from"] for each in first["renamed"]]
        assert first["renamed"][0]["to"].startswith(f"{ORIGINALS}/P3_nikon_z7_")
        assert [] == first["failed"]
        assert (120, 160) == (facts["width"], facts["height"])
        assert ([turned], []) == ([each["from"] for each in second["renamed"]], third["renamed"])
        assert [turned] == [each["relative_path"] for each in own.get("/api/trash")["items"]]
