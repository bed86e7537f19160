"""Which files would be renamed or turned, and which are left alone."""

import pytest

from projections.media_facts import Facts
from projections.media_files import LibraryFile
from projections.media_reconcile import is_canonical, propose
from support.clock import START_NS
from support.media_core import media_file, sha

CANONICAL = "P1_obs_20261121-090000_aaaaaaaa.mov"
KNOWN = Facts(origin="obs", created_ns=START_NS)
TURNED = Facts(origin="obs", created_ns=START_NS, rotation_degrees=90)


def proposal(
    path="ingest/originals/a.mov", *, facts=KNOWN, how="upload", upright=False, names=True
):
    """What one file needs."""
    file = media_file(path, sha256=sha("a"), facts=facts)
    row = LibraryFile(source="primary", project="P1-Harbour", file=file, how=how, seq=1)
    (found,) = propose([row], wants_names=names, wants_upright=upright)
    return found


def test_a_file_gets_its_name_in_its_own_folder():
    """Nothing is moved to another folder: whoever sorted files by day finds them again."""
    found = proposal("Day 1/a.MOV")

    assert found.rename
    assert f"Day 1/{CANONICAL}" == found.path


@pytest.mark.parametrize("name", [CANONICAL, CANONICAL.replace(".mov", "_2.mov")])
def test_what_has_its_name_keeps_it(name):
    """Also the number it got because the name was taken: done twice, nothing changes."""
    assert not proposal(f"ingest/originals/{name}").rename


@pytest.mark.parametrize(
    "kept", [{"facts": None}, {"how": "compose", "path": "exports/final.mp4"}, {"names": False}]
)
def test_some_files_are_not_renamed(kept):
    """Those of which nobody knows when they were shot, those somebody named, those not meant."""
    assert not proposal(**kept).rename


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ({"facts": TURNED}, True),
        ({"facts": KNOWN}, False),
        ({"facts": TURNED, "path": "a.jpg"}, False),
        ({"facts": None}, False),
    ],
)
def test_only_clips_that_lie_on_their_side_are_turned(file, expected):
    """Photographs are turned by whoever shows them, and what is upright stays as it is."""
    assert expected == proposal(**file, upright=True).turn


def test_nothing_is_turned_unless_it_is_wanted():
    """Turning encodes anew."""
    assert not proposal(facts=TURNED).turn


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.mov", True), ("a_2.mov", True), ("a_x.mov", False), ("axmov", False), ("aa.mov", False)],
)
def test_a_canonical_name_is_recognised(name, expected):
    """The name itself, or with a number; its dot is a dot."""
    assert expected == is_canonical(name, "a.mov")


def test_a_name_without_extension_is_recognised():
    """Some recorders write none."""
    assert is_canonical("clip_3", "clip")
    assert not is_canonical("clip_3.mov", "clip")
