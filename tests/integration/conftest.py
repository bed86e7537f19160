"""
What the tests of the mpv client start from, a double of the server, a film, and players; and those
of the explorer, a browser and its windows.
"""

import pytest

from support.browser import chromium, windows
from support.mpv import write_wav
from support.mpv_client import Players
from support.playhead_double import PlayheadDouble

FILM_LENGTH_S = 300


@pytest.fixture
def server():
    """A double of the daemon."""
    with PlayheadDouble() as double:
        yield double


@pytest.fixture
def film(tmp_path):
    """A file of five minutes."""
    return write_wav(tmp_path / "film.wav", FILM_LENGTH_S)


@pytest.fixture
def players(tmp_path, server):
    """Starts players that talk to the double."""
    with Players(tmp_path, server.url) as several:
        yield several


@pytest.fixture
def play(players):
    """Starts one such player."""
    return players.start


@pytest.fixture(scope="session")
async def browser():
    """A browser."""
    async with chromium() as running:
        yield running


@pytest.fixture
async def window(browser):
    """Opens windows, and fails the test when a page had to complain."""
    async with windows(browser) as opened:
        yield opened
