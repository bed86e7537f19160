"""
Every page with commands but the tutorials, followed from its first command to its last.

What is not typed is listed here, each with its reason; what cannot be done here at all is done by a
stand-in, which looks whether it could be.
"""

import shutil

import httpx
import pytest

from bench.workload import fill_log
from projections.commands import Record
from projections.sync_commands import ReceiveWebhook
from projections.sync_events import (
    BrakePulled,
    Poke,
    ServerReached,
    SweepFinished,
    SweepStarted,
)
from support import ancestors, vlc
from support.ancestors import BOOKMARK, CHANGE, LOG_ENTRY, MOVIE, made
from support.checkout import ROOT
from support.jellyfin.double import JellyfinDouble
from support.jellyfin.versions import V10_11
from support.mpv import require_mpv, require_program, wait_until
from support.people import make_token
from support.reader import LISTENING, Reader
from support.resolve_double import ResolveDouble
from support.shell import Shell
from support.two_servers import CONFIGURATION, TwoServers, ticks

PASSWORD = "correct horse\ncorrect horse\n"
"""Asked for twice."""

WHEN = "2026-01-02 03:04:05"
UNITS = ROOT / "ops/packaging/systemd"
KNOWN_UNITS = f"""
for word; do
  case $word in
    *.service|*.socket|*.timer)
      seen=yes
      test -e "{UNITS}/$word" || test -e "{UNITS}/user/$word" || exit 1 ;;
  esac
done
[[ -n ${{seen-}} || $* == *daemon-reload ]]
"""
"""A systemctl that refuses units that are not shipped; test_systemd_boot.py boots a real one."""


@pytest.fixture
def shell(tmp_path):
    """A terminal; a daemon that is started in it takes a free port."""
    with Shell(tmp_path, environment={"PLAYHEAD_SERVER_BIND": "127.0.0.1:0"}) as shell:
        yield shell


@pytest.fixture
def attic():
    """A server with an administrator."""
    with JellyfinDouble(V10_11, name="Attic") as double:
        double.add_user("root", "admin", admin=True)
        yield double


@pytest.fixture
def places(tmp_path):
    """The folders of a machine that pages name, as they are here; those of programs are there."""
    etc, data = tmp_path / "etc", tmp_path / "var"
    etc.mkdir()
    return {"/etc/": f"{etc}/", "/var/lib/playhead": str(data)}


def served(shell, *options):
    """A daemon in another terminal, and its address."""
    job = shell.start(" ".join(["playhead", "serve", *options]))
    wait_until(lambda: LISTENING.search(job.text), "a daemon")
    return job, LISTENING.search(job.text)[1]


def settings(shell, text):
    """Writes the settings, of which each command then knows."""
    (shell.home / "playhead.toml").write_text(text, encoding="utf-8")
    shell.run("export PLAYHEAD_CONFIG=~/playhead.toml")


def test_readme(shell, tmp_path):
    """The first of the two commands; the second is what runs this test."""
    checkout = tmp_path / "checkout"
    (checkout / "ops").mkdir(parents=True)
    shutil.copy(ROOT / "ops/serve", checkout / "ops")
    install = checkout / "ops/install"
    install.write_text('#!/bin/sh\ntest "$1" = runtime\n', encoding="utf-8")
    install.chmod(0o755)
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    shell.run(f"cd {checkout}")
    reader = Reader("README.md", shell, left={"ops/test": "it is running"})
    job = reader.until("ops/serve")
    reader.rest()
    page = httpx.get(f"http://{reader.instead['127.0.0.1:8787']}/", trust_env=False)

    assert (checkout / "data/log.db").is_file()
    assert "text/html" in page.headers["content-type"]
    assert 0 == job.interrupt().code


def test_lua_readme(shell, tmp_path):
    """The clients lie where their players look for them; VLC is asked to load ours."""
    require_program("caddy", "install caddy to run this test")
    shell.program("vlc", 'echo "$@" >~/asked')
    vlc.install(tmp_path / "expected")
    shell.run(f"cd {ROOT}")
    Reader("lua/README.md", shell).rest()
    scripts = shell.home / ".config/mpv/scripts/playhead"

    assert (ROOT / "lua/playhead/main.lua").read_text() == (scripts / "main.lua").read_text()
    for folder in (".local/share/vlc", ".config/vlc"):
        assert files_in(tmp_path / "expected" / folder) == files_in(shell.home / folder)
    asked = (shell.home / "asked").read_text()
    options = shell.run("caddy reverse-proxy --help").text
    assert all(name in options for name in ("--from", "--to", "--change-host-header"))
    assert "--extraintf=luaintf --lua-intf=playhead FILE\n" == asked


def files_in(folder):
    """What lies in a folder, relative to it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_backup(shell, tmp_path):
    """Out while a daemon runs, and back into a directory without a log."""
    disk = {"/mnt/other-disk": str(tmp_path / "disk")}
    (tmp_path / "disk").mkdir()
    reader = Reader("ops/docs/backup.md", shell, instead=disk)
    job, _ = served(shell)
    reader.until("playhead backup")
    (backup,) = (tmp_path / "disk/playhead").iterdir()
    job.interrupt()
    shutil.move(shell.home / "data", tmp_path / "lost")
    reader.instead["playhead-20261121T030000Z-48213"] = backup.name
    reader.rest()

    assert 0 == shell.run("playhead verify").code


def test_archive(shell):
    """What is older than a year leaves the table, while no daemon runs."""
    (shell.home / "data").mkdir()
    fill_log(shell.home / "data/log.db", 20)
    Reader("ops/docs/archive.md", shell).rest()

    assert ["events-000000000001-000000000019.segment"] == files_in(shell.home / "data/archive")
    assert 0 == shell.run("playhead verify").code


def test_episodes(shell, tmp_path):
    """An episode is filed; what undo would do is shown, and then done."""
    videos = tmp_path / "videos"
    videos.mkdir()
    organizer = f'[[organizer]]\nname = "videos"\nfolder = "{videos}"\nstable_s = 0\n'
    settings(shell, organizer + "set_title = false\n")
    (videos / "Lights.S01E02.Storm.mkv").write_bytes(b"film")
    with TwoServers(shell.home / "data"):
        pass  # a log, as the daemon's first start makes it
    reader = Reader("ops/docs/episodes.md", shell, instead={"/data/videos": str(videos)})
    reader.until("playhead organize --dry-run")
    untouched = files_in(videos)
    shell.run("playhead organize")
    reader.until("playhead organize --undo last")
    filed = files_in(videos)
    reader.rest()

    assert ["Lights.S01E02.Storm.mkv"] == untouched == files_in(videos)
    assert ["Lights/Lights.S01E02.Storm.mkv"] == filed


def test_from_jellyporter(shell, places, attic, tmp_path):
    """What it kept becomes settings and history; then the check of the settings is content."""
    (tmp_path / "etc/jellyporter.yaml").write_text(
        f"clients:\n  attic: {{url: '{attic.url}', user: mara, api_key: {attic.add_api_key()}}}\n"
        f"database: {{path: {tmp_path}/jellyporter.db}}\n",
        encoding="utf-8",
    )
    rows = [
        (MOVIE, ("attic", "m1", "Harbour")),
        (CHANGE, ("attic", "m1", 1_760_000_000, 1_759_990_000, 10.0, 6_000_000_000, 1)),
    ]
    made(tmp_path / "jellyporter.db", ancestors.JELLYPORTER, rows).close()
    Reader("ops/docs/from-jellyporter.md", shell, instead=places).rest()

    assert "Harbour" in shell.run(f"playhead log --data {tmp_path}/var").text


def test_from_jellyfin_db_sync(shell, places, attic):
    """The same."""
    (shell.home / "config.yaml").write_text(
        f"servers:\n  - {{name: wan, url: '{attic.url}', api_key: {attic.add_api_key()}}}\n",
        encoding="utf-8",
    )
    entry = ("watched", "wan", "lan", "mara", "1" * 32, "Harbour", "played=True", 1, "done", WHEN)
    database = shell.home / "jellyfin-db-sync.db"
    made(database, ancestors.JELLYFIN_DB_SYNC, [(LOG_ENTRY, entry)]).close()
    page = "ops/docs/from-jellyfin-db-sync.md"
    Reader(page, shell, instead=places, typed={"user add": PASSWORD}).rest()

    assert "Harbour" in shell.run(f"playhead log --data {places['/var/lib/playhead']}").text


def test_from_media_sync_api(shell, tmp_path):
    """Its library is served as it lies, under the names of its environment."""
    (tmp_path / "projects/P1-Harbour").mkdir(parents=True)
    instead = {"/data/projects": f"{tmp_path}/projects", "_PORT=8787": "_PORT=0"}
    page = "ops/docs/from-media-sync-api.md"
    reader = Reader(page, shell, instead=instead, typed={"user add": PASSWORD})
    reader.rest()
    url = f"http://{reader.instead['127.0.0.1:8787']}/api/projects"

    def names():
        answer = httpx.get(url, auth=("NAME", "correct horse"), trust_env=False)
        return [project["name"] for project in answer.json()]

    wait_until(lambda: names() == ["P1-Harbour"], "the project that lay there")


def test_from_watchstate_and_jellyplex_watched(shell):
    """A look at a plan that nobody carries out."""
    (shell.home / "playhead.toml").write_text(CONFIGURATION, encoding="utf-8")
    page = "ops/docs/from-watchstate-and-jellyplex-watched.md"
    reader = Reader(page, shell)
    reader.rest()

    assert reader.is_done


def test_jellyfin(shell, attic):
    """A look at the plan; the webhook's destination is there afterwards, and posts to us."""
    key = attic.add_api_key()
    url = f'url = "{attic.url}"\napi_key = "{key}"'
    (shell.home / "playhead.toml").write_text(f'[[jellyfin]]\nname = "attic"\n{url}\n')
    Reader("ops/docs/jellyfin.md", shell).rest()
    (destination,) = attic.webhooks.configuration["GenericOptions"]

    assert "http://192.0.2.2:8787/webhook/attic" == destination["WebhookUri"]


def test_from_perpetual(shell):
    """The same, with where it left off."""
    (shell.home / "perpetual.toml").write_text('days = 7\nsocket_path = "/run/mpv.sock"\n')
    state = shell.home / ".local/state/perpetual_resume.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"path": "/srv/videos/harbour.mkv", "time": 61.5}', encoding="utf-8")
    Reader("ops/docs/from-perpetual.md", shell).rest()

    assert "position_s=61.5" in shell.run("playhead log").text


def test_timestampsync(shell):
    """Its bookmarks are positions."""
    (shell.home / "data").mkdir()
    database = shell.home / "data/database.db"
    made(database, ancestors.TIMESTAMPSYNC, [(BOOKMARK, (1, "harbour.mkv", 754, WHEN))]).close()
    Reader("ops/docs/timestampsync.md", shell).rest()

    assert "position_s=754" in shell.run("playhead log").text


def test_operating(shell):
    """With a user and a token it may listen for others."""
    reader = Reader(
        "ops/docs/operating.md",
        shell,
        instead={"--bind 0.0.0.0:8787": "--bind 127.0.0.1:0"},
        typed={"user add": PASSWORD},
    )
    reader.rest()
    url = f"http://{reader.instead['127.0.0.1:8787']}/api/positions"

    assert 401 == httpx.get(url, trust_env=False).status_code
    signed_in = httpx.get(url, auth=("mara", "correct horse"), trust_env=False)
    assert 200 == signed_in.status_code


def test_players(shell, tmp_path):
    """An mpv that waits to be spoken to, and a look at what would be filed."""
    shell.program("mpv", f'exec {require_mpv()} --vo=null --ao=null --no-terminal "$@"')
    (tmp_path / "videos").mkdir()
    instead = {"/run/user/1000/mpv.sock": "~/mpv", "/data/videos": str(tmp_path / "videos")}
    instead["--input-ipc-server=/run/user/1000/mpv.sock"] = f"--input-ipc-server={shell.home}/mpv"
    reader = Reader("ops/docs/players.md", shell, instead=instead)
    reader.rest()

    wait_until((shell.home / "mpv").exists, "the socket of mpv")


def test_projects(shell, tmp_path):
    """A clip is sent, a source registered."""
    require_program("curl", "install curl to run this test")
    (tmp_path / "nas/clips").mkdir(parents=True)
    settings(shell, f'[media]\nallowed_roots = ["{tmp_path}/nas"]\n')
    for name, scope in (("phone", "media"), ("admin", "admin")):
        token = make_token(shell.home / "data", "mara", scope)
        header = shell.home / f"{name}.header"
        header.write_text(f"Authorization: Bearer {token}\n", encoding="utf-8")
    (shell.home / "clip.mov").write_bytes(b"film")
    (shell.home / "data/projects/P1-Harbour").mkdir(parents=True)
    _, address = served(shell)
    instead = {"HOST:8787": address, "127.0.0.1:8787": address, "/mnt/nas": f"{tmp_path}/nas"}
    Reader("ops/docs/projects.md", shell, instead=instead).rest()
    sources = shell.run(f"curl -sS -H @phone.header http://{address}/api/sources")

    assert ["clip.mov"] == files_in(shell.home / "data/projects/P1-Harbour/ingest/originals")
    assert f"{tmp_path}/nas/clips" in sources.text


def test_resolve(shell, tmp_path):
    """The doctor says what is missing; what belongs to other systems is not typed."""
    left = {
        "py ": "Windows",
        "%LOCALAPPDATA%": "Windows",
        "schtasks": "Windows",
        "python3.12": "takes packages from PyPI; ops/build does so",
        "~/.local/share/playhead/bin/pip": "takes packages from PyPI",
    }
    shell.run(f"export RESOLVE_SCRIPT_API={ResolveDouble(tmp_path / 'resolve').api}")
    token = make_token(shell.home, "mara", "media")
    (shell.home / "playhead.token").write_text(f"{token}\n", encoding="utf-8")
    shell.run("mkdir data && mv credentials.json data/")
    _, address = served(shell)
    Reader("ops/docs/resolve.md", shell, instead={"SERVER:8787": address}, left=left).rest()


def test_packaging(shell, tmp_path):
    """Files are put where they belong, and what is enabled is shipped."""
    root = tmp_path / "root"
    for folder in ("etc/systemd/system", "usr/local/bin", "var/lib/playhead", "var/backups"):
        (root / folder).mkdir(parents=True)
    folders = {f" /{name}/": f" {root}/{name}/" for name in ("etc", "usr", "var")}
    instead = {
        "/opt/playhead/bin/playhead": "playhead",
        "~/.local/bin/playhead config": "playhead config",
        ">/etc/": f">{root}/etc/",
        "=/var/": f"={root}/var/",
        " /etc/systemd/system ": f" {root}/etc/systemd/system ",
        " /usr/local/bin ": f" {root}/usr/local/bin ",
        " /etc/playhead\n": f" {root}/etc/playhead\n",
        **folders,
    }
    left = {
        "apt-get": "needs root and a mirror",
        "/usr/bin/python3 -m venv": "takes packages from PyPI",
        "/opt/playhead/bin/pip": "takes packages from PyPI",
        "python3 -m venv": "takes packages from PyPI",
        "~/.local/share/playhead-program/bin/pip": "takes packages from PyPI",
    }
    with TwoServers(root / "var/lib/playhead"):
        pass  # a log, as the first start makes it
    shell.program("systemctl", KNOWN_UNITS)
    shell.program("playhead-as-service", f'playhead "$@" --data {root}/var/lib/playhead')
    (root / "ops").symlink_to(ROOT / "ops")
    shell.run(f"cd {root}")  # a checkout that may be written to
    typed = {"user add": PASSWORD, "cat >": "ph_of_the_other_machine\n"}
    reader = Reader("ops/packaging/README.md", shell, instead=instead, typed=typed, left=left)
    reader.until("systemctl restart")
    shell.run(f"playhead backup {root}/var/backups/playhead --data {root}/var/lib/playhead")
    shell.run(f"rm {root}/var/lib/playhead/{{log,views}}.db*")
    (backup,) = (root / "var/backups/playhead").iterdir()
    reader.instead["/NAME"] = f"/{backup.name}"
    reader.rest()

    assert 0 == shell.run("playhead-as-service verify").code


def watched(servers):
    """What happened on the two servers that the page tells of; cellar then went mad."""
    harbour = {"position_ticks": ticks(2550), "last_played_ns": servers.clock.now_ns()}
    servers.seen("attic", "f1", position_ticks=ticks(600), play_count=1)
    servers.deliver("cellar")
    poke = Poke(kind="userdata", user_id="a-mara", item_id="a-f1", reason="PlaybackFinished")
    said = {"server": "attic", "body": b"{}", "type": "UserDataSaved", "pokes": (poke,)}
    servers.order(ReceiveWebhook(source="webhook", actor="attic", **said))
    servers.seen("attic", "f1", play_count=2, reasons=("PlaybackFinished",), **harbour)
    servers.deliver("cellar")
    servers.seen("cellar", "f1", play_count=1, **harbour)
    servers.seen("cellar", "f1", via="sweep", played=True, play_count=2, **harbour)
    servers.seen("cellar", "f2", play_count=1)
    servers.seen("cellar", "f3", played=True, play_count=1)
    servers.deliver("attic")
    reached = {"attic": "10.11.2", "cellar": "10.10.7"}
    swept = {"server": "attic", "items_count": 3, "differences_count": 0, "requests_count": 1}
    why = "240 of 611 watched titles are unwatched there all at once."
    for event in (
        *(
            ServerReached(server=name, server_id=name, name=name.title(), version=version)
            for name, version in reached.items()
        ),
        SweepStarted(server="attic", kind="full"),
        SweepFinished(kind="full", **swept),
        SweepStarted(server="attic", kind="quick"),
        SweepFinished(kind="quick", **swept),
        BrakePulled(server="cellar", reason=why, suspects_count=240, known_count=611),
    ):
        servers.order(Record(source="jellyfin", actor="attic", event=event))


def test_undo_and_explain(shell):
    """All that the page shows comes out just so when that has happened."""
    with TwoServers(shell.home / "data") as servers:
        watched(servers)
    token = make_token(shell.home / "data", "mara", "admin")
    (shell.home / "token").write_text(f"{token}\n", encoding="utf-8")
    refused = ["playhead explain harb"]
    Reader("ops/docs/undo-and-explain.md", shell, refused=refused).rest()
