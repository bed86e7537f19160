"""The explorer does with real files what it says, and nothing to those nobody selected."""

import re

import pytest
from playwright.async_api import expect

from support.library import ORIGINALS, library
from support.media_clips import require_ffmpeg, write_clip, write_photograph

LENGTH_S = 12
SCRIPT = b"<!doctype html><title>theirs</title><script>document.title = 'it ran'</script>"


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """A clip and a photograph."""
    require_ffmpeg()
    folder = tmp_path_factory.mktemp("media")
    clip = write_clip(folder / "clip.mp4", "-g", "25", seconds=LENGTH_S)
    return {"clip_mp4": clip.read_bytes(), "photo_jpg": _photograph(folder / "photo.jpg")}


def _photograph(path):
    return write_photograph(path).read_bytes()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One library for all tests; each has a project of its own."""
    with library(tmp_path_factory.mktemp("explorer")) as running:
        yield running


@pytest.fixture
def project(house, request):
    """A project of the test's own, with three sounds."""
    name = f"P1-{request.node.name.removeprefix('test_')[:40]}"
    house.stock(name, a_wav=b"first", b_wav=b"second", c_wav=b"third")
    return name


@pytest.fixture
async def shown(house, project, window):
    """A window on that project."""
    opened = await window(f"{house.daemon.url}/#library/primary/{project}?sort=name&order=asc")
    await expect(opened.card("a.wav")).to_be_visible()
    return opened


async def names(shown):
    return await shown.page.locator(".card:not([hidden]) .name").all_inner_texts()


def tags_of(house, project, name):
    return house.files(project)[f"{ORIGINALS}/{name}"]["tags"]["manual"]


async def test_selected_files_are_tagged(house, project, shown):
    """A click and a click with Ctrl select two; they and no other get the tag, and lose it."""
    await shown.card("a.wav").click()
    await shown.card("c.wav").click(modifiers=["Control"])
    await shown.button("Tags").click()
    await shown.page.get_by_label("Add tags").fill("Night")
    await shown.button("Apply").click()
    await expect(shown.card("a.wav").get_by_text("night")).to_be_visible()
    tagged = [tags_of(house, project, name) for name in ("a.wav", "b.wav", "c.wav")]
    await shown.button("Tags").click()
    await shown.dialog.get_by_role("checkbox", name="night").check()
    await shown.button("Apply").click()
    await expect(shown.card("c.wav").get_by_text("night")).to_have_count(0)

    assert [["night"], [], ["night"]] == tagged
    assert [] == tags_of(house, project, "a.wav")


async def test_selected_files_are_moved(house, project, shown):
    """The target is found by a part of its name; what was moved leaves listing and selection."""
    house.stock(f"{project}-target")
    await shown.page.reload()
    await shown.card("b.wav").click()
    await shown.button("Move").click()
    await shown.page.get_by_label("Find a project").fill("TARGET")
    await shown.dialog.get_by_text(f"{project}-target").click()
    await shown.dialog.get_by_role("button", name="Move").click()
    await expect(shown.card("b.wav")).to_have_count(0)
    await shown.shows(f"1 file moved to {project}-target.")

    await expect(shown.page.get_by_role("toolbar")).to_be_hidden()
    assert [f"{ORIGINALS}/b.wav"] == list(house.files(f"{project}-target"))


async def test_trash_asks_and_can_be_undone(house, project, shown):
    """Delete asks with the number of files; Cancel does nothing; Undo brings all of them back."""
    await shown.card("a.wav").click()
    await shown.card("b.wav").click(modifiers=["Shift"])
    await shown.page.keyboard.press("Delete")
    await expect(shown.dialog).to_contain_text("Move 2 files to the trash?")
    await shown.button("Cancel").click()
    await expect(shown.card("a.wav")).to_be_visible()
    await shown.page.keyboard.press("Delete")
    await shown.button("Move to trash").click()
    await expect(shown.cards).to_have_count(1)
    left = list(house.files(project))
    await shown.button("Undo").click()
    await expect(shown.cards).to_have_count(3)

    assert [f"{ORIGINALS}/c.wav"] == left
    assert 3 == len(house.files(project))


async def test_the_trash_gives_back_or_deletes_for_ever(house, project, shown, media):
    """It shows what lies in it with its picture; restoring and deleting each take what is meant."""
    house.stock(project, **media)
    house.measured(project, f"{ORIGINALS}/photo.jpg")
    paths = [f"{ORIGINALS}/{name}" for name in ("a.wav", "photo.jpg")]
    house.post(f"/api/projects/{project}/media/delete", {"relative_paths": paths})
    await shown.page.get_by_role("link", name="Trash", exact=True).click()
    photo = shown.card("photo.jpg")
    await expect(photo.locator(".has-picture")).to_be_visible()
    await photo.click()
    await shown.button("Restore").click()
    await expect(photo).to_have_count(0)
    await shown.card("a.wav").click()
    await shown.button("Delete").click()
    await shown.button("Delete for ever").click()
    await shown.shows("1 file deleted for ever, 5 B freed.")

    assert {"b.wav", "c.wav", "clip.mp4", "photo.jpg"} == {
        path.removeprefix(f"{ORIGINALS}/") for path in house.files(project)
    }


async def test_preview_plays_from_where_one_seeks_to(house, project, shown, media):
    """A clip knows its length, and a seek arrives, because its bytes are served in ranges."""
    house.stock(project, clip_mp4=media["clip_mp4"])
    await expect(shown.card("clip.mp4")).to_be_visible()
    await shown.card("clip.mp4").dblclick()
    video = shown.page.locator("video")
    await expect(video).to_have_js_property("readyState", 4)
    await video.evaluate("(video) => video.currentTime = 9")
    await expect(video).to_have_js_property("seeking", False)
    length, position, end = await video.evaluate(
        "(video) => [video.duration, video.currentTime, video.seekable.end(0)]"
    )
    await shown.page.keyboard.press("j")
    await expect(video).to_have_js_property("currentTime", 4)
    await expect(shown.page.locator("file-facts")).to_contain_text("0:12")
    for _ in range(3):  # once more than needed must not leave the page
        await shown.page.keyboard.press("Escape")

    await expect(shown.card("clip.mp4")).to_be_focused()
    assert pytest.approx((LENGTH_S, 9, LENGTH_S), abs=0.1) == (length, position, end)
    assert shown.page.url.endswith(f"#library/primary/{project}?sort=name&order=asc")


async def test_a_preview_changes_no_selection_and_trashes_only_what_it_shows(house, project, shown):
    """Looking at a file by double click, key and arrows selects nothing; its trash is its own."""
    await shown.card("a.wav").click()
    await shown.card("c.wav").dblclick()
    await expect(shown.dialog).to_contain_text("c.wav")
    await shown.page.keyboard.press("ArrowLeft")
    await expect(shown.dialog).to_contain_text("2 of 3")
    await shown.button("Move this file to the trash").click()
    await expect(shown.dialog).to_contain_text("Move “b.wav” to the trash?")
    await shown.button("Move to trash").click()
    await expect(shown.dialog).to_contain_text("2 of 2")
    await shown.page.keyboard.press("Escape")

    await expect(shown.page.get_by_text(re.compile("^1 selected"))).to_be_visible()
    assert {f"{ORIGINALS}/a.wav", f"{ORIGINALS}/c.wav"} == set(house.files(project))


async def test_what_others_do_is_seen_at_once(house, project, shown, media):
    """A new file, its picture and a tag appear by themselves; selection and focus stay."""
    await shown.card("b.wav").click()
    house.stock(project, photo_jpg=media["photo_jpg"])
    await expect(shown.card("photo.jpg").locator(".has-picture")).to_be_visible()
    house.post(
        f"/api/projects/{project}/media/tags",
        {"relative_paths": [f"{ORIGINALS}/a.wav"], "add_tags": ["seen"], "remove_tags": []},
    )
    await expect(shown.card("a.wav").get_by_text("seen")).to_be_visible()

    await expect(shown.card("b.wav")).to_have_attribute("aria-selected", "true")
    await expect(shown.card("b.wav")).to_be_focused()


async def test_what_appears_above_moves_nothing(house, project, window):
    """Who has scrolled goes on seeing the same files in the same place when others arrive."""
    house.stock(project, **{f"n{number:02d}_wav": b"n%d" % number for number in range(30)})
    address = f"{house.daemon.url}/#library/primary/{project}?sort=name&order=asc"
    shown = await window(address, viewport={"width": 1000, "height": 500})
    await expect(shown.card("n00.wav")).to_be_visible()
    await shown.page.locator(".scroller").evaluate("(scroller) => scroller.scrollTop = 700")
    await expect(shown.card("n09.wav")).to_be_in_viewport()
    before = await shown.card("n09.wav").bounding_box()
    house.stock(project, **{f"b{number}_wav": b"b%d" % number for number in range(6)})
    await expect(shown.page.locator(".titles .amount")).to_have_text("39 files")

    await expect(shown.card("n09.wav")).to_be_in_viewport()
    assert before["y"] == (await shown.card("n09.wav").bounding_box())["y"]


async def test_a_page_that_somebody_uploaded_never_runs(house, project, shown):
    """It has no preview, and even its own address only offers it to be saved."""
    path = f"/api/projects/{project}/upload"
    house.client.post(path, files={"file": ("evil.html", SCRIPT)}).raise_for_status()
    await shown.card("evil.html").dblclick()
    await expect(shown.dialog).to_contain_text("There is no preview of this kind of file.")
    frames = len(shown.page.frames)
    address = f"/media/{project}/{ORIGINALS}/evil.html"
    async with shown.page.expect_download() as download:
        await shown.page.evaluate("(address) => { location = address }", address)

    assert "evil.html" == (await download.value).suggested_filename
    assert 1 == frames
    await expect(shown.page).not_to_have_title("it ran")


async def test_files_are_handed_to_resolve(house, project, shown):
    """The job that an agent gets names the files, the project and what is wanted."""
    await shown.card("c.wav").click()
    await shown.button("Resolve").click()
    await shown.page.get_by_role("radio", name=re.compile("Reveal")).check()
    await shown.button("Open").click()
    await shown.shows("1 file handed to Resolve.")
    (job,) = house.post("/api/resolve/jobs/next")["jobs"]

    assert (project, [f"{ORIGINALS}/c.wav"], "reveal_in_explorer") == (
        job["project"],
        job["media_rel_paths"],
        job["mode"],
    )


async def test_projects_are_made_and_refusals_are_told(house, shown):
    """A label becomes a project; a directory that is not allowed is refused, and told why."""
    await shown.button("New project").click()
    await shown.page.get_by_label("Name", exact=True).fill("Summer in Lisbon")
    await shown.button("Create").click()
    await expect(shown.page.get_by_role("heading", level=1)).to_have_text(
        re.compile(r"P\d+-Summer-in-Lisbon")
    )
    await expect(shown.page.get_by_text("Nothing here yet.")).to_be_visible()
    shown.refusals.add(400)
    await shown.button("Register a source").click()
    await shown.page.get_by_label("Name", exact=True).fill("outside")
    await shown.page.get_by_label("Directory").fill("/etc")
    await shown.button("Register").click()

    await shown.shows("media.allowed_roots")
