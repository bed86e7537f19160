"""Resumable uploads by two clients that are not ours, against the real daemon."""

from contextlib import contextmanager

import pytest
from tusclient import client as tuspy

from support.tus_js import TusJs
from support.upload_daemon import PROJECT, UploadDaemon, film, sha256_of

SIZE_BYTES = 1_500_000
CHUNK_BYTES = 200_000


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """One daemon for all these uploads."""
    with UploadDaemon(tmp_path_factory.mktemp("tus")) as running:
        yield running


@pytest.fixture(scope="module")
def tus_js(daemon):
    """The client that browsers use."""
    with TusJs(f"{daemon.url}/api/uploads") as client:
        yield client


@pytest.fixture
def clip(tmp_path, request):
    """A file with a name and bytes of its own, and what is said of it."""
    name = f"{request.node.name}.mov"
    data = film(SIZE_BYTES, seed=sum(name.encode()))
    file = tmp_path / name
    file.write_bytes(data)
    return file, data, {"filename": name, "project": PROJECT, "filetype": "video/quicktime"}


@contextmanager
def python_uploader(daemon, clip, **options):
    """An upload by tuspy, which leaves the file it reads open."""
    file, _, metadata = clip
    client = tuspy.TusClient(f"{daemon.url}/api/uploads")
    settings = {"chunk_size": CHUNK_BYTES, "metadata": metadata} | options
    with file.open("rb") as stream:
        yield client.uploader(file_stream=stream, **settings)


def test_tuspy_uploads_a_file(daemon, clip):
    """In several parts; the file is whole, under its name, and nothing else is left."""
    file, data, _ = clip

    with python_uploader(daemon, clip) as uploader:
        uploader.upload()

    assert data == daemon.on_disk()[file.name]
    assert [] == daemon.parts()


def test_tuspy_goes_on_where_it_stopped(daemon, clip):
    """Another process, which only knows the address, sends the rest alone."""
    file, data, _ = clip
    with python_uploader(daemon, clip) as first:
        first.upload(stop_at=3 * CHUNK_BYTES)

    with python_uploader(daemon, clip, url=first.url) as second:
        second.upload()

    assert 3 * CHUNK_BYTES == first.offset
    assert data == daemon.on_disk()[file.name]


def test_tuspy_sends_checksums(daemon, clip):
    """Every part is checked."""
    file, data, _ = clip

    with python_uploader(daemon, clip, upload_checksum=True) as uploader:
        uploader.upload()

    assert data == daemon.on_disk()[file.name]


def test_tus_js_uploads_a_file(daemon, tus_js, clip):
    """The last answer says where the file is now."""
    file, data, metadata = clip

    tus_js.start("plain", file, metadata, chunk=CHUNK_BYTES)
    told = tus_js.wait("plain", "success")

    assert ("stored", f"ingest/originals/{file.name}") == (told["result"], told["path"])
    assert data == daemon.on_disk()[file.name]


def test_tus_js_sends_all_of_it_at_once(daemon, tus_js, clip):
    """A file may come along with its announcement, in one request."""
    file, data, metadata = clip

    tus_js.start("at-once", file, metadata, chunk=2 * SIZE_BYTES, duringCreation=True)
    told = tus_js.wait("at-once", "success")

    assert [["POST", 201]] == told["answers"]
    assert "stored" == told["result"]
    assert data == daemon.on_disk()[file.name]


def test_tus_js_uploads_an_empty_file(daemon, tus_js, clip):
    """It is complete when it is announced: the client sends no more."""
    file, _, metadata = clip
    file.write_bytes(b"")

    tus_js.start("empty", file, metadata)
    told = tus_js.wait("empty", "success")

    assert "stored" == told["result"]
    assert b"" == daemon.on_disk()[file.name]


def test_tus_js_aborts_and_goes_on(daemon, tus_js, clip):
    """
    It asks how far it came and sends the rest; once more if the request it gave up had not ended.
    """
    file, data, metadata = clip
    tus_js.start("paused", file, metadata, chunk=CHUNK_BYTES)
    tus_js.wait("paused", "chunk")
    tus_js.abort("paused")

    tus_js.resume("paused")
    told = tus_js.wait("paused", "success")

    methods = [method for method, _ in told["answers"]]
    assert 1 == methods.count("POST")
    assert "HEAD" in methods
    assert data == daemon.on_disk()[file.name]


def test_tus_js_goes_on_after_a_restart_of_the_page(daemon, tus_js, clip):
    """A fresh client that remembers the address sends the rest."""
    file, data, metadata = clip
    tus_js.start("before", file, metadata, chunk=CHUNK_BYTES)
    tus_js.wait("before", "chunk")
    left = tus_js.abort("before")

    tus_js.start("after", file, metadata, chunk=CHUNK_BYTES, url=left["url"])
    told = tus_js.wait("after", "success")

    assert "POST" not in [method for method, _ in told["answers"]]
    assert data == daemon.on_disk()[file.name]


def test_tus_js_gives_up(daemon, tus_js, clip):
    """What had come is gone from the disk."""
    file, _, metadata = clip
    before = daemon.parts()
    tus_js.start("given-up", file, metadata, chunk=CHUNK_BYTES)
    tus_js.wait("given-up", "chunk")

    tus_js.abort("given-up", terminate=True)

    assert before == daemon.parts()
    assert file.name not in daemon.on_disk()


def test_tus_js_uploads_several_at_once(daemon, tus_js, tmp_path):
    """Six uploads do not get in each other's way."""
    datas = {f"several-{number}.mov": film(SIZE_BYTES, seed=100 + number) for number in range(6)}
    for name, data in datas.items():
        (tmp_path / name).write_bytes(data)
        metadata = {"filename": name, "project": PROJECT}
        tus_js.start(name, tmp_path / name, metadata, chunk=CHUNK_BYTES)

    for name in datas:
        tus_js.wait(name, "success")

    assert datas.items() <= daemon.on_disk().items()


def test_the_same_film_from_both_clients_is_kept_once(daemon, tus_js, clip, tmp_path):
    """The second one learns where it is already."""
    file, data, metadata = clip
    with python_uploader(daemon, clip) as uploader:
        uploader.upload()
    copy = tmp_path / "copy.mov"
    copy.write_bytes(data)

    tus_js.start("copy", copy, metadata | {"filename": "copy.mov"})
    told = tus_js.wait("copy", "success")

    assert ("duplicate", f"ingest/originals/{file.name}") == (told["result"], told["path"])
    assert "copy.mov" not in daemon.on_disk()


def test_a_film_that_was_damaged_on_its_way_is_not_kept(daemon, tus_js, clip):
    """Its sender said what it should be; the client does not try for ever."""
    file, _, metadata = clip

    tus_js.start("damaged", file, metadata | {"sha256": sha256_of(b"another film")})
    told = tus_js.wait("damaged", "error")

    assert 400 == told["status"]
    assert file.name not in daemon.on_disk()
    assert [] == daemon.parts()


def test_a_client_that_can_only_post_is_understood(daemon, tus_js, clip):
    """X-HTTP-Method-Override stands for the method."""
    file, data, metadata = clip

    tus_js.start("posting", file, metadata, chunk=CHUNK_BYTES, override=True)
    told = tus_js.wait("posting", "success")

    assert "stored" == told["result"]
    assert data == daemon.on_disk()[file.name]
