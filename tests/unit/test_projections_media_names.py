"""Names of projects, folders and files: what passes, what is refused, what is said about it."""

import uuid

import pytest

from projections.errors import Rejected
from projections.media_names import (
    asset_uuid,
    check_file_name,
    check_folder,
    check_project,
    check_relative,
    is_hidden_project,
    is_internal,
    is_media,
    kind_of,
    normal_tags,
    numbered,
    project_name,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.MOV", "video"),
        ("b.heic", "image"),
        ("c.opus", "audio"),
        ("d.txt", "other"),
        ("mov", "other"),
        ("clip..mov", "video"),
    ],
)
def test_the_extension_tells_the_kind(name, kind):
    """Whatever its case."""
    assert kind == kind_of(name)


@pytest.mark.parametrize(
    "name", ["a.mov.part", "a.tmp.mp4", ".a.mov", "notes.txt", "a.mp4.crdownload"]
)
def test_unfinished_hidden_and_other_files_are_no_media(name):
    """They are not indexed when they are found."""
    assert not is_media(name)


@pytest.mark.parametrize(
    "path",
    [
        "index.json",
        "_manifest/files.jsonl",
        "_manifest",
        "ingest/_metadata/ab.json",
        "ingest/thumbnails/ab.jpg",
        ".DS_Store",
        "ingest/.hidden/a.mov",
    ],
)
def test_the_keepers_own_files_are_internal(path):
    """They are neither media nor served."""
    assert is_internal(path)


@pytest.mark.parametrize("path", ["ingest/originals/a.mov", "index.json.mov", "thumbnails/a.jpg"])
def test_other_files_are_not_internal(path):
    """Names that only look alike are nobody's own."""
    assert not is_internal(path)


@pytest.mark.parametrize(
    "path",
    ["", "/a", "a//b", "../a", "a/../b", "a/./b", "a\0b", "a\nb", "x" * 256, "a/" * 600, "\ud800"],
)
def test_paths_that_could_leave_a_project_are_refused(path):
    """With a sentence, before anything touches the disk."""
    with pytest.raises(Rejected, match="path"):
        check_relative(path)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "..",
        "a/b.mov",
        "a\\b.mov",
        "x" * 300,
        "a\nb.mov",
        "a\0.mov",
        "CON.mov",
        "com1",
        "a:b.mov",
        "what?.mov",
        "dot.",
        ".hidden.mov",
        "index.json",
        "a.part",
    ],
)
def test_file_names_that_some_system_cannot_keep_are_refused(name):
    """The file may travel to Windows, macOS or a file server."""
    with pytest.raises(Rejected):
        check_file_name(name)


@pytest.mark.parametrize(
    "name", ["clip..mov", "Żółć 東京 🎬.mov", "100% + 50%20 & #1.mov", "%2e%2e.mov"]
)
def test_unusual_file_names_are_kept_as_they_are(name):
    """Nothing in a name is an order to anybody."""
    assert name == check_file_name(name)


def test_a_file_name_is_kept_in_composed_unicode_without_spaces_around_it():
    """Phones and Macs decompose what other systems compose."""
    assert "café.mov" == check_file_name(" café.mov ")


@pytest.mark.parametrize(
    "path", ["_manifest", "ingest/thumbnails", ".hidden", "a/../b", "ingest/_metadata/x"]
)
def test_folders_of_the_keeper_cannot_be_written_to(path):
    """An output folder is a plain folder of the project."""
    with pytest.raises(Rejected):
        check_folder(path)


@pytest.mark.parametrize("name", ["", ".", "..", "_sources", "_playhead", ".git", "a/b", "a\0b"])
def test_hidden_directories_are_no_projects(name):
    """The root of a source holds other things too."""
    with pytest.raises(Rejected):
        check_project(name)
    assert is_hidden_project("_sources")


def test_a_directory_with_any_other_name_is_a_project():
    """An existing folder need not follow our way of naming."""
    assert "Summer 2024 (raw)" == check_project("Summer 2024 (raw)")


@pytest.mark.parametrize(
    ("label", "taken", "name"),
    [
        (None, [], "P1-Project"),
        ("", ["P1-a", "P7-b", "other"], "P8-Project"),
        ("Summer trip", [], "P1-Summer-trip"),
        ("P3-Harbour", ["P9-x"], "P3-Harbour"),
        ("P3-Harbour lights", ["P9-x"], "P10-P3-Harbour-lights"),
        ("Größe & Maß", [], "P1-Grosse-Mass"),
    ],
)
def test_a_new_project_gets_the_next_number_and_a_slug(label, taken, name):
    """A name that is one already stands as it is."""
    assert name == project_name(label, taken)


def test_a_label_of_which_nothing_can_stand_is_refused():
    """A project needs a name that every system can keep."""
    with pytest.raises(Rejected) as refused:
        project_name("🎬", [])

    assert "letters" in refused.value.hint


def test_numbered_names_keep_their_extension():
    """The second clip of a name is still a clip."""
    assert "a.b_2.mov" == numbered("a.b.mov", 2)
    assert "README_3" == numbered("README", 3)
    assert ".env_2" == numbered(".env", 2)


def test_tags_are_trimmed_lowered_sorted_and_each_there_once():
    """However they were typed."""
    assert ("b roll", "wide") == normal_tags([" Wide", "B  Roll", "wide", "  "])


def test_the_asset_uuid_is_the_one_media_sync_api_gave():
    """Scripts may have noted it."""
    expected = uuid.uuid5(uuid.NAMESPACE_URL, "media-sync-api:" + "0" * 64)

    assert str(expected) == asset_uuid("0" * 64)
