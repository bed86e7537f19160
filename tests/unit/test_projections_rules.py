"""The rules of sync: shared paths, and the policy with the longest prefix."""

import pytest

from projections.listing import Listing
from projections.rules import (
    PathRule,
    Rules,
    is_below,
    policy_for,
    shared_path,
    shared_path_of,
)
from support.small_core import FILM

PREFIXES = {"/srv": "/shared", "/srv/films": "/films", "D:\\Media": "/films"}


@pytest.mark.parametrize(
    ("path", "shared"),
    [
        ("/srv/films/harbour.mkv", "/films/harbour.mkv"),
        ("/srv/music/a.flac", "/shared/music/a.flac"),
        ("/srv/films-old/harbour.mkv", "/shared/films-old/harbour.mkv"),
        ("/srv/films", "/films"),
        ("/elsewhere/harbour.mkv", "/elsewhere/harbour.mkv"),
        ("D:\\Media\\Nord\\harbour.mkv", "/films/Nord/harbour.mkv"),
    ],
)
def test_the_longest_prefix_is_exchanged(path, shared):
    """A server's path becomes the one all systems know; whole names only."""
    assert shared == shared_path(path, PREFIXES)


def test_a_shared_path_has_one_spelling():
    """However a server writes it, mapped or not."""
    assert "d:/films/harbour.mkv" == shared_path("D:\\films\\harbour.mkv", {})
    assert "/films/harbour.mkv" == shared_path("/srv/films/new/../harbour.mkv", PREFIXES)


def test_an_item_without_a_path_has_no_shared_one():
    """And one of a server that is configured no more keeps its own."""
    assert shared_path_of(Rules(), "attic", Listing(name="Harbour", type="Movie")) is None
    assert "/films/harbour.mkv" == shared_path_of(Rules(), "attic", FILM)


def test_a_trailing_slash_changes_nothing():
    """However the operator writes a folder, it is that folder."""
    assert "/films/a.mkv" == shared_path("/srv/a.mkv", {"/srv/": "/films/"})


def test_the_root_is_above_everything():
    """A prefix of a single slash maps all absolute paths."""
    assert "/films/srv/a.mkv" == shared_path("/srv/a.mkv", {"/": "/films"})


def test_a_name_is_not_below_its_neighbour():
    """`/films` is not above `/films-old`."""
    assert is_below("/films/a", "/films")
    assert is_below("/films", "/films/")
    assert not is_below("/films-old/a", "/films")


def test_the_policy_with_the_longest_prefix_counts():
    """A folder's policy overrules the one of the folder around it."""
    outer = PathRule(prefix="/films", retries_max=-1, delay_ns=1)
    inner = PathRule(prefix="/films/new", retries_max=0, delay_ns=1)
    rules = Rules(policies=(outer, inner))

    assert inner == policy_for(rules, "/films/new/a.mkv")
    assert outer == policy_for(rules, "/films/old/a.mkv")


def test_what_no_policy_covers_has_none():
    """A title elsewhere, or without a path, is not waited for."""
    rules = Rules(policies=(PathRule(prefix="/films", retries_max=3, delay_ns=1),))

    assert policy_for(rules, "/music/a.flac") is None
    assert policy_for(rules, None) is None
