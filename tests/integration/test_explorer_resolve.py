"""The explorer and Resolve: jobs that are seen, cancelled and tried again; markers on a clip."""

import re

import pytest
from playwright.async_api import expect

from support.library import ORIGINALS, library
from support.media_clips import require_ffmpeg, write_clip

JOBS = "/api/resolve/jobs"
LENGTH_S = 12


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Twelve seconds of video."""
    require_ffmpeg()
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=LENGTH_S).read_bytes()


@pytest.fixture(scope="module")
def house(tmp_path_factory, clip):
    """A project with a clip and a sound."""
    with library(tmp_path_factory.mktemp("explorer")) as running:
        running.stock("P1-Harbour", clip_mp4=clip, a_wav=b"sound")
        running.measured("P1-Harbour", f"{ORIGINALS}/clip.mp4")
        yield running


@pytest.fixture
async def shown(house, window):
    """A window on that project."""
    opened = await window(f"{house.daemon.url}/#library/primary/P1-Harbour?sort=name&order=asc")
    await expect(opened.card("clip.mp4")).to_be_visible()
    return opened


@pytest.fixture(autouse=True)
def nothing_left(house):
    """Each test begins with an empty queue."""
    yield
    for job in house.get(JOBS)["jobs"]:
        if job["status"] in {"pending", "claimed"}:
            house.post(f"{JOBS}/{job['id']}/cancel")


def entry_of(window):
    """The entry of the side bar."""
    return window.page.get_by_role("navigation").get_by_role("button", name="Jobs for Resolve")


def claimed(house):
    """The job an agent gets."""
    query = {"claimed_by": "edit suite", "host": "windows", "lease_s": 60}
    (job,) = house.post(f"{JOBS}/next", query=query)["jobs"]
    return job


async def opened_in_resolve(shown, mode="Import"):
    """Has the sound opened in Resolve, and shows the jobs; gives the job's line."""
    await shown.card("a.wav").click()
    await shown.button("Resolve").click()
    await shown.dialog.get_by_role("radio", name=re.compile(f"^{mode}")).check()
    await shown.button("Open").click()
    await shown.button("Show the jobs").click()
    return shown.dialog.locator(".job").first


async def test_a_job_is_followed_to_its_end(house, shown):
    """State, owner and how every file fared, live; then there is nothing to cancel."""
    line = await opened_in_resolve(shown)
    await expect(line).to_contain_text("Import a.wav (P1-Harbour)")
    await expect(line).to_contain_text("Waiting for an agent")
    job = claimed(house)
    await expect(line).to_contain_text("In work")
    await expect(line).to_contain_text("edit suite on windows")
    result = {"path": f"{ORIGINALS}/a.wav", "outcome": "missing", "detail": "P: is not mounted"}
    house.post(f"{JOBS}/{job['id']}/complete", {"token": job["token"], "results": [result]})
    await expect(line).to_contain_text("Done")
    await line.get_by_text("How 1 file fared").click()

    await expect(line).to_contain_text("not found on that machine: P: is not mounted")
    await expect(line.get_by_role("button")).to_have_count(0)
    assert [] == await shown.barriers()


async def test_a_job_is_cancelled_and_tried_again(house, shown):
    """With the number of open jobs beside the entry of the side bar."""
    line = await opened_in_resolve(shown, mode="Reveal")
    await line.get_by_role("button", name="Cancel").click()
    await expect(line).to_contain_text("Cancelled")
    await line.get_by_role("button", name="Try again").click()
    await expect(line).to_contain_text("Waiting for an agent")
    await shown.button("Close").click()
    entry = entry_of(shown)
    await expect(entry).to_contain_text("1")
    job = claimed(house)
    house.post(f"{JOBS}/{job['id']}/fail", {"token": job["token"], "error": "No project is open."})
    await expect(entry).not_to_contain_text("1")
    await entry.click()

    await expect(line).to_contain_text("No project is open.")
    await expect(line.get_by_role("button", name="Try again")).to_be_visible()


async def test_a_moment_of_a_clip_is_marked(house, shown):
    """With a key or the button, a note if there is one; a click goes there; it can go."""
    await shown.card("clip.mp4").dblclick()
    markers = shown.dialog.locator("marker-list")
    await expect(markers).to_contain_text("Press m while it plays")
    await shown.page.evaluate("document.querySelector('video').pause()")
    await shown.page.evaluate("document.querySelector('video').currentTime = 7.5")
    await shown.page.keyboard.press("m")
    await expect(markers.get_by_role("listitem")).to_have_count(1)
    await shown.page.evaluate("document.querySelector('video').currentTime = 3")
    await shown.page.get_by_label("Note of the new marker").fill("cut here")
    await shown.button("Mark").click()
    await expect(markers.get_by_role("listitem")).to_have_count(2)
    first = markers.get_by_role("listitem").first
    await expect(first).to_contain_text("0:03cut here")
    await markers.get_by_text("0:08").click()
    await shown.page.wait_for_function("document.querySelector('video').currentTime === 7.5")
    asked = house.get("/api/markers")["markers"]
    barriers = await shown.barriers()
    await first.get_by_role("button", name="Take the marker at 0:03 away").click()
    await expect(markers.get_by_role("listitem")).to_have_count(1)

    assert [("cut here", 3.0), ("", 7.5)] == [(m["note"], m["position_s"]) for m in asked]
    assert {f"{ORIGINALS}/clip.mp4"} == {marker["media_path"] for marker in asked}
    assert [] == barriers


async def test_jobs_and_markers_fit_a_phone(house, window):
    """Nothing is wider than the screen, nothing in anybody's way."""
    house.post(
        "/api/resolve/open",
        {"project": "P1-Harbour", "media_rel_paths": [f"{ORIGINALS}/clip.mp4"]},
    )
    opened = await window(f"{house.daemon.url}/#library/primary/P1-Harbour", is_phone=True)
    await opened.button("Projects").click()
    await entry_of(opened).click()
    await expect(opened.dialog.locator(".job").first).to_be_visible()
    width = await opened.page.evaluate("document.documentElement.scrollWidth")

    assert 390 >= width
    assert [] == await opened.barriers()
