"""Playhead as a service of a real systemd, from the units that are shipped."""

import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image

from support.booted import Machine, require_bootable
from support.media_clips import require_ffmpeg, write_clip
from support.mpv import require_program, wait_until

URL = "http://127.0.0.1:8787"
PASSWORD = "a-password-for-this-test"
HOME = Path("/root")
"""Of whoever gives orders in the machine."""

CREDENTIAL = f"mara:{PASSWORD}"
QUICK = "[Service]\nWatchdogSec=4\nRestartSec=100ms\n"
FILES = {
    "etc/playhead/playhead.toml": '[auth]\nuser = "mara"\n',
    "etc/credstore/playhead.auth.password": f"{PASSWORD}\n",
    "etc/systemd/system/playhead.service.d/quick.conf": QUICK,
}
STEADY = "from support.steady import main; main()"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A booted machine on which `systemctl enable --now playhead.socket` was said."""
    require_bootable()
    require_program("curl", "install curl to run this test")
    try:
        booted = Machine(tmp_path_factory.mktemp("machine"), files=FILES)
    except AssertionError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no systemd can be booted here: {error}")
    with booted:
        booted.run("systemctl", "enable", "--now", "playhead.socket")
        yield booted


def curl(machine, path, *options):
    """The answer to a request from inside the machine."""
    return machine.run("curl", "-sS", "--max-time", "60", *options, URL + path)


def type_of(machine, path):
    """What kind of thing is there."""
    told = ("--user", CREDENTIAL, "--output", "/dev/null", "--write-out", "%{content_type}")
    return curl(machine, path, *told)


def steady_clients(machine):
    """Clients of the daemon that are under way, and go on until they are told to stop."""
    clients = machine.in_network("-c", STEADY, URL, CREDENTIAL)
    assert b"\n" == clients.stdout.readline()
    return clients


def told_by(clients):
    """What came of them."""
    told, _ = clients.communicate(timeout=100)
    return json.loads(told)


def test_the_first_request_starts_it(machine):
    """As a user of its own, in a sandbox, with the password that only systemd may read."""
    machine.run("systemctl", "stop", "playhead.service")
    before = machine.show("playhead.service", "ActiveState")
    anonymous = curl(machine, "/api/positions")
    signed_in = curl(machine, "/api/whoami", "--user", CREDENTIAL)
    process = machine.show("playhead.service", "MainPID")
    status = machine.run("cat", f"/proc/{process}/status")
    owner = machine.run("stat", "--format=%u %a", "/var/lib/private/playhead").split()

    assert "inactive" == before
    assert 401 == json.loads(anonymous)["status"]
    assert "mara" == json.loads(signed_in)["user"]
    assert f"Serving {URL}." == machine.show("playhead.service", "StatusText")
    assert "0" != owner[0]
    assert "700" == owner[1]
    assert f"Uid:\t{owner[0]}\t" in status
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


def test_a_command_is_run_as_the_service(machine):
    """What it writes is the service's own: a token that was made so is known at once."""
    curl(machine, "/healthz")
    told = machine.run("playhead-as-service", "token", "add", "--user", "omar", "--scope", "play")
    token = re.search(r"ph_[\w-]+", told)[0]
    header = f"Authorization: Bearer {token}"

    wait_until(lambda: "omar" in curl(machine, "/api/whoami", "--header", header), "omar")


def test_what_is_shown_of_media_is_made_in_the_sandbox(machine, tmp_path):
    """ffmpeg and the decoders of photographs are let do what they need."""
    require_ffmpeg()
    clip = write_clip(tmp_path / "clip.mp4")
    photo = tmp_path / "photo.jpg"
    Image.new("RGB", (320, 200), "teal").save(photo)
    for file in (clip, photo):
        machine.give(file, HOME / file.name)
    curl(machine, "/api/projects", "--user", CREDENTIAL, "--json", '{"name": "Demo"}')

    for name in (clip.name, photo.name):
        form = ("--user", CREDENTIAL, "--form", f"file=@{HOME / name}")
        stored = json.loads(curl(machine, "/api/projects/P1-Demo/upload", *form))
        thumbnail = f"/thumbnails/P1-Demo/{stored['sha256']}.jpg"
        wait_until(lambda path=thumbnail: "image/jpeg" == type_of(machine, path), "a picture")


def test_a_restart_under_load_costs_no_request(machine):
    """systemd keeps the socket, the old daemon finishes what it began, the new one goes on."""
    curl(machine, "/healthz")
    clients = steady_clients(machine)
    process = machine.show("playhead.service", "MainPID")
    machine.run("systemctl", "restart", "playhead.service")
    curl(machine, "/healthz")
    told = told_by(clients)

    assert [] == told["failures"]
    assert process != machine.show("playhead.service", "MainPID")


def test_one_that_is_stuck_or_dead_is_started_again_and_has_lost_nothing(machine):
    """The journal says where the stuck one was; then the log is proved, and backed up."""
    curl(machine, "/healthz")
    clients = steady_clients(machine)
    restarts = int(machine.show("playhead.service", "NRestarts"))
    machine.run("systemctl", "kill", "--signal=STOP", "playhead.service")
    machine.wait_until("playhead.service", "NRestarts", str(restarts + 1))
    machine.wait_until("playhead.service", "ActiveState", "active")
    machine.run("systemctl", "kill", "--signal=KILL", "--kill-who=main", "playhead.service")
    machine.wait_until("playhead.service", "NRestarts", str(restarts + 2))
    curl(machine, "/healthz")
    promised = told_by(clients)["acknowledged"]
    machine.run("systemctl", "start", "playhead-verify.service", "playhead-backup.service")
    machine.run("systemctl", "enable", "--now", "playhead-verify.timer", "playhead-backup.timer")
    timers = machine.run("systemctl", "list-timers", "--no-legend", "--no-pager", "playhead*")
    journal = machine.journal("playhead.service")
    export = machine.run("/opt/playhead/bin/playhead", "export", "--data", "/var/lib/playhead")
    events = [json.loads(line) for line in export.splitlines() if line.startswith("{")]
    recorded = {event["id"]: event["seq"] for event in events}

    assert "Watchdog timeout" in journal
    assert "Fatal Python error: Aborted" in journal
    assert "serve_forever" in journal
    assert "Everything holds." in machine.journal("playhead-verify.service")
    assert "everything in it holds." in machine.journal("playhead-backup.service")
    assert 2 == len(timers.splitlines())
    assert 0 < len(promised)
    assert promised == {key: recorded.get(key) for key in promised}
