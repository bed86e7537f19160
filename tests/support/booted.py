"""
A real systemd, booted in a container of systemd-nspawn over this machine's own files, with Playhead
installed as ops/packaging/README.md says. What it writes goes into memory; nothing of it is left.

It needs root that may mount and make namespaces. The container has a network of its own, so that
the units listen on the ports that they name.
"""

import compileall
import itertools
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from support.checkout import PACKAGES, ROOT
from support.mpv import require_program

UNITS = ROOT / "ops" / "packaging" / "systemd"
OPT = Path("opt/playhead")
VERSION = f"python3.{sys.version_info.minor}"
LIFE_S = 300
"""Whatever happens to the tests, the machine is gone by then."""
BOOT_TIMEOUT_S = 60.0
COMMAND_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
POLL_S = 0.05
MAY_DO_ALL = 1 << 21
"""CAP_SYS_ADMIN, as /proc/self/status counts it."""

CGROUPS = Path("/sys/fs/cgroup")
"""Below this, in one place or the other, systemd keeps its groups; two machines share none."""

BOOT = """
set -eu
place=$1 files=$2 name=$3
shift 3
for group in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  if [ -e "$group/cgroup.procs" ] && mkdir "$group/$name"; then
    echo 0 >"$group/$name/cgroup.procs"
  fi
done
mount -t tmpfs -o mode=0755,size=1g tmpfs "$place"
mkdir "$place/work" "$place/merged"
cp -a "$files" "$place/up"
chmod 0755 "$place/up"
chmod -R a+rX "$place/up/opt"
mount -t overlay -o "lowerdir=/,upperdir=$place/up,workdir=$place/work" overlay "$place/merged"
mkdir -p /run/systemd/nspawn
mount -t tmpfs -o mode=0755 tmpfs /run/systemd/nspawn
exec systemd-nspawn --quiet --directory="$place/merged" --machine="$name" --boot \\
  --register=no --keep-unit --private-network --resolv-conf=off --timezone=off --link-journal=no \\
  --console=pipe --kill-signal=SIGRTMIN+3 "$@" systemd.unit=basic.target systemd.show_status=no
"""

COMMAND = """#!/opt/playhead/bin/python3
import sys
from daemon.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""

_numbers = itertools.count(1)


def require_bootable() -> None:
    """Skips where systemd cannot be booted, by anybody; a missing program is another matter."""
    for program in ("systemd-nspawn", "unshare", "nsenter"):
        require_program(program, "install systemd-container (Debian) to boot a real systemd")
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    capabilities = status.partition("CapEff:")[2].split()[0]
    if os.geteuid() != 0 or not int(capabilities, 16) & MAY_DO_ALL:
        pytest.skip("only root that may mount and make namespaces can boot a real systemd")


class Machine:
    """A booted systemd with the units installed and none started; use it as a context manager."""

    def __init__(self, folder: Path, *, files: Mapping[str, str]) -> None:
        self.name = f"playhead-{os.getpid()}-{next(_numbers)}"
        self._told = folder / "console"
        self._place = folder / "machine"
        self._place.mkdir()
        _write_files(folder / "files", files)
        self._process = self._boot(folder / "files")
        try:
            self._leader = self._wait_for_leader()
            self._wait_for_boot()
        except BaseException:
            self.close()
            raise

    def _boot(self, files: Path) -> subprocess.Popen[bytes]:
        bound = [f"--bind-ro={sysconfig.get_path('purelib')}:/opt/packages"]
        if not _is_system_python():
            bound.append(f"--bind-ro={sys.base_prefix}:/opt/python")
        namespaces = ["--mount", "--propagation=private", "--pid", "--fork", "--mount-proc"]
        script = ["sh", "-c", BOOT, "sh", str(self._place), str(files), self.name, *bound]
        unshare = ["unshare", *namespaces, "--kill-child", *script]
        with self._told.open("wb") as told:
            return subprocess.Popen(
                ["timeout", "--signal=KILL", str(LIFE_S), *unshare],
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_for_leader(self) -> int:
        deadline = time.monotonic() + BOOT_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            for process in _descendants(self._process.pid):
                with suppress(OSError):
                    if Path(f"/proc/{process}/comm").read_text(encoding="utf-8") == "systemd\n":
                        return process
            time.sleep(POLL_S)
        raise AssertionError(f"systemd did not start: {self.console}")

    def _wait_for_boot(self) -> None:
        deadline = time.monotonic() + BOOT_TIMEOUT_S
        state = ""
        while state not in {"running", "degraded"}:
            assert time.monotonic() < deadline, f"{state}: {self.console}"
            time.sleep(POLL_S)
            state = self.run("systemctl", "is-system-running", code=None).strip()

    @property
    def console(self) -> str:
        """What the container and its systemd wrote to the console."""
        return self._told.read_text(encoding="utf-8", errors="replace")

    def run(self, *command: str | Path, code: int | None = 0) -> str:
        """What a command inside says; fails with it if its exit code is another."""
        inside = ["nsenter", f"--target={self._leader}", "--all", *command]
        done = subprocess.run(
            inside,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_TIMEOUT_S,
        )
        told = done.stdout.decode(errors="replace")
        assert code in {None, done.returncode}, f"{command}: {done.returncode}\n{told}"
        return told

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--property", name, "--value", unit).strip()

    def journal(self, unit: str) -> str:
        """All that a unit wrote, and what systemd says about it."""
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")

    def give(self, file: Path, place: Path) -> None:
        """Puts a file of ours there."""
        shutil.copy(file, Path(f"/proc/{self._leader}/root", *place.parts[1:]))

    def in_network(self, *program: str) -> subprocess.Popen[bytes]:
        """A Python program of the tests that runs outside, but reaches what listens inside."""
        namespace = f"--net=/proc/{self._leader}/ns/net"
        paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        return subprocess.Popen(
            ["nsenter", namespace, sys.executable, *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )

    def wait_until(self, unit: str, name: str, value: str) -> None:
        """Returns once a property of a unit has a value; fails with its journal if it never has."""
        deadline = time.monotonic() + COMMAND_TIMEOUT_S
        while self.show(unit, name) != value:
            assert time.monotonic() < deadline, self.journal(unit)
            time.sleep(POLL_S)

    def close(self) -> None:
        """The plug is pulled."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_TIMEOUT_S)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while groups := [*CGROUPS.glob(self.name), *CGROUPS.glob(f"*/{self.name}")]:
            assert time.monotonic() < deadline, groups
            time.sleep(POLL_S)
            for group in groups:
                _remove_group(group)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _descendants(process: int) -> list[int]:
    """All that came from a process, the nearest first."""
    found = [process]
    for each in found:
        with suppress(OSError):
            children = Path(f"/proc/{each}/task/{each}/children").read_text(encoding="utf-8")
            found += map(int, children.split())
    return found[1:]


def _remove_group(group: Path) -> None:
    """Removes a control group as far as nobody is in it any more."""
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            Path(folder).rmdir()


def _is_system_python() -> bool:
    return Path("/usr/bin", VERSION).exists()


def _write_files(place: Path, files: Mapping[str, str]) -> None:
    """What differs from this machine: Playhead, its units, and no disks to be mounted."""
    units = place / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    for unit in UNITS.glob("*.*"):
        shutil.copy(unit, units)
    programs = place / "usr" / "local" / "bin"
    programs.mkdir(parents=True)
    shutil.copy(UNITS / "playhead-as-service", programs)
    _install(place / OPT)
    for name, text in {"etc/fstab": "", "etc/crypttab": "", **files}.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600 if "credstore" in name else 0o644)


def _install(place: Path) -> None:
    """
    A virtual environment with this checkout in it. Other people's packages are those of the tests'
    own. A Python that lives in somebody's home is shown to the container at another place.
    """
    home = Path("/usr/bin") if _is_system_python() else Path("/opt/python/bin")
    packages = place / "lib" / VERSION / "site-packages"
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("*.pyc.*")  # being written by somebody else
        shutil.copytree(ROOT / name, packages / name, ignore=ignored)
        compileall.compile_dir(packages / name, quiet=1, stripdir=str(place.parents[1]))
    (packages / "others.pth").write_text("/opt/packages\n", encoding="utf-8")
    (place / "pyvenv.cfg").write_text(f"home = {home}\n", encoding="utf-8")
    programs = place / "bin"
    programs.mkdir()
    (programs / "python3").symlink_to(home / VERSION)
    command = programs / "playhead"
    command.write_text(COMMAND, encoding="utf-8")
    command.chmod(0o755)
