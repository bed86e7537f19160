"""The tutorials, followed to the letter, with two servers, two players, a phone and Resolve."""

import shutil
import socket

import pytest

from support.checkout import ROOT
from support.jellyfin.double import JellyfinDouble
from support.jellyfin.versions import TICKS_PER_SECOND, V10_11, V12
from support.media_clips import require_ffmpeg, write_clip
from support.mpv import Ipc, require_mpv, require_program, wait_until, write_wav
from support.reader import Reader
from support.resolve_double import ResolveDouble
from support.shell import Shell

SILENT = "--vo=null --ao=null --audio-display=no --no-terminal --input-ipc-server"
"""An mpv that nobody sees, and that takes orders."""

INSTALLED = {"ops/install runtime": "ops/test begins with it, and others use what it would change"}

FOLDERS = {"attic": "/films", "barn": "/mnt/films"}
"""Where each server has its films."""


@pytest.fixture
def suite(tmp_path):
    """A workstation's Resolve, in which the project Harbour is open."""
    double = ResolveDouble(tmp_path / "resolve")
    double.have("Harbour", is_open=True)
    return double


@pytest.fixture
def shell(tmp_path, suite):
    """A terminal in the checkout; a daemon that is started in it takes a free port."""
    free_port = {"PLAYHEAD_SERVER_BIND": "127.0.0.1:0"}
    with Shell(tmp_path, environment={**free_port, **suite.environment}) as shell:
        shell.run(f"cd {ROOT}")
        yield shell


class Servers:
    """Attic and barn, with mara and two films on both."""

    def __init__(self, attic, barn):
        self.doubles = {"attic": attic, "barn": barn}
        self.keys, self.mara, self.films = {}, {}, {}
        for name, double in self.doubles.items():
            double.add_user("root", "admin", admin=True)
            self.mara[name] = double.add_user("mara", "secret")
            self.keys[f"{name}.key"] = double.add_api_key() + "\n"
            for film in ("Harbour", "Lighthouse"):
                path = f"{FOLDERS[name]}/{film}.mkv"
                self.films[name, film] = double.library.add_movie(film, path)

    def person(self, server):
        """Mara in front of a television."""
        return self.doubles[server].person(self.mara[server], "Television")

    def position_s(self, server):
        """Where mara is in Harbour."""
        data = self.doubles[server].user_data(self.mara[server], self.films[server, "Harbour"])
        return data.position_ticks / TICKS_PER_SECOND


@pytest.fixture
def servers():
    """Harbour was begun in the attic, and Lighthouse watched in the barn."""
    with JellyfinDouble(V10_11, name="Attic") as attic, JellyfinDouble(V12, name="Barn") as barn:
        servers = Servers(attic, barn)
        servers.person("attic").watches(servers.films["attic", "Harbour"], until_s=2550)
        servers.person("barn").marks_played(servers.films["barn", "Lighthouse"])
        yield servers


def test_two_jellyfins(shell, servers):
    """From nothing to a film that goes on where it was stopped on the other server."""
    reader = Reader(
        "ops/docs/tutorials/two-jellyfins.md",
        shell,
        instead={
            "http://192.0.2.10:8096": servers.doubles["attic"].url,
            "http://192.0.2.20:8096": servers.doubles["barn"].url,
        },
        typed=servers.keys,
        left=INSTALLED,
    )
    looking = reader.until("playhead serve")
    reader.until("sed")
    untouched = servers.position_s("barn")
    looking.interrupt()
    reader.until("playhead jellyfin plan")
    told = servers.position_s("barn")
    servers.person("barn").watches(servers.films["barn", "Harbour"], until_s=3000)
    reader.rest()

    assert (0, 2550, 3000) == (untouched, told, servers.position_s("attic"))


class Watching:
    """Somebody in front of an mpv that was started by its plain name."""

    def __init__(self, address):
        self.address = str(address)
        wait_until(self._is_there, "an mpv that takes orders")
        self.ipc = Ipc(self.connection)
        wait_until(lambda: self.position_s() >= 0, "an mpv that plays")

    def _is_there(self):
        self.connection = socket.socket(socket.AF_UNIX)
        if self.connection.connect_ex(self.address) == 0:
            return True
        self.connection.close()
        return False

    def position_s(self):
        """Where it is, or -1 while it is nowhere."""
        try:
            return self.ipc.command("get_property", "time-pos")
        except RuntimeError:
            return -1.0

    def closes_at(self, position_s):
        """Goes there, and ends the player."""
        self.ipc.command("seek", position_s, "absolute", "exact")
        wait_until(lambda: self.position_s() >= position_s, f"a seek to {position_s} s")
        self.closes()

    def closes(self):
        """Ends the player."""
        self.ipc.command("quit")
        self.ipc.close()


def test_mpv_everywhere(shell, tmp_path):
    """From nothing to a film that opens elsewhere where it was closed."""
    shell.program("mpv", f'exec {require_mpv()} {SILENT}="$HOME/mpv" "$@"')
    film = write_wav(shell.home / "Films" / "harbour.mkv", 600)
    elsewhere = tmp_path / "elsewhere"
    other_film = elsewhere / "harbour-2019.mkv"
    instead = {
        "--bind 0.0.0.0:8787": "--bind 127.0.0.1:0",
        "192.0.2.2:8787": "127.0.0.1:8787",
        "cp lua/playhead.conf": f"cp {ROOT}/lua/playhead.conf",
        "cp -r lua/playhead": f"cp -r {ROOT}/lua/playhead",
        "/media/films/harbour-2019.mkv": str(other_film),
    }
    page = "ops/docs/tutorials/mpv-everywhere.md"
    reader = Reader(page, shell, instead=instead, left=INSTALLED)
    reader.until("playhead serve")
    reader.typed["playhead.token"] = (shell.home / "playhead/players.token").read_text()
    reader.until("mpv")
    Watching(shell.home / "mpv").closes_at(90)
    reader.until("playhead log")
    shutil.copytree(shell.home / ".config", elsewhere / ".config")
    shutil.copy(film, other_film)
    shell.run(f"export HOME={elsewhere}")
    reader.until("mpv")
    watching = Watching(elsewhere / "mpv")
    wait_until(lambda: 90 <= watching.position_s() < 120, "the place where it was closed")
    watching.closes()

    assert reader.is_done


def test_phone_to_resolve(shell, suite, tmp_path):
    """From nothing to a clip in a project of Resolve."""
    require_ffmpeg()
    require_program("curl", "install curl to run this test")
    (tmp_path / "projects").mkdir()
    (tmp_path / "mount").symlink_to(tmp_path / "projects")
    instead = {
        "--bind 0.0.0.0:8787": "--bind 127.0.0.1:0",
        "192.0.2.2:8787": "127.0.0.1:8787",
        "/srv/projects": str(tmp_path / "projects"),
        "/mnt/projects": str(tmp_path / "mount"),
    }
    page = "ops/docs/tutorials/phone-to-resolve.md"
    typed = {"user add": "correct horse\ncorrect horse\n"}
    reader = Reader(page, shell, instead=instead, typed=typed, left=INSTALLED)
    reader.until("cd ~/playhead")
    write_clip(shell.home / "playhead/IMG_0042.mov")
    reader.rest()
    (clip,) = suite.clips("Harbour")

    stored = "P1-Harbour/ingest/originals/IMG_0042.mov"
    assert (f"{tmp_path}/mount/{stored}", "P1-Harbour") == (clip["path"], clip["bin"])
