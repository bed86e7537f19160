"""
The image, built and run as the compose file runs it: nobody in particular, a read-only root, no
capabilities. It runs only when named (`ops/test packaging`), as root on Debian with the programs
of `PROGRAMS`, and takes minutes.

No registry of images is asked: what the Containerfile begins with is made of Debian's packages.
"""

import json
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.builders import report_body
from support.checkout import ROOT
from support.mpv import wait_until

CONTAINERFILE = ROOT / "ops" / "packaging" / "container" / "Containerfile"
PROGRAMS = ("mmdebstrap", "buildah", "podman", "crun")
BASE = "python3,python3-venv,python3-pip,python-is-python3,ca-certificates"
IMAGE = "localhost/playhead:tried"
USER = 10001
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
LOGIN = ("somebody", "a long enough password")
START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 20.0

OWN_GROUPS = """
umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
exec "$@"
"""
"""crun wants control groups of the second version, wherever this runs."""

pytestmark = pytest.mark.timeout(1_200)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The storage in which the built image is."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing or os.geteuid():
        pytest.skip(f"needs root and apt-get install {' '.join(missing or PROGRAMS)}")
    folder = tmp_path_factory.mktemp("image")
    storage = folder / "storage.conf"
    storage.write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    (folder / "pip.conf").write_text(f"[global]\ncert = {AUTHORITIES}\n")
    environment = os.environ | {"CONTAINERS_STORAGE_CONF": str(storage)}
    base = folder / "base.tar"
    mounts = [f"{AUTHORITIES}:{AUTHORITIES}:ro", f"{folder}/pip.conf:/etc/pip.conf:ro"]
    for command in (
        ["mmdebstrap", "--variant=minbase", f"--include={BASE}", "bookworm", base],
        ["podman", "import", "--quiet", base, name_of_base()],
        [
            *("buildah", "build", "--isolation", "chroot", "--pull=never", "--network", "host"),
            *(word for mount in mounts for word in ("--volume", mount)),
            *("--build-arg", "MEDIA_TOOLS=", "--format", "docker", "-f", CONTAINERFILE),
            *("-t", IMAGE, ROOT),
        ],
    ):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=900
        )
        assert 0 == done.returncode, done.stderr[-2_000:]
    yield environment
    subprocess.run(["podman", "system", "reset", "--force"], env=environment, check=True)


def name_of_base():
    """What the Containerfile begins with."""
    lines = CONTAINERFILE.read_text(encoding="utf-8").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("FROM "))


@contextmanager
def running(environment, data, log):
    """A container as the compose file makes it; gives its URL and the id of its process."""
    command = [
        *("unshare", "-m", "bash", "-c", OWN_GROUPS, "-", "podman", "run", "--rm"),
        *("--cgroups=disabled", "--no-healthcheck", "--network=host", "--read-only"),
        *("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=10000:10000"),
        *("--cap-drop=all", "--security-opt", "no-new-privileges", "-v", f"{data}:/data"),
        *("-e", f"BASIC_AUTH_USER={LOGIN[0]}", "-e", f"BASIC_AUTH_PASS={LOGIN[1]}"),
        *(IMAGE, "serve", "--bind", "127.0.0.1:0"),
    ]
    with log.open("wb") as lines:
        container = subprocess.Popen(command, env=environment, stderr=lines)
    try:
        wait_until(lambda: url_in(log), "the daemon in it", timeout_s=START_TIMEOUT_S)
        (found,) = subprocess.run(
            ["pgrep", "--uid", str(USER), "--full", "playhead serve"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        yield url_in(log), int(found)
        os.kill(int(found), signal.SIGTERM)
        assert 0 == container.wait(END_TIMEOUT_S)
    finally:
        container.kill()
        container.wait()


def url_in(log):
    """Where the daemon listens, by its log; "" as long as it does not."""
    told = map(json.loads, filter(is_whole, log.read_text(encoding="utf-8").splitlines(True)))
    return next((line["url"] for line in told if line["event"] == "listening"), "")


def is_whole(line):
    """Whether it is a line of the daemon's, to its end."""
    return line.startswith("{") and line.endswith("}\n")


def test_it_runs_without_any_right_and_keeps_what_it_was_told(image, tmp_path):
    """On a root nobody can write; what was recorded is there in the next container."""
    tmp_path.chmod(0o711)
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, USER, USER)
    log = tmp_path / "log"
    with httpx.Client(auth=LOGIN, trust_env=False) as client:
        with running(image, data, log) as (url, daemon):
            status = Path(f"/proc/{daemon}/status").read_text(encoding="utf-8")
            told = dict(line.split(":\t", 1) for line in status.splitlines())
            client.post(f"{url}/api/positions", json=report_body()).raise_for_status()
        with running(image, data, log) as (url, _):
            kept = client.get(f"{url}/api/positions").json()["positions"]

    assert {str(USER)} == set(told["Uid"].split())
    assert 0 == int(told["CapEff"], 16)
    assert ("1", "2") == (told["NoNewPrivs"].strip(), told["Seccomp"].strip())
    assert 1 == len(kept)
