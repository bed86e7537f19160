"""What old ids, URLs and paths name."""

import pytest

from daemon.web.registry import Place, content_named, place_named

HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HASH, HASH),
        (f"sha256:{HASH}", HASH),
        (f" sha256:{HASH.upper()} ", HASH),
        (HASH[:-1], None),
        (f"sha1:{HASH}", None),
        ("", None),
    ],
)
def test_a_content_is_named_by_its_hash(text, expected):
    """With or without the prefix, in either case."""
    assert expected == content_named(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P1-A/ingest/a.mov", Place("P1-A", "ingest/a.mov", "")),
        ("/media/P1-A/a.mov", Place("P1-A", "a.mov", "")),
        ("/media/P1-A/a.mov?source=nas", Place("P1-A", "a.mov", "nas")),
        ("/media/P1-A/download/a%20b.mov", Place("P1-A", "a b.mov", "")),
        ("P1-A/download/a.mov", Place("P1-A", "download/a.mov", "")),
        ("http://nas:8787/media/P1-A/a.mov?source=n%20s", Place("P1-A", "a.mov", "n s")),
        ("a.mov", None),
        ("/media/P1-A", None),
        ("/media/P1-A/", None),
        ("http://[broken/media/P1-A/a.mov", None),
        ("", None),
    ],
)
def test_a_place_is_named_by_url_or_path(text, expected):
    """Whatever links media-sync-api ever gave out."""
    assert expected == place_named(text)
