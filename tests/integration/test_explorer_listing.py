"""The explorer shows twenty thousand files without holding them, and keeps the place one is at."""

import re

import pytest
from playwright.async_api import expect

from support.attic import name_of, stock_attic
from support.daemon import DaemonProcess

FILES = 20_000
CARDS_MAX = 120
ELEMENTS_MAX = 2_500


@pytest.fixture(scope="module")
def attic(tmp_path_factory):
    """A daemon that knows of twenty thousand files."""
    data = tmp_path_factory.mktemp("attic") / "data"
    stock_attic(data, FILES)
    with DaemonProcess(data) as daemon:
        yield daemon


async def scroll_to(shown, top):
    await shown.page.locator(".scroller").evaluate(
        "(scroller, top) => scroller.scrollTop = top", top
    )


async def elements(shown):
    return await shown.page.evaluate("document.querySelectorAll('*').length")


def amount(shown):
    return shown.page.locator(".titles .amount")


async def test_twenty_thousand_files_fit_into_some_dozen_elements(attic, window):
    """From the first file to the last, the page holds little more than what is in sight."""
    shown = await window(attic.url)
    await expect(shown.card(name_of(0))).to_be_visible()
    first = [await shown.cards.count(), await elements(shown)]
    await shown.card(name_of(0)).focus()
    await shown.page.keyboard.press("End")
    await expect(shown.card(name_of(FILES - 1))).to_be_focused()

    await expect(amount(shown)).to_have_text("20,000 files")
    await expect(shown.card(name_of(0))).to_have_count(0)
    await expect(shown.card(name_of(FILES - 1))).to_have_attribute("aria-posinset", "20000")
    assert CARDS_MAX >= max(first[0], await shown.cards.count())
    assert ELEMENTS_MAX >= max(first[1], await elements(shown))


async def test_search_and_filters_narrow_the_listing(attic, window):
    """What is typed, a kind and a tag each leave only what matches, and can be taken back."""
    shown = await window(attic.url)
    await expect(shown.card(name_of(0))).to_be_visible()  # until then the page has no place yet
    await shown.page.keyboard.press("/")
    await shown.page.keyboard.type("Take 01234")
    await expect(amount(shown)).to_have_text("1 file")
    await expect(shown.cards).to_have_count(1)
    await shown.button("Other").click()
    await expect(shown.page.get_by_text("Nothing matches.")).to_be_visible()
    await shown.button("Clear search and filters").click()
    await expect(amount(shown)).to_have_text("20,000 files")
    await shown.button("Filter").click()
    await shown.page.get_by_role("checkbox", name="room tone").check()

    await expect(amount(shown)).to_have_text("667 files")
    await expect(shown.button("Remove the filter room tone")).to_be_visible()


async def test_the_address_leads_back_to_the_same_listing(attic, window):
    """Back, forward and reload keep project, search, order and how far one had scrolled."""
    shown = await window(f"{attic.url}/#library/attic/P1-Tour")
    await expect(amount(shown)).to_have_text("10,000 files")
    await shown.page.get_by_role("combobox", name="Sort by").select_option("size")
    await expect(shown.card(name_of(FILES - 1))).to_be_visible()
    await shown.page.locator(".scroller").evaluate("(scroller) => scroller.scrollTop = 40_000")
    await shown.page.wait_for_function("() => history.state?.index > 0")
    middle = shown.page.locator(".card:not([hidden])").nth(12)
    await expect(middle).to_be_visible()
    name = await middle.locator(".name").inner_text()
    await expect(shown.page.locator(".scroll-label")).to_be_hidden()
    await shown.page.reload()
    await expect(shown.card(name)).to_be_visible()
    await shown.page.go_back()

    await expect(shown.card(name_of(1))).to_be_visible()
    assert shown.page.url.endswith("#library/attic/P1-Tour")


async def test_keys_walk_and_select(attic, window):
    """Arrows move the focus, Space and Shift select, Escape lets go, v shows a list."""
    shown = await window(attic.url)
    keyboard = shown.page.keyboard
    await shown.card(name_of(0)).focus()
    await keyboard.press("ArrowRight")
    await expect(shown.card(name_of(1))).to_be_focused()
    await keyboard.press("ArrowDown")
    await keyboard.press("ArrowUp")
    await keyboard.press("Space")
    await keyboard.press("Shift+ArrowRight")
    await expect(shown.page.get_by_text(re.compile("^2 selected"))).to_be_visible()
    await expect(shown.card(name_of(2))).to_have_attribute("aria-selected", "true")
    await keyboard.press("Escape")
    await expect(shown.page.get_by_role("toolbar")).to_be_hidden()
    await keyboard.press("v")

    await expect(shown.card(name_of(2))).to_contain_text("P2-Studio")


async def test_everything_that_matches_can_be_selected(attic, window):
    """Select all loads what is missing first."""
    shown = await window(f"{attic.url}/#library?tag=interview")
    await shown.cards.first.click()
    await shown.button("Select all 667").click()

    await expect(shown.page.get_by_text(re.compile("^667 selected"))).to_be_visible()


async def test_an_offline_source_is_shown_as_such(attic, window):
    """Its files are listed, and it says that it is offline."""
    shown = await window(f"{attic.url}/#library/attic")
    source = shown.page.get_by_label("Source attic", exact=True)

    await expect(source.get_by_text("offline")).to_be_visible()
    await expect(amount(shown)).to_have_text("20,000 files")


async def test_nothing_is_in_the_way_of_people_with_disabilities(attic, window):
    """Grid, list, filters, dialogs and trash pass axe, in both themes."""
    shown = await window(attic.url)
    await expect(shown.card(name_of(0))).to_be_visible()
    await shown.cards.nth(2).click()
    found = await shown.barriers()
    await shown.page.emulate_media(color_scheme="dark")
    found += await shown.barriers()
    await shown.button("List").click()
    await shown.button("Filter").click()
    found += await shown.barriers()
    await shown.page.keyboard.press("Escape")
    await shown.button("Tags").click()
    found += await shown.barriers()
    await shown.page.keyboard.press("Escape")
    await shown.page.goto(f"{attic.url}/#trash")
    await expect(shown.page.get_by_text("The trash is empty.")).to_be_visible()

    assert [] == found + await shown.barriers()


async def test_the_theme_follows_the_system_until_one_is_chosen(attic, window):
    """The chosen theme outlives a reload."""
    shown = await window(attic.url, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = await shown.page.evaluate(ground)
    await shown.button("Dark or light").click()
    light = await shown.page.evaluate(ground)
    await shown.page.reload()
    await shown.is_live()

    assert ("rgb(17, 20, 25)", "rgb(244, 245, 247)") == (dark, light)
    assert light == await shown.page.evaluate(ground)


async def test_a_phone_shows_the_same(attic, window):
    """At phone width the side bar is a drawer, a long press selects, and nothing is too small."""
    shown = await window(attic.url, is_phone=True)
    await expect(shown.card(name_of(0))).to_be_visible()
    small = await shown.page.evaluate(TOO_SMALL)
    await shown.button("Projects").tap()
    await expect(shown.page.get_by_role("link", name="Trash")).to_be_in_viewport()
    found = await shown.barriers()
    await shown.button("Close the menu").tap()
    await press_long(shown, shown.card(name_of(1)))
    await shown.card(name_of(2)).tap()
    await expect(shown.page.get_by_text(re.compile("^2 selected"))).to_be_visible()
    width = await shown.page.evaluate("document.documentElement.scrollWidth")

    assert [] == small + await shown.page.evaluate(TOO_SMALL)
    assert [] == found + await shown.barriers()
    assert 390 == width


async def test_pages_stay_one_listing_while_rows_come_and_go(attic, window):
    """Whatever appears and vanishes between two looks, no row is shown twice, lost or astray."""
    shown = await window(attic.url)

    assert [] == await shown.page.evaluate(PAGES_MACHINE)


PAGES_MACHINE = """
async () => {
  const { Pages } = await import("/static/js/pages.js");
  const wrong = [];
  let seed = 1;
  const random = (end) => (seed = (seed * 48271) % 2147483647) % end;
  for (let round = 0; round < 40; round += 1) {
    let rows = Array.from({ length: 300 + random(1500) }, (_, i) => i * 10);
    const fetchPage = async ({ cursor, limit }) => {
      const rest = rows.filter((row) => cursor === null || row > Number(cursor));
      const items = rest.slice(0, limit).map((row) => ({ id: String(row) }));
      return { items, next: rest.length > limit ? items.at(-1).id : null, total: rows.length };
    };
    const pages = new Pages(fetchPage, () => {});
    const shown = () => pages.items.map((item) => Number(item.id));
    await pages.ensure(random(1500));
    for (let step = 0; step < 6; step += 1) {
      const gone = new Set(Array.from({ length: random(20) }, () => rows[random(rows.length)]));
      const fresh = Array.from({ length: random(20) }, () => random(20_000));
      rows = [...new Set([...rows, ...fresh])].filter((row) => !gone.has(row));
      rows.sort((one, other) => one - other);
      const first = random(pages.items.length);
      await pages.refresh(first, first + 40);
      if (shown().some((row, i, all) => i > 0 && row <= all[i - 1])) wrong.push(["astray", round]);
    }
    await pages.ensureAll();
    await pages.refresh(0, 100_000);
    if (shown().join() !== rows.join()) wrong.push(["differs", round]);
  }
  return wrong;
}
"""

TOO_SMALL = """
    [...document.querySelectorAll("button, a, input, select")]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }))
      .map((element) => [element.outerHTML, element.getBoundingClientRect()])
      .filter(([, { width, height }]) => width > 1 && (width < 40 || height < 40))
      .map(([html]) => html)
"""


async def press_long(shown, card):
    """A finger that stays; Playwright's own tap is too short."""
    box = await card.bounding_box()
    finger = [{"x": box["x"] + 40, "y": box["y"] + 40}]
    session = await shown.page.context.new_cdp_session(shown.page)
    await session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger})
    await expect(card).to_have_attribute("aria-selected", "true")
    await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
