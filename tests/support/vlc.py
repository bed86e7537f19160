"""A real VLC without window and sound, with the Lua client installed as lua/README.md says.

VLC refuses to run as root, so tests that do run it as `nobody`, in a folder that `nobody` may use.
`VlcHome` is such a folder, made a user's home; `Vlc` is one player in it, driven over the text
interface that VLC offers on a socket.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from support.mpv import (
    POLL_S,
    QUIT_TIMEOUT_S,
    START_TIMEOUT_S,
    WAIT_TIMEOUT_S,
    require_program,
    wait_until,
    write_wav,
)

LUA = Path(__file__).resolve().parents[2] / "lua"
NOBODY = 65534
ANSWER_TIMEOUT_S = 20.0
TEXT_BYTES = 65536


def require_vlc() -> str:
    """The path of VLC. Without one the test fails in CI and is skipped elsewhere."""
    hint = "install VLC (Debian: apt-get install vlc-bin vlc-plugin-base) to run this test"
    return require_program("vlc", hint)


def _other_user() -> dict[str, Any]:
    """What Popen needs so that VLC does not see itself run by root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def install(home: Path) -> None:
    """Copies the client where lua/README.md says it belongs."""
    scripts = home / ".local/share/vlc/lua/intf"
    shutil.copytree(LUA / "playhead", scripts / "modules/playhead")
    shutil.copytree(LUA / "vlc", scripts / "modules/vlc")
    shutil.copy(LUA / "vlc/playhead.lua", scripts)
    (home / ".config/vlc").mkdir(parents=True)
    shutil.copy(LUA / "vlc/playhead.conf", home / ".config/vlc")


class VlcHome:
    """The home of a user of VLC; use as a context manager, which removes it with its players."""

    def __init__(self, url: str) -> None:
        self.url = url
        # Not below tmp_path, which only its owner may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="vlc-", dir="/tmp"))
        self.spool = self.folder / ".local/state/playhead/spool"
        self._started: list[Vlc] = []

    def __enter__(self) -> Self:
        install(self.folder)
        self._give()
        return self

    def __exit__(self, *_exception: object) -> None:
        for player in self._started:
            player.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _give(self) -> None:
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)

    def film(self, name: str, seconds: float, *, seed: int | str | None = 0) -> Path:
        """A film in this home."""
        return write_wav(self.folder / "films" / name, seconds, seed=seed)

    def start(
        self,
        *items: str | Path,
        arguments: Sequence[str] = (),
        rate: int = 1,
        **options: object,
    ) -> Vlc:
        """
        A player; keyword arguments are options of the client, written to its file. At a `rate` of 4
        nobody waits long for a film to go on.
        """
        chosen = {"url": self.url, "heartbeat_interval": 1, "timeout": 5, **options}
        lines = "".join(f"{name}={value}\n" for name, value in chosen.items())
        path = self.folder / ".config/vlc/playhead.conf"
        path.write_text((LUA / "vlc/playhead.conf").read_text() + lines)
        speed = [f"--rate={rate}", *arguments]
        player = Vlc(self.folder, *items, arguments=speed, number=len(self._started))
        self._started.append(player)
        return player

    def waiting(self) -> list[dict[str, Any]]:
        """The reports that wait in the spool, oldest first."""
        reports = []
        for path in [*self.spool.glob("*.jsonl"), *self.spool.glob("*.batch")]:
            with suppress(FileNotFoundError):  # sent and removed meanwhile
                reports += [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return sorted(reports, key=lambda report: float(report["client_time_s"]))


class Vlc:
    """One VLC process; it ends with its home."""

    def __init__(
        self, home: Path, *items: str | Path, arguments: Sequence[str] = (), number: int = 0
    ) -> None:
        self.log_path = home / f"vlc{number}.log"
        self._socket_path = home / f"rc{number}.sock"
        self._connection: socket.socket | None = None
        self._text = ""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    require_vlc(),
                    *("--intf=oldrc", f"--rc-unix={self._socket_path}", "--rc-fake-tty"),
                    *("--extraintf=luaintf", "--lua-intf=playhead", "--verbose=2"),
                    *("--vout=dummy", "--aout=dummy", "--no-media-library", "--no-dbus"),
                    *arguments,
                    *(path.as_uri() if isinstance(path, Path) else path for path in items),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home,
                env={**environment, "HOME": str(home)},
                **_other_user(),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _connected(self) -> socket.socket:
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._connection is None:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self._socket_path))
            except OSError:
                connection.close()
                assert self.process.poll() is None, f"VLC ended\n{self.log()}"
                assert time.monotonic() < deadline, f"VLC opened no socket\n{self.log()}"
                time.sleep(POLL_S)
            else:
                self._connection = connection
                connection.settimeout(ANSWER_TIMEOUT_S)
        return self._connection

    def ask(self, command: str, answer: str) -> str:
        """Sends a command; gives the first group of `answer`, found in what VLC says next."""
        connection = self._connected()
        connection.sendall(command.encode() + b"\n")
        text = ""
        while not (found := re.search(answer, text, re.MULTILINE)):
            piece = connection.recv(TEXT_BYTES).decode("utf-8", "replace")
            assert piece, f"VLC hung up on {command}\n{self.log()}"
            text += piece
        return found[1]

    def do(self, command: str) -> None:
        """Runs a command such as `next`."""
        self.ask(command, rf"^({command.split(maxsplit=1)[0]}): returned 0")

    def position_s(self) -> int:
        """Where VLC is, in whole seconds."""
        return int(self.ask("get_time", r"^(\d+)\r$"))

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Waits for a condition; the player's log is part of the complaint."""
        try:
            wait_until(condition, what, WAIT_TIMEOUT_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def wait_playing(self, item: str | Path | None = None) -> None:
        """Returns once something, or that item, plays."""
        wanted = item.as_uri() if isinstance(item, Path) else item

        def is_playing() -> bool:
            status = self.ask("status", r"(?s)(.*)status: returned 0")
            inputs = re.findall(r"\( new input: (.*) \)", status)
            states = re.findall(r"\( (\w+) state: \d+ \)", status)
            is_wanted = bool(inputs) and wanted in (None, inputs[-1])
            return is_wanted and states[-1:] in (["play"], ["pause"])

        self.wait(is_playing, f"playing {item or 'anything'}")

    def wait_seen(self, playback: int = 1) -> None:
        """Returns once the client has noticed what plays, counting what played before."""
        wanted = f"opened playback {playback}, ".encode()
        self.wait(lambda: wanted in self.log_path.read_bytes(), f"playback {playback} to be seen")

    def seek(self, position_s: int, *, playback: int = 1) -> None:
        """Seeks in what the client has noticed, and returns when VLC plays on from there."""
        self.wait_seen(playback)
        self.do(f"seek {position_s}")
        self.wait(lambda: self.position_s() > position_s, f"seek to {position_s}")

    def quit(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends VLC by a signal; fails when it takes longer than a busy machine explains."""
        self.process.send_signal(number)
        self.process.wait(QUIT_TIMEOUT_S)

    def log(self) -> str:
        """The last lines of VLC's log that concern the client or errors."""
        lines = self.log_path.read_text("utf-8", "replace").splitlines()
        telling = [line for line in lines if "[playhead]" in line or " error: " in line]
        return "\n".join(telling[-40:])

    def close(self) -> None:
        """Ends the process and the connection."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(QUIT_TIMEOUT_S)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
