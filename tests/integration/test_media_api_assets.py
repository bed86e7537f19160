"""The registry, and orders about assets of several projects at once."""

import hashlib
import time
import uuid

import pytest

from support.library import ORIGINALS, library
from support.media_clips import require_ffmpeg, write_clip

A, B, C = (f"{ORIGINALS}/{name}.mov" for name in "abc")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One library for all tests; each has projects of its own."""
    with library(tmp_path_factory.mktemp("assets")) as running:
        yield running


@pytest.fixture
def name(request):
    """A text that is the test's own, for projects and contents."""
    return f"{request.node.name.replace('test_', '').split('[')[0][:40]}-{id(request)}"


@pytest.fixture
def project(house, name):
    """A project with two clips and a copy of one of them."""
    house.stock(f"P1-{name}", a_mov=b"a" + name.encode(), b_mov=b"b" + name.encode())
    return f"P1-{name}"


def digest(content):
    """The hash of a content."""
    return hashlib.sha256(content).hexdigest()


def asset_uuid(sha256):
    """The UUID that media-sync-api gave a content."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"media-sync-api:{sha256}"))


def bulk(house, what, assets, status=200, **fields):
    """The answer to an order about assets."""
    return house.post(f"/api/assets/bulk/{what}", {"assets": assets} | fields, status=status)


def test_a_content_is_found_wherever_it_lies(house, project, name):
    """By its hash, in either spelling; unknown ones are 404, malformed ones 400."""
    sha256 = digest(b"a" + name.encode())
    record = house.get(f"/api/registry/{sha256}")

    assert record == house.get(f"/api/registry/sha256:{sha256.upper()}")
    assert (sha256, f"sha256:{sha256}", asset_uuid(sha256)) == (
        record["sha256"],
        record["asset_id"],
        record["asset_uuid"],
    )
    assert (project, "primary", A, ".mov", "a.mov") == tuple(
        record[key] for key in ("project", "source", "relative_path", "ext", "canonical_name")
    )
    house.get(f"/api/registry/{digest(b'nobody has this')}", status=404)
    house.get("/api/registry/abc", status=400)


def test_old_ids_and_paths_are_resolved_together(house, project, name):
    """What is found is told under what was asked for; the rest is named."""
    known, unknown = digest(b"a" + name.encode()), digest(b"x")
    url = f"{house.daemon.url}/media/{project}/download/{B}?source=primary"
    answer = house.post(
        "/api/registry/resolve",
        {
            "asset_ids": [known, f"sha256:{unknown}", "garbage"],
            "fallback_paths": {"url": url, "path": f"{project}/{A}", "lost": "P9/x.mov"},
        },
    )

    paths = {key: record["relative_path"] for key, record in answer["results"].items()}
    assert {f"sha256:{known}": A, "url": B, "path": A} == paths
    assert [f"sha256:{unknown}", "garbage", "lost"] == answer["missing"]


def test_one_broken_project_breaks_no_look_up(house, project, name):
    """A directory without index and one with a torn index are no reason for an error."""
    house.put(f"P8-{name}", "index.json", b'{"project": "torn')
    (house.root / f"P9-{name}").mkdir()

    assert 200 == house.client.get(f"/api/registry/{digest(b'a' + name.encode())}").status_code
    assert 200 == house.client.get("/reindex").status_code
    assert {} == house.files(f"P8-{name}")


@pytest.mark.parametrize("by", ["relative_path", "asset_id", "asset_uuid"])
def test_an_asset_is_named_in_three_ways(house, project, name, by):
    """By path, by hash, by UUID: the same file is meant."""
    sha256 = digest(b"a" + name.encode())
    ways = {
        "relative_path": A,
        "asset_id": f"sha256:{sha256}",
        "asset_uuid": asset_uuid(sha256).upper(),
    }
    answer = bulk(house, "tags", [{"project": project, by: ways[by]}], add_tags=["x"])

    (group,) = answer["groups"]
    assert [A] == [each["relative_path"] for each in group["updated"]]
    assert (1, 0) == (answer["updated"], answer["missing"])


def test_a_uuid_counts_before_an_id_and_an_id_before_a_path(house, project, name):
    """As it always did; what is no UUID counts as absent."""
    a, b = digest(b"a" + name.encode()), digest(b"b" + name.encode())
    refs = [
        {"project": project, "asset_uuid": asset_uuid(a), "asset_id": b, "relative_path": B},
        {"project": project, "asset_uuid": "no uuid", "asset_id": b, "relative_path": A},
    ]
    tagged = [bulk(house, "tags", [ref], add_tags=["x"])["groups"][0]["updated"] for ref in refs]

    assert [A, B] == [each["relative_path"] for (each,) in tagged]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"asset_id": "nonsense"}, 400),
        ({"asset_id": f"sha256:{'0' * 64}"}, 404),
        ({"asset_uuid": str(uuid.UUID(int=7))}, 404),
        ({"relative_path": "../x"}, 400),
        ({"relative_path": A, "project": "P99-Ghost"}, 404),
        ({"relative_path": A, "source": "nowhere"}, 404),
        ({"relative_path": A, "project": ".."}, 400),
    ],
)
def test_a_reference_that_means_nothing_is_refused(house, project, fields, status):
    """With a sentence, and nothing is done to the others."""
    refs = [{"project": project, "relative_path": A}, {"project": project} | fields]

    assert bulk(house, "delete", refs, status=status)["detail"]
    assert {A, B} == set(house.files(project))


def test_a_content_that_lies_twice_needs_its_path(house, project, name):
    """Otherwise 409: nobody guesses which of two is to be deleted."""
    house.stock(project, c_mov=b"a" + name.encode())
    ref = {"project": project, "asset_id": digest(b"a" + name.encode())}
    refused = bulk(house, "delete", [ref], status=409)
    answer = bulk(house, "delete", [ref | {"relative_path": C}])

    assert "several" in refused["detail"] or "multiple" in refused["detail"]
    assert [C] == answer["groups"][0]["removed"]
    assert {A, B} == set(house.files(project))


def test_orders_reach_across_projects(house, project, name):
    """Groups in the order in which projects are first named; counts over all of them."""
    other, target = f"P2-{name}", f"P3-{name}"
    house.stock(other, c_mov=b"c" + name.encode())
    house.stock(target)
    refs = [
        {"project": other, "relative_path": C},
        {"project": project, "relative_path": A},
        {"project": other, "relative_path": "ghost.mov"},
    ]
    tagged = bulk(house, "tags", refs, add_tags=["cut"])
    moved = bulk(house, "move", refs, target_project=target)
    here = [{"project": target, "relative_path": path} for path in (A, C)]
    same = bulk(house, "move", here, status=400, target_project=target)
    deleted = bulk(house, "delete", here)
    back = house.post("/api/trash/restore", {"ids": deleted["trash_ids"]})

    assert [other, project] == [group["project"] for group in tagged["groups"]]
    assert (2, 1) == (tagged["updated"], tagged["missing"])
    assert (2, 0, 1) == (moved["moved"], moved["duplicates"], moved["missing"])
    assert "differ" in same["detail"]
    assert (2, 0) == (deleted["deleted"], deleted["missing"])
    assert 2 == len(back["restored"])
    assert ["cut"] == house.files(target)[C]["tags"]["manual"]


def test_no_assets_are_refused(house):
    """400 for every order."""
    for what in ("delete", "tags"):
        assert "assets" in bulk(house, what, [], status=400)["detail"]


def test_a_uuid_is_found_among_thousands(tmp_path):
    """Many references to a large project are resolved in one pass."""
    with library(tmp_path) as own:
        count = 1_600
        folder = own.root / "P1" / ORIGINALS
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"{number}.jpg").write_bytes(b"%d" % number)
        own.daemon.client.timeout = 120
        own.look("P1")
        refs = [
            {"project": "P1", "asset_uuid": asset_uuid(digest(b"%d" % number))}
            for number in range(0, count, 8)
        ]
        began = time.monotonic()
        answer = bulk(own, "tags", refs, add_tags=["x"])

        assert len(refs) == answer["updated"]
        assert time.monotonic() - began < 15


def test_assets_of_several_projects_are_joined(house, project, name):
    """In the order given; a name that is taken is refused unless it may be overwritten."""
    require_ffmpeg()
    for number, each in enumerate((f"P5-{name}", f"P6-{name}")):
        (house.root / each / ORIGINALS).mkdir(parents=True)
        write_clip(house.root / each / ORIGINALS / f"{number}.mp4")
        house.look(each)
    refs = [
        {"project": f"P6-{name}", "relative_path": f"{ORIGINALS}/1.mp4"},
        {"project": f"P5-{name}", "relative_path": f"{ORIGINALS}/0.mp4"},
    ]
    wanted = {"output_project": f"P5-{name}", "output_name": "cut"}
    answer = bulk(house, "compose", refs, **wanted)
    again = bulk(house, "compose", refs, status=409, **wanted)
    missing = [{"project": f"P5-{name}", "relative_path": "ghost.mp4"}]
    bulk(house, "compose", missing, status=404, **wanted | {"output_name": "other"})
    bulk(house, "compose", refs, status=400, output_project=f"P5-{name}", target_dir="../x")
    facts = house.measured(f"P5-{name}", "exports/cut.mp4")["facts"]

    assert ("stored", "exports/cut.mp4", f"P5-{name}") == tuple(
        answer[key] for key in ("status", "path", "project")
    )
    assert answer["served"]["stream_url"].startswith(house.daemon.url)
    assert "exists" in again["detail"]
    assert pytest.approx(0.8, abs=0.2) == facts["duration_s"]
