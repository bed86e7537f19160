"""Projects and sources over HTTP: listed, made, compared with the disk; and who may do what."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.daemon import DaemonProcess
from support.library import library
from support.mpv import wait_until
from support.people import bearer, make_token

FOREIGN = "http://evil.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One library for all tests; each has projects of its own."""
    with library(tmp_path_factory.mktemp("projects")) as running:
        yield running


@pytest.fixture
def own(tmp_path):
    """A library for one test alone."""
    with library(tmp_path) as running:
        yield running


def names(house, **query):
    """The projects that are listed."""
    return [each["name"] for each in house.get("/api/projects", **query)]


def test_a_label_gets_the_next_number_and_becomes_a_slug(own):
    """Spaces and accents are no reason to refuse somebody."""
    first = own.post("/api/projects", {"name": "Café & Harbour", "notes": "Day one"}, status=201)
    second = own.post("/api/projects", {}, status=201)
    third = own.post("/api/projects", {"name": "P9-Attic"}, status=201)
    fourth = own.post("/api/projects", {"name": "Barn"}, status=201)

    made = [each["name"] for each in (first, second, third, fourth)]
    assert ["P1-Cafe-Harbour", "P2-Project", "P9-Attic", "P10-Barn"] == made
    assert sorted(made) == names(own)
    assert "Day one" == first["notes"]
    assert (own.root / "P1-Cafe-Harbour").is_dir()


def test_a_project_is_made_once(own):
    """Saying the same full name again gives the project there is, notes and all."""
    body = {"name": "P1-Harbour", "notes": "First"}
    own.post("/api/projects", body, status=201)
    again = own.post("/api/projects", body | {"notes": "Second"}, status=201)

    assert "First" == again["notes"]
    assert ["P1-Harbour"] == names(own)


@pytest.mark.parametrize("label", ["///", "…", "x" * 101])
def test_a_label_of_which_nothing_can_stand_is_refused(house, label):
    """With a sentence, and nothing is made."""
    before = names(house)
    answer = house.post("/api/projects", {"name": label}, status=400)

    assert answer["detail"]
    assert before == names(house)


def test_looking_makes_and_moves_nothing(own):
    """A library that was there before stays exactly as it is, whatever is listed."""
    clip = own.put("Old Films", "Day 1/a.mov", b"a")
    own.look("Old Films")
    for path in ("/api/projects", "/api/projects/Old Films", "/api/projects/Old Films/media"):
        own.get(path)

    assert clip.read_bytes() == b"a"
    assert [clip] == list(clip.parent.parent.rglob("*.mov"))
    assert not (own.root / "Old Films" / "ingest").exists()


@pytest.mark.parametrize(
    "path",
    [
        "/api/projects/{}",
        "/api/projects/{}/media",
        "/api/projects/{}/media/query",
        "/api/projects/{}/media/normalize-orientation",
        "/api/projects/{}/reindex",
    ],
)
def test_a_project_that_is_not_there_is_not_made(house, path):
    """404 everywhere, 400 for what can be no project, and no ghost in the listing."""
    before = names(house)

    assert "detail" in house.get(path.format("P99-Ghost"), status=404)
    assert "detail" in house.get(path.format("_playhead"), status=400)
    assert "detail" in house.get(path.format("%2e"), status=400)
    assert "detail" in house.get(path.format("P99-Ghost"), source="nowhere", status=404)
    assert before == names(house)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("sync-album", {"album": "x"}),
        ("media/delete", {"relative_paths": ["a.mov"]}),
        ("media/move", {"relative_paths": ["a.mov"], "target_project": "P99-Ghost"}),
        ("media/tags", {"relative_paths": ["a.mov"], "add_tags": ["x"]}),
        ("media/reconcile", {}),
        ("media/normalize-orientation", {}),
        ("reindex", None),
    ],
)
def test_an_order_for_a_project_that_is_not_there_is_refused(house, what, body):
    """404, and no ghost in the listing."""
    house.post(f"/api/projects/P99-Ghost/{what}", body, status=404)
    house.post(f"/api/projects/_playhead/{what}", body, status=400)

    assert not (house.root / "P99-Ghost").exists()
    assert "P99-Ghost" not in names(house)


def test_reindexing_finds_what_was_done_by_hand(own):
    """New, renamed and deleted files are told apart; nothing unchanged is read again."""
    first = own.put("P1-A", "ingest/originals/a.mov", b"a")
    second = own.put("P1-A", "Day 1/b.mov", b"bb")
    new = own.look("P1-A")
    first.rename(first.with_name("c.mov"))
    second.unlink()
    changed = own.look("P1-A")
    same = own.look("P1-A")

    assert (2, 3) == (new["indexed"], new["read_bytes"])
    assert ["Day 1/b.mov", "ingest/originals/a.mov"] == sorted(
        entry["relative_path"] for entry in new["files"]
    )
    assert (0, 1, 1, 0) == tuple(
        changed[key] for key in ("indexed", "removed", "relocated", "read_bytes")
    )
    assert (0, 0, 0, 0) == tuple(
        same[key] for key in ("indexed", "removed", "relocated", "read_bytes")
    )


def test_what_reindexing_passes_over_is_counted(own):
    """Files that are no media; not the index that we put there ourselves."""
    own.put("P1-A", "a.mov", b"a")
    own.put("P1-A", "notes.txt", b"n")
    own.look("P1-A")
    wait_until((own.root / "P1-A/index.json").exists, "the index")

    assert 1 == own.look("P1-A")["skipped_unsupported"]


def test_reindexing_everything_finds_projects_made_by_hand(own):
    """All sources are looked at; one that is offline is said to be so."""
    own.add_source("nas", own.root.parent / "nas")
    own.put("P1-A", "a.mov", b"a")
    own.put("P1-B", "b.mov", b"b", source="nas")
    (own.root.parent / "nas").rename(own.root.parent / "unmounted")
    offline = own.post("/reindex")
    (own.root.parent / "unmounted").rename(own.root.parent / "nas")
    both = own.get("/reindex")

    by_source = {each["source"]: each for each in offline["sources"]}
    assert (False, True) == (by_source["nas"]["accessible"], by_source["primary"]["accessible"])
    assert by_source["nas"]["error"]
    assert (1, 1) == (offline["indexed_projects"], offline["indexed_files"])
    assert (2, 1) == (both["indexed_projects"], both["indexed_files"])
    assert {"P1-A", "P1-B"} == {each["name"] for each in own.get("/api/projects")}


@pytest.mark.parametrize("path", ["/reindex", "/api/projects/P1-Foreign/reindex"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": FOREIGN},
        {"Referer": f"{FOREIGN}/page"},
    ],
)
def test_a_foreign_page_cannot_have_anything_reindexed(house, path, headers):
    """These GETs put something on record, so a page elsewhere may not send them."""
    house.stock("P1-Foreign")
    before = len(house.daemon.events(type="project.reindexed"))
    answer = house.client.get(path, headers=headers)

    assert 403 == answer.status_code
    assert before == len(house.daemon.events(type="project.reindexed"))


@pytest.mark.parametrize("path", ["/reindex", "/api/projects/P1-Foreign/reindex"])
def test_our_own_page_and_shortcuts_may_reindex_by_get(house, path):
    """The ancestor's Shortcuts send nothing; our page says that it is ours. HEAD does nothing."""
    house.stock("P1-Foreign")
    own = {"Sec-Fetch-Site": "same-origin", "Referer": f"{house.daemon.url}/"}

    assert 200 == house.client.get(path).status_code
    assert 200 == house.client.get(path, headers=own).status_code
    assert 405 == house.client.head(path).status_code


def test_an_album_is_recorded_as_it_was_told(house):
    """Whatever JSON object a phone sends is kept, as JSON."""
    house.stock("P1-Album")
    payload = {"album": "Harbour", "count": 3, "deep": [{"a": None}]}
    answer = house.post("/api/projects/P1-Album/sync-album", payload)
    house.post("/api/projects/P1-Album/sync-album", [1], status=422)

    (event,) = house.daemon.events(type="album.synced")
    assert payload == answer["event"]["payload"]
    assert ("recorded", event["seq"]) == (answer["status"], answer["seq"])
    assert ("primary", "P1-Album") == (event["data"]["source"], event["data"]["project"])


def test_loose_files_are_organized_when_asked(own):
    """Only finished media in the root itself; projects and hidden files stay where they are."""
    (own.root / "a.mov").write_bytes(b"a")
    (own.root / ".hidden.mov").write_bytes(b"h")
    (own.root / "b.mov.part").write_bytes(b"b")
    before = own.get("/api/projects")
    answer = own.post("/api/projects/auto-organize")
    again = own.post("/api/projects/auto-organize")

    assert [] == before
    assert (1, 0) == (answer["moved"], again["moved"])
    (source,) = answer["sources"]
    assert ("Unsorted-Loose", ["a.mov"]) == (source["destination_project"], source["files"])
    assert {"ingest/originals/a.mov"} == set(own.files("Unsorted-Loose"))
    assert {".hidden.mov", "b.mov.part"} <= {path.name for path in own.root.iterdir()}


def test_an_offline_source_is_left_alone(own):
    """Its projects are not listed, orders for it get 503, and nothing of it counts as gone."""
    folder = own.root.parent
    own.add_source("nas", folder / "nas")
    own.stock("P1-Far", source="nas", a_mov=b"a")
    (folder / "nas").rename(folder / "unmounted")
    (folder / "nas").mkdir()
    listed = names(own)
    refused = own.get("/api/projects", source="nas", status=503)
    own.get("/api/projects/P1-Far/media", source="nas", status=503)
    own.post("/api/projects/P1-Far/reindex", query={"source": "nas"}, status=503)
    states = {each["name"]: each["accessible"] for each in own.get("/api/sources")}
    (folder / "nas").rmdir()
    (folder / "unmounted").rename(folder / "nas")

    assert [] == listed
    assert "not reachable" in refused["detail"]
    assert {"nas": False, "primary": True} == states
    assert ["P1-Far"] == names(own)
    assert {"ingest/originals/a.mov"} == set(own.files("P1-Far", source="nas"))


def test_a_source_is_switched_off_and_on_and_taken_off_the_list(own):
    """Disabled, its projects are hidden; removed, its disk is as it was."""
    folder = own.root.parent / "nas"
    own.add_source("nas", folder)
    own.stock("P1-Far", source="nas", a_mov=b"a")
    off = own.post("/api/sources/nas/toggle", query={"enabled": "false"})
    hidden = names(own)
    refused = own.get("/api/projects", source="nas", status=400)
    own.get("/api/projects/P1-Far", source="nas", status=404)
    on = own.post("/api/sources/nas/toggle")
    shown = names(own)
    removed = own.client.delete("/api/sources/nas")

    assert (False, True) == (off["enabled"], on["enabled"])
    assert ([], ["P1-Far"]) == (hidden, shown)
    assert "disabled" in refused["detail"]
    assert 200 == removed.status_code
    assert ["primary"] == [each["name"] for each in own.get("/api/sources")]
    assert (folder / "P1-Far/ingest/originals/a.mov").read_bytes() == b"a"


@pytest.mark.parametrize(
    "body",
    [
        {"name": "primary", "root": "{folder}/x"},
        {"name": "a/b", "root": "{folder}/x"},
        {"name": "", "root": "{folder}/x"},
        {"name": "etc", "root": "/etc"},
        {"name": "gone", "root": "{folder}/nowhere"},
        {"name": "relative", "root": "projects"},
        {"name": "inside", "root": "{folder}/projects/P1"},
    ],
)
def test_a_source_that_must_not_be_is_refused(house, body):
    """Only directories the configuration allows, that exist, and that are no part of another."""
    (house.root.parent / "x").mkdir(exist_ok=True)
    (house.root / "P1").mkdir(exist_ok=True)
    body = body | {"root": body["root"].format(folder=house.root.parent)}
    answer = house.post("/api/sources", body, status=400)

    assert answer["detail"]
    assert {"primary"} == {each["name"] for each in house.get("/api/sources")}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/sources/{}/toggle"), ("DELETE", "/api/sources/{}")]
)
def test_the_primary_source_stays(house, method, path):
    """It is the configuration's; an unknown one is not there."""
    assert 400 == house.client.request(method, path.format("primary")).status_code
    assert 404 == house.client.request(method, path.format("nowhere")).status_code


def test_sources_are_never_lost_under_concurrent_requests(own):
    """Listing, toggling and registering at once leaves every source in the list."""
    for number in range(4):
        (own.root.parent / f"nas{number}").mkdir()

    def ask(number):
        name = f"nas{number % 4}"
        body = {"name": name, "root": str(own.root.parent / name)}
        own.client.post("/api/sources", json=body)
        own.client.post(f"/api/sources/{name}/toggle")
        return own.client.get("/api/sources").status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = set(pool.map(ask, range(32)))

    assert {200} == statuses
    assert {"primary", "nas0", "nas1", "nas2", "nas3"} == {
        each["name"] for each in own.get("/api/sources")
    }


MAY = {
    "/api/projects": ("GET", "media"),
    "/api/sources": ("GET", "media"),
    "/api/trash": ("GET", "media"),
    "/api/library": ("GET", "media"),
    "/reindex": ("GET", "media"),
    "/api/projects/auto-organize": ("POST", "media"),
    "/api/assets/bulk/delete": ("POST", "media"),
    "/api/resolve/jobs/next": ("POST", "media"),
    "/api/trash/empty": ("POST", "admin"),
    "/api/sources/x/toggle": ("POST", "admin"),
}


def test_each_scope_may_do_its_own(tmp_path):
    """Whoever may only play sees no project; only an admin empties the trash."""
    data = tmp_path / "data"
    data.mkdir()
    tokens = {scope: make_token(data, scope, scope) for scope in ("play", "media", "admin")}
    rank = {"play": 0, "media": 1, "admin": 2}
    with DaemonProcess(data) as daemon:
        for path, (method, needed) in MAY.items():
            for scope, secret in tokens.items():
                answer = daemon.client.request(method, path, headers=bearer(secret))

                is_refused = answer.status_code == 403
                assert (rank[scope] < rank[needed]) == is_refused, (path, scope, answer.text)
            assert 401 == daemon.client.request(method, path).status_code


def test_health_tells_where_the_projects_are_only_to_those_who_may_know(tmp_path):
    """The ancestor's health checks send no credential, and get what they look for."""
    data = tmp_path / "data"
    data.mkdir()
    media, play = make_token(data, "mara", "media"), make_token(data, "tom", "play")
    with DaemonProcess(data) as daemon:
        bare = daemon.client.get("/health")
        playing = daemon.client.get("/health", headers=bearer(play))
        full = daemon.client.get("/health", headers=bearer(media)).json()
        simple = daemon.client.get("/healthz").json()

    assert {"ok": True, "service": "playhead"} == bare.json() == playing.json()
    assert str(data / "projects") == full["projects_root"]
    assert "ok" == simple["status"]


def test_whoami_tells_user_and_scopes(tmp_path):
    """A page asks once what it may show; without any credentials everybody may do everything."""
    data = tmp_path / "data"
    with DaemonProcess(data) as daemon:
        open_answer = daemon.client.get("/api/whoami").json()
    token = make_token(data, "mara", "media", "play")
    with DaemonProcess(data) as daemon:
        answer = daemon.client.get("/api/whoami", headers=bearer(token)).json()
        nobody = daemon.client.get("/api/whoami")

    assert (True, True) == (open_answer["open"], "admin" in open_answer["scopes"])
    assert {"user": "mara", "scopes": ["media", "play"], "open": False} == answer
    assert 401 == nobody.status_code
