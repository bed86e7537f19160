"""Whether somebody has a file open for writing, where the disk tells and where it does not."""

import os

import pytest

from adapters.disk import mounts
from adapters.disk.complete import has_writer
from support.organized import Organized

NAME = "Show.S01E02.mkv"


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """Makes everything lie on a disk of a kind, by the list of mounts."""
    listing = tmp_path / "mountinfo"
    monkeypatch.setattr(mounts, "MOUNTS", listing)
    return lambda kind: listing.write_text(f"22 1 254:0 / / rw,relatime - {kind} source rw\n")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("ext4", True),
        ("fuse.mergerfs", True),
        ("nfs", False),
        ("nfs4", False),
        ("cifs", False),
        ("smb3", False),
    ],
)
def test_a_writer_is_seen_where_a_refusal_tells_of_one(tmp_path, disk, kind, expected):
    """NFS and SMB refuse every lease, so that a refusal says nothing; a lease says nobody does."""
    disk(kind)
    file = tmp_path / NAME
    file.write_bytes(b"film")
    with file.open("ab"), file.open("rb") as reading:
        found = has_writer(reading.fileno())
    with file.open("rb") as reading:
        alone = has_writer(reading.fileno())

    assert expected == found
    assert not alone


async def test_an_organizer_on_a_network_disk_goes_by_the_quiet_alone(tmp_path, disk):
    """It would never file anything there, if it took each refusal for a writer."""
    disk("nfs4")
    downloads = Organized(tmp_path / "downloads")
    file = downloads.put(NAME)
    with file.open("ab") as writing:
        os.fsync(writing.fileno())
        moves = await downloads.moves()

    assert {NAME: f"Show/{NAME}"} == moves
