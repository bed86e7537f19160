"""The explorer uploads in parts: paused, cut off, reloaded, and never a byte twice."""

import hashlib
import re

import pytest
from playwright.async_api import expect

from support.upload_daemon import PROJECT, UploadDaemon, film, sha256_of

SIZE = 12_000_000
RATE = 4_000_000
"""Bytes a second, so that there is time to press a button."""

DROP = """
    async (files) => {
      const transfer = new DataTransfer();
      for (const [name, text] of files) transfer.items.add(new File([text], name));
      const drag = (type) => document.body.dispatchEvent(
        new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
      drag("dragenter");
      const veil = document.querySelector(".drop-veil").innerText;
      drag("drop");
      return veil;
    }
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """One daemon for all tests; each uploads files of its own."""
    with UploadDaemon(tmp_path_factory.mktemp("uploads")) as running:
        running.wait_until(lambda: _is_ready(running))
        yield running


def _is_ready(daemon):
    return daemon.client.get("/api/sources").json()[0]["accessible"]


@pytest.fixture
async def shown(daemon, window):
    """A window on the project."""
    return await window(f"{daemon.url}/#library/primary/{PROJECT}")


@pytest.fixture
def clip(tmp_path, request):
    """A large file that no other test has."""
    seed = int.from_bytes(hashlib.sha256(request.node.name.encode()).digest()[:4])
    path = tmp_path / f"{seed}.mov"
    path.write_bytes(film(SIZE, seed))
    return path


def upload(shown, name):
    """The line of an upload."""
    named = shown.page.get_by_text(name, exact=True)
    return shown.page.locator(".upload").filter(has=named)


async def slow_down(shown, rate):
    session = await shown.page.context.new_cdp_session(shown.page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
    await session.send("Network.emulateNetworkConditions", limits)


def watch_offsets(shown):
    """Where each piece that the page sends begins."""
    offsets = []

    def note(request):
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    shown.page.on("request", note)
    return offsets


async def test_an_upload_is_paused_and_goes_on_where_it_stopped(daemon, shown, clip):
    """What the server had before the pause is not sent again, and the file is whole."""
    offsets = watch_offsets(shown)
    await slow_down(shown, RATE)
    await shown.choose_files(clip)
    await expect(upload(shown, clip.name)).to_contain_text(re.compile(r"[1-9].* MB of 12 MB"))
    await shown.button(f"Pause {clip.name}").click()
    await expect(upload(shown, clip.name)).to_contain_text("Paused")
    stored = daemon.on_disk()
    await slow_down(shown, -1)
    await shown.button(f"Go on with {clip.name}").click()
    await expect(upload(shown, clip.name)).to_contain_text(f"Stored in {PROJECT}")

    assert clip.name not in stored
    assert sha256_of(clip.read_bytes()) == sha256_of(daemon.on_disk()[clip.name])
    assert [0] == offsets[:1]
    assert 0 < offsets[1] < SIZE


async def test_an_upload_goes_on_after_a_reload(daemon, shown, clip):
    """The page remembers what was begun; choosing the same file again continues it."""
    await slow_down(shown, RATE)
    await shown.choose_files(clip)
    await expect(upload(shown, clip.name)).to_contain_text(re.compile(r"[1-9].* MB of 12 MB"))
    await shown.button(f"Pause {clip.name}").click()
    await expect(upload(shown, clip.name)).to_contain_text("Paused")
    await shown.page.reload()
    await shown.is_live()
    await expect(upload(shown, clip.name)).to_contain_text("Not finished")
    offsets = watch_offsets(shown)
    await slow_down(shown, -1)
    await shown.choose_files(clip)
    await expect(upload(shown, clip.name)).to_contain_text("Stored")

    assert 0 < offsets[0] < SIZE
    assert sha256_of(clip.read_bytes()) == sha256_of(daemon.on_disk()[clip.name])


async def test_dropped_files_are_uploaded_and_known_ones_told_apart(daemon, shown):
    """The place to drop says where to; a second copy is a duplicate; a bad name is refused."""
    shown.refusals.add(400)
    files = [["one.wav", "same sound"], ["two.wav", "same sound"], ["con.mov", "x"]]
    veil = await shown.page.evaluate(DROP, files)
    await expect(shown.page.get_by_role("region", name="Uploads")).to_contain_text(
        "1 upload failed"
    )
    lines = [await upload(shown, name).inner_text() for name in ("one.wav", "two.wav")]

    assert f"Drop to upload to {PROJECT}" == veil
    assert 1 == sum("Already there as" in line for line in lines)
    assert 1 == sum(f"Stored in {PROJECT}" in line for line in lines)
    await expect(upload(shown, "con.mov")).to_contain_text("con.mov")
    await expect(shown.button("Try con.mov again")).to_be_visible()
    assert 1 == len({"one.wav", "two.wav"} & set(daemon.on_disk()))


async def test_a_cancelled_upload_leaves_nothing(daemon, shown, clip):
    """Neither a line, nor a part on the server, nor a file."""
    await slow_down(shown, RATE)
    await shown.choose_files(clip)
    await expect(upload(shown, clip.name)).to_contain_text(re.compile(r"[1-9].* MB of 12 MB"))
    await shown.button(f"Cancel {clip.name}").click()
    await expect(upload(shown, clip.name)).to_have_count(0)
    daemon.wait_until(lambda: not daemon.parts())

    assert clip.name not in daemon.on_disk()


async def test_files_for_no_project_in_particular_ask_for_one(daemon, window):
    """Where all projects are shown, an upload asks which of them is meant."""
    shown = await window(daemon.url)
    sound = {"name": "asked.wav", "mimeType": "audio/wav", "buffer": b"asked"}
    await shown.choose_files(sound)
    await shown.dialog.get_by_text(PROJECT).click()
    await shown.dialog.get_by_role("button", name="Upload").click()
    await expect(upload(shown, "asked.wav")).to_contain_text(f"Stored in {PROJECT}")

    await expect(shown.card("asked.wav")).to_be_visible()
