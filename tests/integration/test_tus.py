"""tus 1.0.0 on the wire: what the protocol asks of a server, and what it must survive."""

import base64
import hashlib
import socket
import threading
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import pytest

from daemon.web.pipeline import BUFFER_BYTES
from support.upload_daemon import ORIGINALS, PROJECT, UploadDaemon, film, sha256_of

MIB = 1024 * 1024
LIMIT_BYTES = 8 * MIB
SEEN_BYTES = BUFFER_BYTES + MIB // 2
"""More than is collected before it is written, so that one can see that it came."""

TRICKLE_S = 0.05

MTIME_MS = 1_700_000_000_123
OFFSET_TYPE = {"Content-Type": "application/offset+octet-stream"}
SPEAKS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """One daemon for all these uploads."""
    environment = {"PLAYHEAD_MEDIA_UPLOAD_BYTES_MAX": str(LIMIT_BYTES)}
    with UploadDaemon(tmp_path_factory.mktemp("tus"), environment=environment) as running:
        yield running


@pytest.fixture
def name(request):
    """A file name that no other test uses."""
    return f"{request.node.name}.mov".translate(str.maketrans("/[]:", "____"))


def metadata(**pairs):
    """Upload-Metadata with these pairs."""
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items()
    )


def announce(daemon, name, size, *, content=None, headers=None, **pairs):
    """The answer to an announcement."""
    said = {
        "Upload-Length": str(size),
        "Upload-Metadata": metadata(filename=name, **({"project": PROJECT} | pairs)),
    }
    if content is not None:
        said |= OFFSET_TYPE
    said |= SPEAKS | (headers or {})
    return daemon.client.post("/api/uploads", headers=said, content=content)


def announced(daemon, name, size, **options):
    """The address of an upload that was announced."""
    answer = announce(daemon, name, size, **options)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def add(daemon, address, offset, data, **headers):
    """The answer to some bytes."""
    said = SPEAKS | OFFSET_TYPE | {"Upload-Offset": str(offset)} | headers
    return daemon.client.patch(address, content=data, headers=said)


def ask(daemon, address):
    """The answer to the question how far an upload is."""
    return daemon.client.head(address, headers=SPEAKS)


def begin_raw(daemon, address, offset, data, *, size_bytes):
    """Sends the beginning of a PATCH by hand; gives the connection."""
    url = urlsplit(daemon.url)
    connection = socket.create_connection((url.hostname, url.port), timeout=10)
    head = (
        f"PATCH {address} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\n"
        f"Content-Length: {size_bytes}\r\n\r\n"
    )
    connection.sendall(head.encode() + data)
    return connection


def test_options_tell_what_is_offered(daemon):
    """Without a version, which a client does not know yet."""
    answer = daemon.client.options("/api/uploads")

    assert 204 == answer.status_code
    assert "1.0.0" == answer.headers["tus-version"]
    assert str(LIMIT_BYTES) == answer.headers["tus-max-size"]
    assert {
        *("creation", "creation-with-upload", "expiration", "checksum", "termination"),
    } == set(answer.headers["tus-extension"].split(","))
    assert {"sha1", "sha256"} <= set(answer.headers["tus-checksum-algorithm"].split(","))


def test_an_upload_is_announced_sent_and_stored(daemon, name):
    """Each answer says how far it is; the last one where the file is now."""
    data = film(3 * MIB)
    created = announce(daemon, name, len(data), mtime=str(MTIME_MS), sha256=sha256_of(data))
    address = created.headers["location"]
    first = add(daemon, address, 0, data[:MIB])
    last = add(daemon, address, MIB, data[MIB:])

    assert (201, "0") == (created.status_code, created.headers["upload-offset"])
    assert address.startswith("/api/uploads/")
    assert (204, str(MIB)) == (first.status_code, first.headers["upload-offset"])
    assert (204, str(len(data))) == (last.status_code, last.headers["upload-offset"])
    assert "playhead-result" not in first.headers
    assert ("stored", f"{ORIGINALS}/{name}") == (
        last.headers["playhead-result"],
        last.headers["playhead-path"],
    )
    assert data == daemon.on_disk()[name]
    stat = (daemon.root / PROJECT / ORIGINALS / name).stat()
    assert MTIME_MS * 1_000_000 == stat.st_mtime_ns


def test_every_answer_says_its_version(daemon, name):
    """Refusals as well."""
    address = announced(daemon, name, 4)
    answers = [
        ask(daemon, address),
        add(daemon, address, 1, b"x"),
        ask(daemon, "/api/uploads/unknown"),
        daemon.client.delete(address, headers=SPEAKS),
        announce(daemon, "a/b.mov", 4),
    ]

    for answer in answers:
        assert "1.0.0" == answer.headers["tus-resumable"], answer.request


def test_an_upload_tells_how_far_it_is(daemon, name):
    """And what was said of it, and until when it is waited for; nobody may keep the answer."""
    address = announced(daemon, name, 10)
    add(daemon, address, 0, b"1234").raise_for_status()
    answer = ask(daemon, address)

    assert (200, "4", "10") == (
        answer.status_code,
        answer.headers["upload-offset"],
        answer.headers["upload-length"],
    )
    assert metadata(filename=name, project=PROJECT) == answer.headers["upload-metadata"]
    assert "no-store" == answer.headers["cache-control"]
    expires = parsedate_to_datetime(answer.headers["upload-expires"]).timestamp()
    assert time.time() + 71 * 3_600 < expires < time.time() + 73 * 3_600


@pytest.mark.parametrize("version", [None, "0.2.2"])
def test_another_version_is_refused(daemon, name, version):
    """412 tells ours."""
    address = announced(daemon, name, 4)
    headers = {} if version is None else {"Tus-Resumable": version}
    for method, path in (("POST", "/api/uploads"), ("HEAD", address), ("DELETE", address)):
        answer = daemon.client.request(method, path, headers=headers)

        assert (412, "1.0.0") == (answer.status_code, answer.headers["tus-version"])


def test_an_empty_file_is_complete_at_once(daemon, name):
    """Its announcement is all there is to send."""
    answer = announce(daemon, name, 0)

    assert (201, "stored") == (answer.status_code, answer.headers["playhead-result"])
    assert b"" == daemon.on_disk()[name]


def test_a_file_may_come_with_its_announcement(daemon, name):
    """All of it, or the first part."""
    data = film(MIB, seed=3)
    whole = announce(daemon, name, len(data), content=data)
    half = announce(daemon, f"half-{name}", len(data) + 1, content=data)

    assert (201, str(len(data)), "stored") == (
        whole.status_code,
        whole.headers["upload-offset"],
        whole.headers["playhead-result"],
    )
    assert (201, str(len(data))) == (half.status_code, half.headers["upload-offset"])
    assert str(len(data)) == ask(daemon, half.headers["location"]).headers["upload-offset"]


def test_an_announcement_whose_body_fails_leaves_nothing(daemon, name):
    """Nobody knows its address, so nobody could go on."""
    before = daemon.parts()
    headers = {"Upload-Checksum": f"sha1 {base64.b64encode(bytes(20)).decode()}"}
    answer = announce(daemon, name, 4, content=b"film", headers=headers)

    assert 460 == answer.status_code
    assert before == daemon.parts()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": str(LIMIT_BYTES + 1)}, 413),
        ({"Upload-Metadata": "filename"}, 400),
        ({"Upload-Metadata": "filename !"}, 400),
        ({"Upload-Checksum": "crc32 AAAA"}, 400),
    ],
)
def test_an_announcement_that_makes_no_sense_is_refused(daemon, name, headers, status):
    """Nothing is opened for it."""
    before = daemon.parts()
    answer = announce(daemon, name, 4, headers=headers)

    assert status == answer.status_code
    assert answer.json()["detail"]
    assert before == daemon.parts()


@pytest.mark.parametrize(
    ("pairs", "status"),
    [
        ({"project": "P9-Unknown"}, 404),
        ({"project": "../P1-Demo"}, 400),
        ({"source": "nowhere"}, 404),
        ({"batch_id": "0" * 32}, 404),
        ({"mtime": "soon"}, 400),
        ({"sha256": "abc"}, 400),
    ],
)
def test_an_announcement_of_the_impossible_is_refused(daemon, name, pairs, status):
    """Before the first byte is sent."""
    assert status == announce(daemon, name, 4, **pairs).status_code
    assert not (daemon.root / "P9-Unknown").exists()


@pytest.mark.parametrize("hostile", ["../a.mov", "a\\b.mov", ".a.mov", "nul", "x" * 300, "a\nb"])
def test_hostile_names_are_refused(daemon, hostile):
    """With the sentence that an upload by a form gets."""
    answer = announce(daemon, hostile, 4)

    assert 400 == answer.status_code
    assert answer.json()["hint"]


def test_a_body_of_another_type_is_refused(daemon, name):
    """415, for PATCH and for POST with a body."""
    address = announced(daemon, name, 4)
    patched = add(daemon, address, 0, b"film", **{"Content-Type": "text/plain"})
    posted = announce(daemon, name, 4, content=b"film", headers={"Content-Type": "text/plain"})

    assert (415, 415) == (patched.status_code, posted.status_code)
    assert "0" == ask(daemon, address).headers["upload-offset"]


@pytest.mark.parametrize("offset", [0, 3, 5, 9_999])
def test_bytes_for_another_place_are_refused(daemon, name, offset):
    """409, and what is there stays as it is."""
    address = announced(daemon, name, 8)
    add(daemon, address, 0, b"1234").raise_for_status()
    answer = add(daemon, address, offset, b"5678")

    assert 409 == answer.status_code
    assert "4" == ask(daemon, address).headers["upload-offset"]


def test_more_bytes_than_were_announced_are_refused(daemon, name):
    """413, from what the request says of itself."""
    address = announced(daemon, name, 4)
    answer = add(daemon, address, 0, b"too many")

    assert 413 == answer.status_code
    assert "0" == ask(daemon, address).headers["upload-offset"]
    assert 204 == add(daemon, address, 0, b"film").status_code


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_bytes_that_are_not_what_their_checksum_says_are_taken_back(daemon, name, algorithm):
    """460; the same place can be filled again with the right ones."""
    address = announced(daemon, name, 8)
    add(daemon, address, 0, b"1234").raise_for_status()
    digest = base64.b64encode(hashlib.new(algorithm, b"5678").digest()).decode()
    headers = {"Upload-Checksum": f"{algorithm} {digest}"}
    wrong = add(daemon, address, 4, b"8765", **headers)
    offset = ask(daemon, address).headers["upload-offset"]
    right = add(daemon, address, 4, b"5678", **headers)

    assert (460, "4", 204) == (wrong.status_code, offset, right.status_code)
    assert b"12345678" in daemon.on_disk().values()


def test_a_connection_that_breaks_keeps_what_came(daemon, name):
    """The next request goes on behind it."""
    data = film(2 * MIB, seed=5)
    address = announced(daemon, name, len(data))
    begin_raw(daemon, address, 0, data[:MIB], size_bytes=len(data)).close()
    daemon.wait_until(lambda: ask(daemon, address).headers["upload-offset"] != "0")
    answer = None
    while answer is None or answer.status_code == 423:
        offset = int(ask(daemon, address).headers["upload-offset"])
        answer = add(daemon, address, offset, data[offset:])

    assert 0 < offset <= MIB
    assert (204, "stored") == (answer.status_code, answer.headers["playhead-result"])
    assert data == daemon.on_disk()[name]


def test_a_broken_part_with_a_checksum_is_taken_back(daemon, name):
    """Half of it cannot be checked."""
    data = film(2 * MIB, seed=6)
    address = announced(daemon, name, len(data))
    url = urlsplit(daemon.url)
    head = (
        f"PATCH {address} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\n"
        "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
        f"Upload-Checksum: sha1 {base64.b64encode(hashlib.sha1(data).digest()).decode()}\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(head.encode() + data[:MIB])
    answer = None
    while answer is None or answer.status_code in {409, 423}:
        answer = add(daemon, address, 0, data)

    assert "stored" == answer.headers["playhead-result"]
    assert data == daemon.on_disk()[name]


def trickle(connection, data, over):
    """Sends some bytes one by one until it is over, and then the rest."""
    sent = 0
    while not over.wait(TRICKLE_S):
        connection.sendall(data[sent : sent + 1])
        sent += 1
    connection.sendall(data[sent:])


def test_a_second_request_waits_for_one_that_gets_on(daemon, name):
    """423: two writers would mix their bytes."""
    data = film(2 * SEEN_BYTES, seed=7)
    address = announced(daemon, name, len(data))
    over = threading.Event()
    with begin_raw(daemon, address, 0, data[:SEEN_BYTES], size_bytes=len(data)) as connection:
        sender = threading.Thread(target=trickle, args=(connection, data[SEEN_BYTES:], over))
        sender.start()
        daemon.wait_until(lambda: ask(daemon, address).headers["upload-offset"] != "0")
        second = add(daemon, address, 0, data)
        over.set()
        sender.join()
        first = connection.recv(4_096)

    assert 423 == second.status_code
    assert b" 204 " in first.split(b"\r\n")[0]
    assert data == daemon.on_disk()[name]


def test_a_request_that_stands_still_makes_way(daemon, name):
    """A client whose network changed goes on at once, not when the old connection times out."""
    data = film(2 * SEEN_BYTES, seed=8)
    address = announced(daemon, name, len(data))
    with begin_raw(daemon, address, 0, data[:SEEN_BYTES], size_bytes=len(data)) as connection:
        daemon.wait_until(lambda: ask(daemon, address).headers["upload-offset"] != "0")
        answer = None
        while answer is None or answer.status_code in {409, 423}:
            offset = int(ask(daemon, address).headers["upload-offset"])
            answer = add(daemon, address, offset, data[offset:])
        dead = connection.recv(4_096)

    assert "stored" == answer.headers["playhead-result"]
    assert b" 409 " in dead.split(b"\r\n")[0]
    assert data == daemon.on_disk()[name]


def test_two_requests_at_once_never_mix(daemon, name):
    """Whoever wins, the file is whole; the loser is told to ask again."""
    data = film(4 * MIB, seed=9)
    address = announced(daemon, name, len(data))
    statuses = []

    def send():
        with httpx.Client(base_url=daemon.url, trust_env=False, timeout=20) as client:
            headers = SPEAKS | OFFSET_TYPE | {"Upload-Offset": "0"}
            statuses.append(client.patch(address, content=data, headers=headers).status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == statuses.count(204)
    assert set(statuses) <= {204, 409, 423}
    assert data == daemon.on_disk()[name]


def test_who_asks_while_it_is_placed_is_not_told_that_it_is_gone(daemon, name):
    """A client would begin again, and the end of the upload would be forgotten."""
    data = film(4 * MIB, seed=10)
    over = threading.Event()
    statuses = set()

    def keep_asking(address):
        with httpx.Client(base_url=daemon.url, trust_env=False, timeout=20) as client:
            while not over.is_set():
                statuses.add(client.head(address, headers=SPEAKS).status_code)

    for number in range(5):
        address = announced(daemon, f"{number}-{name}", len(data) - number)
        asking = threading.Thread(target=keep_asking, args=(address,))
        over.clear()
        asking.start()
        add(daemon, address, 0, data[number:]).raise_for_status()
        over.set()
        asking.join()

        assert "playhead-result" in ask(daemon, address).headers
    assert {200} == statuses


def test_an_upload_that_is_given_up_is_gone(daemon, name):
    """With all that had come of it."""
    before = daemon.parts()
    address = announced(daemon, name, 8)
    add(daemon, address, 0, b"1234").raise_for_status()
    answer = daemon.client.delete(address, headers=SPEAKS)

    assert 204 == answer.status_code
    assert before == daemon.parts()
    for again in (ask(daemon, address), add(daemon, address, 4, b"5678")):
        assert 404 == again.status_code
    assert 404 == daemon.client.delete(address, headers=SPEAKS).status_code


def test_an_upload_can_be_given_up_while_it_is_sent(daemon, name):
    """Nobody has to wait for whoever is sending it."""
    before = daemon.parts()
    address = announced(daemon, name, 2 * SEEN_BYTES)
    with begin_raw(daemon, address, 0, bytes(SEEN_BYTES), size_bytes=2 * SEEN_BYTES):
        daemon.wait_until(lambda: ask(daemon, address).headers["upload-offset"] != "0")
        answer = daemon.client.delete(address, headers=SPEAKS)

    assert 204 == answer.status_code
    assert before == daemon.parts()


def test_a_lost_last_answer_does_no_harm(daemon, name):
    """Who asks again, or sends the end again, learns what the answer had said."""
    address = announced(daemon, name, 4)
    first = add(daemon, address, 0, name.encode()[:4])
    asked = ask(daemon, address)
    repeated = add(daemon, address, 4, b"")

    assert 204 == first.status_code
    assert (200, "4", "4") == (
        asked.status_code,
        asked.headers["upload-offset"],
        asked.headers["upload-length"],
    )
    assert 204 == repeated.status_code
    for answer in (asked, repeated):
        assert first.headers["playhead-result"] == answer.headers["playhead-result"]
        assert first.headers["playhead-path"] == answer.headers["playhead-path"]
    assert 409 == add(daemon, address, 0, b"film").status_code


def test_what_is_complete_cannot_be_given_up(daemon, name):
    """410: the file is in the project, and stays there."""
    address = announced(daemon, name, len(name))
    add(daemon, address, 0, name.encode()).raise_for_status()
    answer = daemon.client.delete(address, headers=SPEAKS)

    assert 410 == answer.status_code
    assert name.encode() == daemon.on_disk()[name]
    assert 200 == ask(daemon, address).status_code


def test_the_same_bytes_are_a_duplicate(daemon, name):
    """However they came."""
    stored = daemon.stored(name, name.encode())
    address = announced(daemon, f"copy-{name}", len(name))
    answer = add(daemon, address, 0, name.encode())

    assert ("duplicate", stored["path"]) == (
        answer.headers["playhead-result"],
        answer.headers["playhead-path"],
    )
    assert [] == [part for part in daemon.parts() if address.rpartition("/")[2] in part]


def test_a_path_travels_in_ascii(daemon):
    """Headers can carry nothing else."""
    answer = announce(daemon, "Zürich 🎬.mov", 5, content=b"Z\xc3\xbcri")

    assert "ingest/originals/Z%C3%BCrich%20%F0%9F%8E%AC.mov" == answer.headers["playhead-path"]


def test_an_upload_of_a_batch_is_counted_in_it(daemon, name):
    """Those that were refused too."""
    started = daemon.client.post(f"/api/projects/{PROJECT}/upload-batch/start").json()
    batch = {"batch_id": started["batch_id"]}
    good = announce(daemon, name, len(name), content=name.encode(), **batch)
    bad = announce(daemon, name, 3, content=b"bad", sha256=sha256_of(b"good"), **batch)
    ended = daemon.client.post(f"/api/projects/{PROJECT}/upload-batch/finalize", json=batch).json()
    late = announce(daemon, name, 4, **batch)

    assert (201, 400, 409) == (good.status_code, bad.status_code, late.status_code)
    assert {"total": 2, "stored": 1, "duplicate": 0, "error": 1} == ended["counts"]


@pytest.mark.parametrize("method", ["GET", "", "PUT"])
def test_a_post_that_means_no_method_is_refused(daemon, name, method):
    """400 tells which there are."""
    address = announced(daemon, name, 4)
    headers = SPEAKS | {"X-HTTP-Method-Override": method}
    answer = daemon.client.post(address, headers=headers)

    assert 400 == answer.status_code
    assert "PATCH" in answer.json()["hint"]


def test_head_and_delete_can_be_meant_by_post(daemon, name):
    """For clients behind something that lets only GET and POST through."""
    address = announced(daemon, name, 4)
    headers = {method: SPEAKS | {"X-HTTP-Method-Override": method} for method in ("HEAD", "DELETE")}
    asked = daemon.client.post(address, headers=headers["HEAD"])
    given_up = daemon.client.post(address, headers=headers["DELETE"])

    assert (200, "0") == (asked.status_code, asked.headers["upload-offset"])
    assert 204 == given_up.status_code
    assert 404 == ask(daemon, address).status_code
