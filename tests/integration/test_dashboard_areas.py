"""The dashboard in a real browser: what it tells live, and what an operator does with it."""

import re
import socket

import pytest
from playwright.async_api import expect

from support.builders import report_body
from support.configuration import written
from support.daemon import DaemonProcess
from support.mpv import wait_until
from support.notifications import silent_servers
from support.past import CONFIGURATION, Past
from support.people import basic, bearer, make_user

PASSWORD = "correct horse battery"
NAME = "root"
VIEWER = "vera"
PLAYER = '[[player]]\nname = "wall"\nsocket = "{socket}"\n'
AREAS = ("now", "people", "servers", "deliveries", "past", "organizers", "access", "settings")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A daemon with two silent servers, a player that is not there, people and deliveries."""
    folder = tmp_path_factory.mktemp("dashboard")
    past = Past(folder / "data")
    make_user(folder / "data", NAME, PASSWORD, "admin")
    make_user(folder / "data", VIEWER, PASSWORD, "play")
    player = PLAYER.format(socket=folder / "wall.sock")
    config = written(folder, silent_servers(["attic", "barn"]) + player + CONFIGURATION)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with DaemonProcess(
        folder / "data",
        arguments=["--config", str(config)],
        bind=f"127.0.0.1:{port}",
        client_options={"headers": basic(NAME, PASSWORD)},
    ) as daemon:
        daemon.past = past
        wait_until(lambda: len(daemon.events(type="server.lost")) == 2, "both servers are lost")
        yield daemon


@pytest.fixture
def visit(house, window):
    """Opens an area as somebody; without a name as one who may do everything."""

    async def opened(place, *, whose=NAME, **options):
        login = {"username": whose, "password": PASSWORD}
        shown = await window(http_credentials=login, **options)
        shown.refusals.add(401)  # so a browser learns that it has to say who it is
        await shown.open(f"{house.url}/{place}")
        return shown

    return opened


def heading(shown):
    return shown.page.get_by_role("heading", level=1)


def part(shown, name):
    """A part of an area."""
    return shown.page.get_by_role("region", name=name, exact=True)


def whoami(house, **headers):
    """As whom the daemon knows the bearer of these headers; it takes a second to hear of others."""
    return house.client.get("/api/whoami", headers=headers).json()


def report(house, *, whose=NAME, **fields):
    """The player of `whose` tells where it is; the number of the event."""
    answer = house.client.post(
        "/api/positions", json=report_body(**fields), headers=basic(whose, PASSWORD)
    )
    answer.raise_for_status()
    return answer.json()["seq"]


async def test_what_plays_is_shown_as_it_plays(house, visit):
    """Where there is more than files one begins with Now; it follows the player by itself."""
    shown = await visit("")
    await expect(heading(shown)).to_have_text("Now")
    film = {"name": "pier.mkv", "path": "/films/pier.mkv", "duration_s": 600.0, "device": "wall"}
    report(house, **film, position_s=60.0, reason="heartbeat")
    row = part(shown, "Playing now").get_by_role("listitem").filter(has_text="pier.mkv")
    await expect(row).to_contain_text("Playing")
    bar = row.get_by_role("progressbar")
    before = await bar.evaluate("(bar) => bar.value")
    await shown.page.wait_for_function(
        "(least) => document.querySelector('progress').value > least", arg=before
    )
    report(house, **film, position_s=120.0, reason="pause")
    await expect(row).to_contain_text("Paused")
    report(house, **film, position_s=125.0, reason="quit")

    await expect(row).to_have_count(0)
    left = part(shown, "Go on with").get_by_role("listitem").filter(has_text="pier.mkv")
    await expect(left).to_contain_text("2:05 of 10:00")


async def test_who_may_only_play_sees_their_own_live(house, visit):
    """Without the right to read the log, by a stream of one's own that survives a restart."""
    asked = []
    shown = await visit("", whose=VIEWER)
    shown.may_be_cut_off = True
    shown.page.on("request", lambda request: asked.append(request.url.removeprefix(house.url)))
    await expect(heading(shown)).to_have_text("Now")
    playing = part(shown, "Playing now").get_by_role("listitem").filter(has_text="own.mkv")
    film = {"duration_s": 600.0, "reason": "heartbeat"}
    report(house, name="secret.mkv", path="/films/secret.mkv", **film)
    report(house, whose=VIEWER, name="own.mkv", path="/films/own.mkv", **film)
    await expect(playing).to_have_count(1)
    house.kill()
    await expect(shown.page.locator(".banner")).to_contain_text("The daemon cannot be reached.")
    house.restart()
    await shown.is_live()
    report(house, whose=VIEWER, name="own.mkv", path="/films/own.mkv", **film | {"reason": "quit"})

    await expect(playing).to_have_count(0)
    await expect(part(shown, "Go on with")).to_contain_text("own.mkv")
    assert "secret.mkv" not in await shown.page.content()
    assert {"/api/watching/changes"} == {path for path in asked if "changes" in path}


async def test_people_go_on_across_servers_and_players(visit):
    """Each person has what was begun anywhere, with where it was left."""
    shown = await visit("#people")
    mara = part(shown, "mara").get_by_role("listitem").filter(has_text="Harbour (1999)")

    await expect(mara).to_contain_text("server attic")
    await expect(mara).to_contain_text("15:00 of 1:40:00")


async def test_events_are_filtered_followed_and_explained(house, visit):
    """From a list that grows by itself to one event, what caused it, and why its title is so."""
    shown = await visit("#now")
    await shown.page.keyboard.press("5")
    await expect(heading(shown)).to_have_text("Events")
    seq = report(house, name="gull.mkv", path="/films/gull.mkv")
    rows = shown.page.locator(".events").get_by_role("link")
    await expect(rows.filter(has_text="gull.mkv").first).to_contain_text(str(seq))
    await shown.page.get_by_text("The same as a table").click()
    table = part(shown, "Events by time and kind").get_by_role("row")
    await expect(table.nth(1)).to_be_visible()
    await shown.page.keyboard.press("/")
    await shown.page.keyboard.type("delta.abandoned")
    await expect(rows.filter(has_text="daemon.started")).to_have_count(0)
    await expect(shown.page).to_have_url(re.compile("type=delta.abandoned"))
    await rows.last.click()
    detail = shown.page.get_by_role("complementary", name="Event")
    await expect(detail).to_contain_text(re.compile("hash[0-9a-f]{64}"))
    await detail.get_by_role("link", name=f"event {house.past.parked}", exact=True).click()
    await expect(detail.get_by_role("heading", level=2)).to_have_text(f"Event {house.past.parked}")
    await expect(detail).to_contain_text("delta.abandoned")
    await shown.page.goto(f"{house.url}/#events?event={house.past.waiting}")
    await shown.button("Explain this title").click()

    await expect(shown.dialog).to_contain_text("Gale (1999)")
    await expect(shown.dialog).to_contain_text(
        "planned to write rating 7.5 once the title is there"
    )


async def test_events_are_narrowed_by_who_where_and_when(house, visit):
    """The list is what the interface gives for the same question, and new events obey it too."""
    report(house, whose=VIEWER, name="eider.mkv", path="/films/eider.mkv")
    shown = await visit("#events")
    rows = shown.page.locator(".events").get_by_role("link")
    fields = shown.page.get_by_role("search", name="Events")
    await fields.get_by_label("Actor").fill(VIEWER)
    await expect(rows.filter(has_text="daemon.started")).to_have_count(0)
    report(house, name="merlin.mkv", path="/films/merlin.mkv")
    seq = report(house, whose=VIEWER, name="siskin.mkv", path="/films/siskin.mkv")
    await expect(rows.first).to_contain_text(f"{seq}position.reported")
    found = await shown.page.locator(".events .event-seq").all_inner_texts()
    await fields.get_by_label("Source").fill("jellyfin")
    await expect(rows).to_have_count(0)
    await shown.button("Clear").click()
    await expect(rows.filter(has_text="merlin.mkv")).to_have_count(1)
    await fields.get_by_label("Until").fill("2001-01-01T00:00:00")
    await expect(shown.page.get_by_text("No event matches.")).to_be_visible()
    await shown.page.get_by_label("Explain a title").fill("Gale")
    await shown.page.get_by_label("Explain a title").press("Enter")

    await expect(shown.dialog).to_contain_text("Gale (1999)")
    assert [str(event["seq"]) for event in reversed(house.events(actor=VIEWER))] == found


async def test_deliveries_are_retried_and_discarded(house, visit):
    """Reason and next try are there; what is done here or elsewhere is seen at once."""
    shown = await visit("#deliveries")
    due, parked = part(shown, "Due"), part(shown, "Parked")
    await expect(due).to_contain_text("barn answered with 500. Next try: 2 Oct 2096")
    await expect(part(shown, "Waiting for a title")).to_contain_text("The server lacks the title.")
    await parked.get_by_role("button", name="Retry Odd").click()
    await shown.shows("Odd is tried again on barn.")
    await expect(parked.get_by_role("listitem")).to_have_count(0)
    await due.get_by_role("button", name="Discard Odd").click()
    await expect(shown.dialog).to_contain_text("barn keeps what it has about Odd")
    await shown.button("Discard").click()
    await expect(due.get_by_text("Odd", exact=True)).to_have_count(0)
    house.client.post(f"/api/events/{house.past.waiting}/discard").raise_for_status()

    await expect(part(shown, "Waiting for a title").get_by_role("listitem")).to_have_count(0)
    assert 2 == len(
        [event for event in house.events(type="delta.abandoned") if event["actor"] == NAME]
    )
    assert ["odd"] == [
        event["data"]["subject"] for event in house.events(type="delta.retried", actor=NAME)
    ]
    await shown.page.keyboard.press("5")
    lost = re.compile("Deliveries over the same time: .* and [23] given up")
    await expect(shown.page.get_by_role("img", name=lost)).to_be_visible()
    await shown.page.get_by_text("The same as a table").click()
    row = part(shown, "Events by time and kind").get_by_role("row")
    await expect(row.first).to_contain_text("Deliveries: writtenDeliveries: failed tries")
    await expect(row.nth(1).get_by_role("cell").last).to_have_text("2")


async def test_servers_and_players_are_as_their_lanes_found_them(house, visit):
    """A server that is lost says why, one that is held back waits for a word."""
    shown = await visit("#servers")
    barn = part(shown, "Servers").get_by_role("listitem").filter(has_text="barn").first
    await expect(barn).to_contain_text("not reachable")
    await expect(barn).to_contain_text("Connect call failed")
    await expect(barn).to_contain_text("Much is gone. 9 suspects.")
    await expect(part(shown, "Players on this machine")).to_contain_text("absent")
    await shown.button("Read everything on attic again").click()
    await shown.shows("Everything on attic is read again as soon as it answers.")
    await shown.button("Restore barn").click()
    await expect(shown.dialog).to_contain_text("writes back what was agreed before")
    await shown.dialog.get_by_role("button", name="Cancel").click()
    assert [] == house.events(type="brake.released")
    await shown.button("Accept what barn says").click()
    await shown.button("Accept").last.click()

    await expect(barn).not_to_contain_text("Held back")
    assert 1 == len(house.events(type="brake.released"))


async def test_an_undo_is_shown_first_and_then_done(house, visit):
    """Nothing happens before the plan was seen and confirmed; what was done is named."""
    shown = await visit("#undo")
    await shown.page.get_by_role("combobox", name="Server").select_option("attic")
    await shown.page.get_by_label("Title (media key)").fill("attic/gale")
    await shown.button("Show the plan").click()
    plan = part(shown, "Plan").get_by_role("listitem").filter(has_text="Gale (1999)").first
    await expect(plan).to_contain_text("favouriteyes → no")
    before = house.events(type="userdata.set", actor=NAME)
    await shown.page.get_by_role("button", name="Undo 1 change").click()
    await shown.dialog.get_by_role("button", name="Undo").click()
    await expect(shown.page.get_by_role("heading", level=2)).to_have_text(
        "Undone: 1 change of 1 title."
    )
    made = house.events(type="userdata.set", actor=NAME)

    assert [] == before
    assert {"undo"} == {event["data"]["by"] for event in made}
    await expect(shown.page.get_by_role("link", name=f"event {made[0]['seq']}")).to_be_visible()


async def test_the_past_is_shown_beside_the_present(house, visit):
    """A view as it was after some event, row by row, with what is different now."""
    film = {"name": "buoy.mkv", "path": "/films/buoy.mkv"}
    then = report(house, **film, position_s=100.0)
    report(house, **film, position_s=200.0)
    shown = await visit(f"#past?view=positions&at={then}&q=buoy")
    row = shown.page.locator(".past-row")
    await expect(row).to_contain_text("different now")
    await row.locator("summary").click()
    field = part(shown, "Fields").get_by_role("row").filter(has_text="report.position_s")
    await expect(field).to_have_text("report.position_s100200")
    slider = shown.page.get_by_role("slider", name="Moment")
    await slider.press("Home")
    await expect(shown.page.get_by_text("0 rows then, 1 now")).to_be_visible()
    await slider.press("End")

    await expect(row).to_have_count(1)
    await expect(row).not_to_contain_text("now")


async def test_users_and_tokens_are_made_and_removed(house, visit, window):
    """A secret is shown once and works until it is revoked; who may only play sees only that."""
    shown = await visit("#access")
    await shown.button("Add a user").click()
    await shown.dialog.get_by_label("Name").fill("kim")
    await shown.dialog.get_by_label("Password").fill(PASSWORD)
    await shown.dialog.get_by_role("button", name="Add").click()
    await shown.shows("kim may sign in now.")
    wait_until(lambda: "user" in whoami(house, **basic("kim", PASSWORD)), "kim is known")
    theirs = await window(http_credentials={"username": "kim", "password": PASSWORD})
    theirs.refusals.add(401)
    await theirs.page.goto(house.url)
    await expect(heading(theirs)).to_have_text("Now")
    links = theirs.page.get_by_role("navigation").get_by_role("link")
    await expect(links).to_have_count(1)
    await shown.button("Add a token").click()
    await shown.dialog.get_by_label("User").fill("kim")
    await shown.dialog.get_by_label("What for").fill("kitchen")
    await shown.dialog.get_by_role("button", name="Add").click()
    secret = await shown.dialog.get_by_label("Secret").input_value()
    await shown.dialog.get_by_role("button", name="Close").click()
    wait_until(lambda: "user" in whoami(house, **bearer(secret)), "the token works")
    made = whoami(house, **bearer(secret))
    await shown.button("Revoke kitchen").click()
    await shown.dialog.get_by_role("button", name="Revoke").click()
    await shown.shows("kitchen is revoked.")
    await shown.button("Remove kim").click()
    await shown.dialog.get_by_role("button", name="Remove").click()

    await shown.shows("kim is gone, and 0 tokens.")
    await expect(shown.page.get_by_text("There is no token.")).to_be_visible()
    assert ("kim", ["play"]) == (made["user"], made["scopes"])
    assert secret not in await shown.page.content()


async def test_settings_begin_with_those_that_were_changed(visit):
    """As the daemon read them, searched by name and meaning, secrets masked."""
    shown = await visit("#settings")
    rows = shown.page.locator(".setting")
    await expect(rows.first).to_contain_text("changed")
    await shown.page.get_by_label("Search settings").fill("api_key")

    await expect(rows.first).to_contain_text('jellyfin[attic].api_keychanged"********"')


async def test_a_restart_is_survived_and_nothing_is_missed(house, visit):
    """The page says that the daemon is away, and then tells what happened meanwhile."""
    shown = await visit("#events")
    shown.may_be_cut_off = True
    house.kill()
    banner = shown.page.locator(".banner")
    await expect(banner).to_contain_text("The daemon cannot be reached.")
    house.restart()
    await shown.is_live()
    (*_, started) = house.events(type="daemon.started")
    rows = shown.page.locator(".events").get_by_role("link")
    await expect(rows.filter(has_text=f"{started['seq']}daemon.started")).to_be_visible()
    seq = report(house, name="tern.mkv", path="/films/tern.mkv")

    await expect(rows.filter(has_text=f"{seq}position.reported")).to_be_visible()
    await expect(banner).to_be_hidden()


@pytest.mark.parametrize("is_phone", [False, True], ids=["desktop", "phone"])
async def test_nobody_is_kept_out(house, visit, is_phone):
    """No area is in the way of people with disabilities, in light or dark, and none is too wide."""
    look = {"color_scheme": "dark" if is_phone else "light", "is_phone": is_phone}
    shown = await visit("#now", **look)
    found = []
    for place in (*AREAS, f"events?event={house.past.backoff}", "undo?first=1"):
        await shown.page.evaluate("(place) => location.assign('#' + place)", place)
        await expect(shown.page.locator(".area-state")).to_be_hidden()
        found += [(place, barrier) for barrier in await shown.barriers()]
        wide = "document.querySelector('.board-main').scrollWidth - innerWidth"
        found += [(place, "too wide")] if await shown.page.evaluate(wide) > 0 else []

    assert [] == found
