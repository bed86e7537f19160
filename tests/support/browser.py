"""
A real Chromium for tests of the explorer: windows that nobody has used before, each of which fails
its test when the page complains in the console, throws, or asks for something it does not get.

Only Playwright's async interface: the sync one keeps an event loop running in the main thread, and
no async test would run after it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # has none
from playwright.async_api import Browser, Locator, Page, Response, async_playwright, expect

from support.mpv import require_program

HINT = "install chromium (Debian: apt-get install chromium) to run this test"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
DEADLINE_MS = 30_000
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

_FROM_THE_NETWORK = re.compile("Failed to load resource")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser; without one the test fails in CI and is skipped elsewhere."""
    program = require_program("chromium", HINT)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


class Window:
    """
    A page of a fresh profile. `page` is Playwright's; `refusals` are the statuses that the test
    expects the daemon to refuse something with, which a browser reports as an error.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.refusals: set[int] = set()
        self.may_be_cut_off = False
        self._complaints: list[str] = []
        self._refused: list[tuple[int, str]] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(f"thrown: {error}"))
        page.on("response", self._answered)

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"} and not _FROM_THE_NETWORK.match(message.text):
            self._complaints.append(f"console: {message.text}")
        elif message.type == "error" and "net::" in message.text and not self.may_be_cut_off:
            self._complaints.append(f"console: {message.text} {message.location}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._refused.append((response.status, response.url))

    @property
    def complaints(self) -> list[str]:
        """What the page had to complain about, and what it was refused unexpectedly."""
        refused = [f"{s}: {url}" for s, url in self._refused if s not in self.refusals]
        return self._complaints + refused

    @property
    def cards(self) -> Locator:
        """The files in sight."""
        return self.page.get_by_role("listbox", name="Files").get_by_role("option")

    def card(self, name: str) -> Locator:
        """The file with this name."""
        return self.cards.and_(self.page.get_by_role("option", name=name))

    def button(self, name: str) -> Locator:
        """The button with exactly this name."""
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.locator("dialog[open]").last

    async def open(self, address: str) -> None:
        """Goes somewhere, and waits until the page hears from the daemon."""
        await self.page.goto(address)
        await self.is_live()

    async def is_live(self) -> None:
        """Returns once the page hears from the daemon."""
        await expect(self.page.locator("body")).to_have_attribute("data-connection", "live")

    async def shows(self, text: str | re.Pattern[str]) -> None:
        """Returns once a message says so."""
        await expect(self.page.locator(".toast").filter(has_text=text)).to_be_visible()

    async def choose_files(self, *files: Any) -> None:
        """Chooses files to upload, as with the button."""
        await self.page.set_input_files("input[type=file]", [*files])

    async def barriers(self) -> list[str]:
        """What axe finds to be in the way of people with disabilities."""
        found = await Axe().run(self.page)
        return [
            f"{rule['id']}: {node['html'][:200]}"
            for rule in found.response["violations"]
            for node in rule["nodes"]
        ]


class Windows:
    """Opens windows; when it ends they are closed, and their complaints fail the test."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._stack = AsyncExitStack()
        self._opened: list[Window] = []

    async def __call__(
        self, address: str = "", *, is_phone: bool = False, **options: Any
    ) -> Window:
        """A new window, at an address if one is given; options are those of Playwright."""
        look: dict[str, Any] = {
            "viewport": DESKTOP,
            "locale": "en-GB",
            "timezone_id": "UTC",
            "reduced_motion": "reduce",
        }
        if is_phone:
            look |= {"viewport": PHONE, "has_touch": True, "is_mobile": True}
        context = await self._browser.new_context(**(look | options))
        self._stack.push_async_callback(context.close)
        context.set_default_timeout(DEADLINE_MS)
        window = Window(await context.new_page())
        self._opened.append(window)
        if address:
            await window.open(address)
        return window

    async def close(self) -> None:
        """Closes them all."""
        await self._stack.aclose()

    @property
    def complaints(self) -> list[str]:
        """What the pages had to complain about."""
        return [complaint for window in self._opened for complaint in window.complaints]


@asynccontextmanager
async def windows(browser: Browser) -> AsyncIterator[Windows]:
    """Windows of one test."""
    expect.set_options(timeout=DEADLINE_MS)
    opened = Windows(browser)
    try:
        yield opened
    finally:
        await opened.close()
    if opened.complaints:
        pytest.fail("The page complained:\n" + "\n".join(opened.complaints))
