"""The reference pages that are made from the code are up to date."""

import runpy

from support import checkout

PAGES = runpy.run_path(str(checkout.ROOT / "ops" / "reference.py"))["pages"]


def test_the_reference_pages_are_what_the_code_makes_of_them():
    """Each generated page in the tree equals what the code generates now; `ops/fix` renews them."""
    stale = [
        str(path.relative_to(checkout.ROOT))
        for path, text in PAGES().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]

    assert [] == stale
