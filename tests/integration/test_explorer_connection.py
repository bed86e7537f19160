"""The explorer while the daemon is away, and for people who may not do everything."""

import socket

import pytest
from playwright.async_api import expect

from support.daemon import DaemonProcess
from support.library import QUIET
from support.people import make_user

PASSWORD = "correct horse battery"


@pytest.fixture
def port():
    """A port that is free, and to which a daemon can come back."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_a_restart_of_the_daemon_is_shown_and_survived(tmp_path, port, window):
    """The page says that the daemon is away, goes on when it is back, and shows what it missed."""
    with DaemonProcess(tmp_path / "data", bind=f"127.0.0.1:{port}", environment=QUIET) as daemon:
        shown = await window(daemon.url)
        shown.may_be_cut_off = True
        daemon.kill()
        banner = shown.page.locator(".banner")
        await expect(banner).to_contain_text("The daemon cannot be reached.")
        project = tmp_path / "data" / "projects" / "P1-Meanwhile"
        project.mkdir(parents=True)
        daemon.restart()
        await shown.is_live()

        await expect(banner).to_be_hidden()
        await expect(shown.page.get_by_role("link", name="P1-Meanwhile")).to_be_visible()


@pytest.fixture
def guarded(tmp_path):
    """A daemon that asks who one is; mara may do everything but administer."""
    make_user(tmp_path / "data", "mara", PASSWORD, "media")
    with DaemonProcess(tmp_path / "data", environment=QUIET) as daemon:
        yield daemon


async def test_who_may_not_administer_is_offered_nothing_of_it(guarded, window):
    """Sources and emptying the trash are for administrators; all else is there for everybody."""
    login = {"username": "mara", "password": PASSWORD}
    shown = await window(guarded.url, http_credentials=login)
    shown.refusals.add(401)  # so a browser learns that it has to say who it is
    await expect(shown.button("New project")).to_be_visible()
    offered = await shown.button("Register a source").count()
    await shown.page.goto(f"{guarded.url}/#trash")
    await expect(shown.page.get_by_role("heading", level=1)).to_have_text("Trash")

    assert 0 == offered
    await expect(shown.button("Empty the trash")).to_be_hidden()
