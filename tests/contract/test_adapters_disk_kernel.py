"""Opening beneath a directory and renaming without overwriting, in each of the ways there are."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from adapters.disk import kernel
from adapters.disk.kernel import held, open_beneath, open_by_parts, rename_exclusively
from support.roots import names_in, other_disk

OPENINGS = [open_beneath, open_by_parts]
RENAMINGS = [
    rename_exclusively,
    kernel._rename_noreplace,
    kernel._link_and_unlink,
    kernel._reserve_and_rename,
]
RACERS = 50


def opened(folder):
    """The descriptor of a directory."""
    return held(os.open(folder, kernel.DIRECTORY))


def refusal(opening, folder, path):
    """With which error a path is refused."""
    with opened(folder) as descriptor:
        try:
            os.close(opening(descriptor, path, os.O_RDONLY))
        except OSError as error:
            return error.errno
    return 0


@pytest.mark.parametrize("opening", OPENINGS)
def test_file_in_folders_is_opened(tmp_path, opening):
    """Both ways find a file however deep it lies, and can make one."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "clip.mov").write_bytes(b"clip")
    with opened(tmp_path) as folder:
        with held(opening(folder, "a/b/clip.mov", os.O_RDONLY)) as file:
            text = os.read(file, 10)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with held(opening(folder, "a/new.mov", flags, mode=0o600)) as file:
            inheritable = os.get_inheritable(file)

    assert b"clip" == text
    assert not inheritable
    assert 0o600 == (tmp_path / "a" / "new.mov").stat().st_mode & 0o777


@pytest.mark.parametrize("opening", OPENINGS)
def test_way_out_is_refused(tmp_path, opening):
    """Both ways refuse the same paths for the same reasons."""
    inside = tmp_path / "inside"
    (inside / "a").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"")
    (inside / "file").write_bytes(b"")
    (inside / "link").symlink_to("../secret")
    (inside / "up").symlink_to("..")
    (inside / "self").symlink_to("/proc/self/cwd")
    expected = {
        "/etc/passwd": errno.EXDEV,
        "..": errno.EXDEV,
        "../secret": errno.EXDEV,
        "a/../../secret": errno.EXDEV,
        "link": errno.ELOOP,
        "up/secret": errno.ELOOP,
        "self/secret": errno.ELOOP,
        "no": errno.ENOENT,
        "no/no": errno.ENOENT,
        "file/no": errno.ENOTDIR,
        "x" * 256: errno.ENAMETOOLONG,
    }

    assert expected == {path: refusal(opening, inside, path) for path in expected}


@pytest.mark.parametrize("renaming", RENAMINGS)
def test_renaming_moves_the_file(tmp_path, renaming):
    """The file is at its new place, and only there."""
    (tmp_path / "there").mkdir()
    (tmp_path / "old").write_bytes(b"clip")
    with opened(tmp_path) as folder, opened(tmp_path / "there") as target:
        renaming(folder, "old", target, "new")

    assert ["there"] == names_in(tmp_path)
    assert b"clip" == (tmp_path / "there" / "new").read_bytes()


@pytest.mark.parametrize("renaming", RENAMINGS)
@pytest.mark.parametrize("taken", ["file", "link", "folder"])
def test_renaming_never_replaces(tmp_path, renaming, taken):
    """Whatever has the name keeps it, also a link to nothing, and the file stays where it was."""
    (tmp_path / "old").write_bytes(b"clip")
    new = tmp_path / "new"
    {"file": new.touch, "folder": new.mkdir, "link": lambda: new.symlink_to("nothing")}[taken]()
    before = new.lstat()
    with opened(tmp_path) as folder, pytest.raises(FileExistsError):
        renaming(folder, "old", folder, "new")

    assert before.st_ino == new.lstat().st_ino
    assert b"clip" == (tmp_path / "old").read_bytes()


@pytest.mark.parametrize("renaming", RENAMINGS)
def test_one_of_many_gets_the_name(tmp_path, renaming):
    """However many want a name at the same moment, one gets it and the others keep theirs."""
    for number in range(RACERS):
        (tmp_path / f"old{number}").write_bytes(b"%d" % number)
    start = Barrier(RACERS)

    def race(number):
        start.wait()
        try:
            renaming(folder, f"old{number}", folder, "new")
        except FileExistsError:
            return False
        return True

    with opened(tmp_path) as folder, ThreadPoolExecutor(RACERS) as pool:
        wins = list(pool.map(race, range(RACERS)))

    assert 1 == sum(wins)
    assert b"%d" % wins.index(True) == (tmp_path / "new").read_bytes()
    assert RACERS == len(names_in(tmp_path))


@pytest.mark.parametrize("renaming", RENAMINGS)
def test_other_disk_is_told_and_nothing_left_there(tmp_path, renaming):
    """Renaming cannot reach another disk; whoever asked learns it, and the file stays."""
    (tmp_path / "old").write_bytes(b"clip")
    with other_disk(tmp_path) as there:
        with (
            opened(tmp_path) as folder,
            opened(there) as target,
            pytest.raises(OSError, match="cross-device"),
        ):
            renaming(folder, "old", target, "new")

        assert [] == names_in(there)
    assert b"clip" == (tmp_path / "old").read_bytes()
