"""
Ingest under fire: killed at any moment, used by many at once, edited from below. What was
acknowledged is there, what is listed is true, and nothing half-done stays behind.
"""

import hashlib
import json
import random
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from support.command import playhead
from support.mpv import wait_until
from support.watched_library import WAIT_S, WatchedLibrary

ROUNDS = 4
CLIENTS = 4
PROJECT = "P1-Fire"
OTHER = "P2-Attic"
FILE_BYTES = 20_000


@pytest.fixture
def library(tmp_path):
    with WatchedLibrary(tmp_path) as process:
        for project in (PROJECT, OTHER):
            process.client.post("/api/projects", json={"name": project}).raise_for_status()
        yield process


def upload(client, data, name):
    """Uploads a file; gives the answer."""
    answer = client.post(f"/api/projects/{PROJECT}/upload", files={"file": (name, data)})
    answer.raise_for_status()
    return answer.json()


def connected(url):
    """A client of the daemon; nothing is encrypted, and to read all authorities takes time."""
    return httpx.Client(base_url=url, timeout=60, trust_env=False, verify=False)


class Clients:
    """Several clients that upload, move, tag and delete until they are told to stop."""

    def __init__(self, url: str, seed: int) -> None:
        self.kept: set[str] = set()
        """Hashes of what was acknowledged and not thrown away since."""
        self._url = url
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(random.Random(seed * 100 + number),))
            for number in range(CLIENTS)
        ]

    def start(self) -> None:
        """Lets them begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Waits until they have ended."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _work(self, chance: random.Random) -> None:
        with connected(self._url) as client:
            while not self._stopped.is_set():
                with suppress(httpx.HTTPError):
                    self._step(client, chance)

    def _step(self, client: httpx.Client, chance: random.Random) -> None:
        data = chance.randbytes(FILE_BYTES)
        answer = upload(client, data, f"{chance.randrange(10)}.mov")
        with self._lock:
            self.kept.add(answer["sha256"])
        what = chance.randrange(4)
        body = {"relative_paths": [answer["path"]]}
        if what == 0:
            body["target_project"] = OTHER
            client.post(f"/api/projects/{PROJECT}/media/move", json=body)
        elif what == 1:
            with self._lock:  # it may go or stay: nobody was told
                self.kept.discard(answer["sha256"])
            client.post(f"/api/projects/{PROJECT}/media/delete", json=body)


def hashes_on_disk(library, project):
    """By path the hash of every clip of a project."""
    folder = library.root / project
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*.mov")
    }


def hashes_in_index(library, project):
    """By path the hash of every clip in `index.json`."""
    files = library.index(project).get("files", [])
    return {file["relative_path"]: file["sha256"] for file in files}


def hashes_in_library(library, project):
    """By path the hash of every clip that the daemon knows."""
    return {item["relative_path"]: item["sha256"] for item in pages(library, project)}


def pages(library, project):
    """All items of a project."""
    found, cursor = [], None
    while True:
        query = {"project": project, "limit": 1000} | ({"cursor": cursor} if cursor else {})
        page = library.client.get("/api/library", params=query).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


def wait_for_agreement(library):
    """Returns once disk, library and index agree about both projects."""
    for project in (PROJECT, OTHER):
        for told in (hashes_in_library, hashes_in_index):
            wait_until(
                lambda told=told, project=project: (
                    told(library, project) == hashes_on_disk(library, project)
                ),
                f"{told.__name__} of {project} to agree with the disk",
                WAIT_S,
            )


def verify(library):
    """What `playhead verify` says."""
    return playhead("verify", "--data", library.data, folder=library.data).stdout


@pytest.mark.slow
def test_killed_at_any_moment(library):
    """What was acknowledged is there, disk and views agree, no litter is left."""
    chance = random.Random(7)
    kept: set[str] = set()
    for number in range(ROUNDS):
        clients = Clients(library.url, number)
        clients.start()
        wait_until(
            lambda clients=clients: len(clients.kept) > chance.randrange(5, 40), "uploads", 60
        )
        library.kill()
        clients.stop()
        kept |= clients.kept
        for index in library.root.glob("*/index.json"):
            json.loads(index.read_text())
        library.restart()
        wait_for_agreement(library)
        there = {
            *hashes_on_disk(library, PROJECT).values(),
            *hashes_on_disk(library, OTHER).values(),
        }

        assert kept <= there
        # Disk and views may agree before the daemon has looked at the disk for the first time.
        wait_until(lambda: [] == library.litter(), "what is left of uploads to be gone", WAIT_S)
    assert "Everything holds." in verify(library)


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """The results of doing something in several threads at the same time."""
    barrier = threading.Barrier(count)

    def one(number: int) -> object:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_twenty_clients_with_the_same_bytes_store_one_file(library):
    """Decided once; the others are told where it is."""
    data = random.Random(1).randbytes(300_000)

    def send(number):
        with connected(library.url) as client:
            return upload(client, data, f"{number}.mov")["status"]

    statuses = at_once(20, send)

    assert (1, 19) == (statuses.count("stored"), statuses.count("duplicate"))
    assert 1 == len(list((library.root / PROJECT).rglob("*.mov")))
    assert [] == library.litter()


def test_a_vanished_file_is_stored_again(library):
    """De-duplication looks at the disk, not only at what is known."""
    first = upload(library.client, b"x" * 1_000, "a.mov")
    (library.root / PROJECT / first["path"]).unlink()

    second = upload(library.client, b"x" * 1_000, "a.mov")

    assert ("stored", True) == (
        second["status"],
        (library.root / PROJECT / second["path"]).is_file(),
    )


def test_uploads_manual_edits_and_reindex_agree_with_the_disk_in_the_end(library):
    """Whoever does what at the same time."""
    clients = Clients(library.url, 1)
    clients.start()
    chance = random.Random(5)
    folder = library.root / PROJECT
    for number in range(40):
        library.put(f"{PROJECT}/by hand/{number}.mov", seed=number)
        files = sorted(folder.rglob("*.mov"))
        victim = chance.choice(files)
        with suppress(FileNotFoundError):
            if number % 3 == 0:
                victim.unlink()
            elif number % 3 == 1:
                victim.rename(victim.with_name(f"renamed {number}.mov"))
            else:
                shutil.copyfile(victim, folder / f"copy {number}.mov")
        if number % 10 == 0:
            library.client.post(f"/api/projects/{PROJECT}/reindex").raise_for_status()
    clients.stop()

    wait_for_agreement(library)
    assert [] == library.litter()
    assert [] == [line for line in library.lines if line.get("level") == "error"]


def test_sources_survive_concurrent_requests(tmp_path):
    """Nothing rewrites the list of sources while it is read."""
    roots = [tmp_path / "disks" / str(number) for number in range(4)]
    for root in roots:
        root.mkdir(parents=True)
    allowed = {"allowed_roots": str(tmp_path / "disks")}
    with WatchedLibrary(tmp_path, settings=allowed) as library:

        def ask(number):
            with connected(library.url) as client:
                if number < len(roots):
                    body = {"name": f"disk{number}", "root": str(roots[number])}
                    return client.post("/api/sources", json=body).status_code
                return client.get("/api/projects").status_code

        statuses = at_once(32, ask)
        names = sorted(row["name"] for row in library.client.get("/api/sources").json())

    assert [201] * 4 == statuses[:4]
    assert ["disk0", "disk1", "disk2", "disk3", "primary"] == names
