"""The page of the explorer stays what its policy allows: our files only, and text as text."""

import re

from support import checkout

STATIC = checkout.Path("daemon/web/static")
MARKUP_FROM_TEXT = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(")
ELSEWHERE = re.compile(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", re.IGNORECASE)
OURS = re.compile(r'(?:href|src)="(/static/[^"]+)"')
ICON = re.compile(r'\b(?:icon|iconButton|setIcon)\((?:[^()"]*(?:\([^()]*\))?[^()"]*, )?"([a-z-]+)"')


def files_of(*suffixes):
    """The files of the page with these endings, by path."""
    return {
        path: checkout.text(path) or ""
        for path in checkout.files()
        if path.is_relative_to(STATIC) and path.suffix in suffixes
    }


def test_every_module_and_style_sheet_begins_with_what_it_is_for():
    """Who opens a file of the page reads first what its job is."""
    silent = [str(path) for path, text in files_of(".js", ".css").items() if text[:2] != "/*"]

    assert [] == silent


def test_no_module_makes_markup_from_text():
    """A file's name is never more than text, whatever somebody wrote into it."""
    careless = [path for path, text in files_of(".js").items() if MARKUP_FROM_TEXT.search(text)]

    assert [] == careless


def test_nothing_of_the_page_comes_from_elsewhere():
    """The page works without the internet, and tells nobody that it was opened."""
    elsewhere = {
        str(path): found
        for path, text in files_of(".js", ".css", ".html", ".svg").items()
        if (found := ELSEWHERE.findall(text.replace("http://www.w3.org/2000/svg", "")))
    }

    assert {} == elsewhere


def test_the_page_names_only_files_there_are():
    """Every script, style sheet and icon that the page names is there."""
    page = checkout.text(STATIC / "index.html") or ""
    sprite = checkout.text(STATIC / "icons.svg") or ""
    named = {STATIC / address.removeprefix("/static/") for address in OURS.findall(page)}
    icons = {name for text in files_of(".js").values() for name in ICON.findall(text)}

    assert set() == named - set(checkout.files())
    assert named
    assert set() == icons - set(re.findall(r'id="([a-z-]+)"', sprite))
    assert len(icons) > 10
