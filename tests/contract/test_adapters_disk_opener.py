"""Opening many files of a tree one after the other: as safely as each by itself."""

import errno
import os

import pytest

from adapters.disk.kernel import DIRECTORY, held
from adapters.disk.opening import Opener, open_regular
from support.roots import open_files_count


@pytest.fixture
def tree(tmp_path):
    """Files in several folders, and what is no file."""
    for path in ("a.mov", "one/a.mov", "one/b.mov", "one/two/a.mov"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "outside").symlink_to("/etc")
    (tmp_path / "one" / "link.mov").symlink_to("a.mov")
    os.mkfifo(tmp_path / "one" / "pipe.mov")
    return tmp_path


@pytest.fixture
def top(tree):
    """The descriptor of the tree."""
    with held(os.open(tree, DIRECTORY)) as descriptor:
        yield descriptor


def refusal(opening, path):
    """With which error a path is refused."""
    try:
        opening(path).close()
    except OSError as error:
        return error.errno
    return 0


def test_each_file_is_the_one_of_its_path(top):
    """Also where the folder changes with each, and where it stays."""
    paths = ["a.mov", "one/a.mov", "one/b.mov", "one/two/a.mov", "one/b.mov", "a.mov"]
    found = []
    with Opener(top) as opener:
        for path in paths:
            with opener.open(path) as file:
                found.append(os.read(file.fd, 100).decode())

    assert paths == found


@pytest.mark.parametrize(
    "path",
    [
        "one/link.mov",
        "one/pipe.mov",
        "one/two",
        "one/..",
        "one/.",
        "one/",
        "../a.mov",
        "one/../../a.mov",
        "outside/hostname",
        "/etc/hostname",
        "no/a.mov",
        "one/no.mov",
    ],
)
def test_what_is_refused_alone_is_refused_among_others(top, path):
    """Links, pipes, folders, ways out, what is not there."""
    with Opener(top) as opener:
        opener.open("one/a.mov").close()
        alone = refusal(lambda path: open_regular(top, path), path)
        among = refusal(opener.open, path)

        assert alone != 0
        assert among != 0
        assert (alone == errno.ENOENT) == (among == errno.ENOENT)


def test_nothing_stays_open(top):
    """Neither a file nor its folder, however it ends."""
    before = open_files_count()
    with Opener(top) as opener:
        opener.open("one/two/a.mov").close()
        refusal(opener.open, "one/pipe.mov")
        refusal(opener.open, "no/a.mov")
        refusal(opener.open, "no/b.mov")

    assert before == open_files_count()
