"""The dashboard's players and organizers in a real browser: a real mpv, a real directory."""

import json
import socket
import time

import pytest
from playwright.async_api import expect

from support.daemon import DaemonProcess
from support.mpv import require_mpv, wait_until, write_wav
from support.people import basic, make_user
from support.players import short_folder

NAME, PASSWORD = "root", "correct horse battery"
FILM_S = 400
STABLE_S = 8.0
"""How long the organizer leaves files alone after something changed; until then we are faster."""

CONFIGURATION = """
[[player]]
name = "Tv"
socket = "{place}/tv.sock"
folder = "{place}/films"
extensions = ["wav"]
days = 0
stable_s = 0.1
user = "mara"
launch = {command}

[[organizer]]
name = "downloads"
folder = "{place}/videos"
set_title = false
stable_s = {stable_s}

[[organizer]]
name = "lost"
folder = "{place}/nowhere"
"""


@pytest.fixture(scope="module")
def place():
    """A folder with two films, a directory to be kept in order, and an episode that is old."""
    with short_folder() as made:
        for name in ("a.wav", "b.wav"):
            write_wav(made / "films" / name, FILM_S, seed=name)
        (made / "videos").mkdir()
        (made / "arrived").mkdir()
        for name in ("Gale.S01E02.mkv", "Gale.S01E02.en.srt"):
            (made / "arrived" / name).write_bytes(b"film")
        yield made


@pytest.fixture(scope="module")
def house(place):
    """A daemon that starts a player, and knows two organizers, one without its directory."""
    command = [require_mpv(), "--no-config", "--vo=null", "--ao=null", "--really-quiet"]
    text = CONFIGURATION.format(place=place, command=json.dumps(command), stable_s=STABLE_S)
    (place / "playhead.toml").write_text(text)
    make_user(place / "data", NAME, PASSWORD, "admin")
    with DaemonProcess(
        place / "data",
        arguments=["--config", str(place / "playhead.toml")],
        client_options={"headers": basic(NAME, PASSWORD)},
    ) as daemon:
        yield daemon


@pytest.fixture
def visit(house, window):
    """Opens an area as somebody who may do everything."""

    async def opened(area, **options):
        login = {"username": NAME, "password": PASSWORD}
        shown = await window(http_credentials=login, **options)
        shown.refusals.add(401)  # so a browser learns that it has to say who it is
        await shown.open(f"{house.url}/#{area}")
        return shown

    return opened


def asked(house, path, **query):
    """An answer of the daemon."""
    answer = house.client.get(path, params=query)
    answer.raise_for_status()
    return answer.json()


def order(place, *words):
    """Tells the player something, as another program on this machine may."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(place / "tv.sock"))
        line.sendall(json.dumps({"command": words}).encode() + b"\n")
        line.recv(4096)


async def too_wide(shown):
    """How many pixels do not fit in."""
    return await shown.page.evaluate(
        "document.querySelector('.board-main').scrollWidth - innerWidth"
    )


@pytest.mark.parametrize(("is_phone", "to_s"), [(False, 60), (True, 120)], ids=["desk", "phone"])
async def test_a_player_is_followed_and_asked(house, place, visit, is_phone, to_s):
    """Its bar goes on by itself, a pause is seen at once, its playlist is brought in line."""
    wait_until(lambda: asked(house, "/api/players")[0]["playing"], "it plays")
    order(place, "set_property", "pause", False)
    shown = await visit("servers", is_phone=is_phone, color_scheme="dark" if is_phone else "light")
    card = shown.page.get_by_role("listitem").filter(has_text="Tv").first
    bar = card.get_by_role("progressbar", name="Position in a.wav")
    before = await bar.evaluate("(bar) => bar.value")
    await shown.page.wait_for_function(
        "(least) => document.querySelector('.player progress').value > least", arg=before
    )
    await card.locator("summary").press("Enter")
    await expect(card.locator("[aria-current]")).to_have_text("a.wav")
    order(place, "seek", to_s, "absolute")
    wait_until(lambda: asked(house, "/api/players")[0]["playing"]["position_s"] >= to_s, "the seek")
    order(place, "set_property", "pause", True)
    await expect(card.get_by_text("paused", exact=True)).to_be_visible()
    await expect(card).to_contain_text(f"{to_s // 60}:0")
    synced = asked(house, "/api/players")[0]["synced_at"]
    await shown.button("Bring the playlist of Tv in line").press("Enter")
    await shown.shows("The playlist of Tv is looked at.")

    wait_until(lambda: asked(house, "/api/players")[0]["synced_at"] > synced, "it is in line")
    await expect(card.locator(".playlist li")).to_have_text(["a.wav", "b.wav"])
    assert [] == await shown.barriers()
    assert 0 >= await too_wide(shown)


async def test_files_are_filed_and_put_back(house, place, visit):
    """What would be done is seen before it is done, and is undone from what undoing would do."""
    shown = await visit("now")
    await shown.page.keyboard.press("8")
    card = shown.page.locator(".organizer").filter(has_text="downloads")
    lost = shown.page.locator(".organizer").filter(has_text="lost")
    await expect(lost).to_contain_text("Make it, or mount its disk")
    await expect(card).to_contain_text("all is filed")
    age_s = STABLE_S + max(path.stat().st_ctime for path in (place / "arrived").iterdir())
    wait_until(lambda: time.time() > age_s, "the files are old enough", STABLE_S + 5)
    (place / "arrived").rename(place / "videos" / "Gale.S01E02")
    await shown.button("Look again").press("Enter")
    await expect(card.locator("ins")).to_have_text("Gale/Gale.S01E02.mkv")
    await shown.button("File now what downloads would").press("Enter")
    await expect(shown.dialog).to_contain_text(f"They are moved within {place}/videos.")
    await shown.dialog.get_by_role("button", name="File").press("Enter")
    await shown.shows("downloads filed 1 file.")
    (filing,) = asked(house, "/api/organizer/filings")["filings"]
    row = shown.page.locator(".filing")
    await expect(row).to_contain_text("was Gale.S01E02/Gale.S01E02.mkv")
    await row.get_by_text("What belongs to it").click()
    await expect(row).to_contain_text("Gale/Gale.S01E02.en.srt")
    found = await shown.barriers()
    await row.get_by_role("button", name="Put Gale/Gale.S01E02.mkv back").press("Enter")
    await expect(shown.dialog.get_by_role("listitem")).to_have_text(
        [
            "Gale/Gale.S01E02.mkv→ Gale.S01E02/Gale.S01E02.mkv",
            "Gale/Gale.S01E02.en.srt→ Gale.S01E02/Gale.S01E02.en.srt",
        ]
    )
    between = asked(house, "/api/organizer/filings")["filings"]
    await shown.dialog.get_by_role("button", name="Put back").press("Enter")
    await shown.shows("Gale/Gale.S01E02.mkv is put back.")
    await expect(row).to_contain_text("put back")
    (after,) = asked(house, "/api/organizer/filings")["filings"]

    assert [] == found
    assert [filing] == between
    assert ("filed", "undone") == (filing["state"], after["state"])
    assert [NAME] == [event["actor"] for event in house.events(type="organizer.filed")]
    assert (place / "videos" / "Gale.S01E02" / "Gale.S01E02.en.srt").exists()
    await expect(row.get_by_role("button")).to_have_count(0)


async def test_organizers_fit_on_a_phone(visit):
    """In the dark, too."""
    shown = await visit("organizers", is_phone=True, color_scheme="dark")
    await expect(shown.page.locator(".organizer")).to_have_count(2)

    assert [] == await shown.barriers()
    assert 0 >= await too_wide(shown)
