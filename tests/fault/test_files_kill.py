"""
Processes killed while they place and move files: whatever bears the name of a clip is whole, and
the next start removes the rest.
"""

import hashlib
import random
import signal
import subprocess
import time

import pytest

from support.roots import (
    CHILD_OPTIONS,
    FOLDER,
    PROJECT,
    child,
    claimed_root,
    cleaned_by_the_next_process,
    files_under,
    other_disk,
    run_child,
    stored,
)
from support.small_disk import small_disk

SIZE_BYTES = 3 * 1024 * 1024
CLIP = f"{FOLDER}/clip.mov"
DISK_BYTES = 64 * 1024 * 1024
KILLS = 5
LINES_MAX = 12

MOVE = """
import os, signal, sys
from adapters.files import transfer
from adapters.files.roots import Root
asked = iter(range(1, 1000))
def cancelled():
    if next(asked) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return False
here, there = Root(sys.argv[1]), Root(sys.argv[2])
transfer.move(here, "P1-Shoot", sys.argv[4], (there, "P1-Shoot", sys.argv[4]), cancelled=cancelled)
"""

STORE_FOR_EVER = """
import hashlib, os, sys
from adapters.files import trash
from adapters.files.parts import Part
from adapters.files.roots import Root
root, project, run = Root(sys.argv[1]), sys.argv[2], sys.argv[3]
for number in range(100_000):
    content = os.urandom(300_000)
    name = hashlib.sha256(content).hexdigest() + ".mov"
    part = Part.create(root, f"{run}-{number}")
    part.write(content)
    part.finish(0o664)
    entry = part.place(project, "ingest/originals", name)
    print("stored", name, flush=True)
    if number % 4:
        print("throwing", name, flush=True)
        trash.throw_away(root, project, entry.path, f"{run}-{number}")
        trash.delete(root, f"{run}-{number}")
"""


@pytest.fixture
def root(tmp_path):
    """A root with a project."""
    return claimed_root(tmp_path / "root")


def media_under(folder):
    """The files with the name of a clip and their content."""
    return {path: text for path, text in files_under(folder).items() if path.endswith(".mov")}


def test_move_to_another_disk_is_killed_at_every_step(root, tmp_path):
    """The original stays until the copy is whole, and half a copy never bears its name."""
    content = random.Random(1).randbytes(SIZE_BYTES)
    with other_disk(tmp_path) as folder:
        far = claimed_root(folder / "far", "far")
        stored(root, "clip.mov", content)
        for step in range(1, 7):
            done = run_child(MOVE, root.path, far.path, step, CLIP)
            litter = len(files_under(far.path))

            assert -signal.SIGKILL == done.returncode
            assert {f"{PROJECT}/{CLIP}": content} == files_under(root.path)
            assert {} == media_under(far.path)
            assert litter == cleaned_by_the_next_process(far)
            assert {} == files_under(far.path)

        assert 0 == run_child(MOVE, root.path, far.path, 0, CLIP).returncode
        assert {f"{PROJECT}/{CLIP}": content} == files_under(far.path)
        assert {} == files_under(root.path)


def killed_while_storing(root, project, run):
    """What a process said until it was killed at some moment."""
    command = child(STORE_FOR_EVER, root.path, project, run)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **CHILD_OPTIONS) as process:
        moment = random.Random(run)
        lines = [process.stdout.readline() for _ in range(moment.randrange(1, LINES_MAX))]
        time.sleep(moment.uniform(0, 0.02))
        process.kill()
        lines += process.stdout.read().splitlines(keepends=True)
    return [line.split() for line in lines if line.endswith("\n")]


@pytest.fixture(params=["same disk", "disk of its own"])
def project(request, root):
    """A project in the root, or a disk mounted there."""
    if request.param == "same disk":
        yield PROJECT
        return
    with small_disk(root.path / "P2-Disk", size_bytes=DISK_BYTES) as disk:
        yield disk.folder.name


def test_storing_is_killed_at_any_moment(root, project):
    """What was acknowledged is there, what has a name is whole, and nothing else remains."""
    said = [line for run in range(KILLS) for line in killed_while_storing(root, project, run)]
    cleaned_by_the_next_process(root)
    found = {path.rpartition("/")[2]: text for path, text in files_under(root.path).items()}
    stored_names = {name for word, name in said if word == "stored"}
    thrown_names = {name for word, name in said if word == "throwing"}

    assert set() == stored_names - thrown_names - set(found)
    assert {f"{sha256(text)}.mov" for text in found.values()} == set(found)
    assert thrown_names


def sha256(content):
    """The hash of some bytes."""
    return hashlib.sha256(content).hexdigest()
