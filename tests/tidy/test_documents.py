"""
What documents name is there: commands with their options, settings, files, headings. And whatever
a document has its reader type has a test that types it.
"""

import importlib
import plistlib
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from daemon.cli.main import cli
from daemon.config.load import load
from projections.vocabulary import EVENT_TYPES
from support.checkout import ROOT, files, text
from support.documents import documents, read, words_of_ours

DOCUMENTS = documents()

FOLLOWING = ("tests/integration/test_tutorials.py", "tests/integration/test_pages.py")
"""The tests that follow pages."""

NEITHER = {
    "README.md": ["mpv, VLC (Lua)"],
    "lua/README.md": ["Ctrl+0", "protocol="],
    "ops/docs/metrics-of-jellyporter.md": ["playhead_sync_reachable"],
    "ops/docs/resolve.md": ["ok ", "<?xml"],
    "ops/packaging/README.md": ["[Service]", "[Socket]"],
}
"""How the blocks begin that are neither commands nor settings: a drawing, other programs' files."""

ELSEWHERE = {
    "lua/intf": "a folder of VLC's",
    "tests/support/tus/node_modules": "made by `ops/install npm`",
}
"""What looks like a file of the checkout and is none."""

PASSING = {
    "lua/README.md": {
        "~/Library": "a folder",
        "curl -q": "what is seen of it; test_mpv_client_faults.py looks at all command lines",
        "mpv --msg-level": "no option of ours",
        "ssh -N": "needs a server",
        "caddy reverse-proxy": "needs a server; test_pages.py asks for its options",
        "vlc --lua-config": "test_vlc_client.py starts it so",
        "vlc --ipv4-timeout": "test_vlc_client.py starts it so",
        "vlc -vv": "no option of ours",
    },
    "ops/docs/design.md": {".venv/bin/python ops/reference.py": "test_reference.py runs it"},
    "ops/docs/operating.md": {"pip install": "ops/install dev installs that extra"},
    "ops/docs/resolve.md": {"pip install": "takes packages from PyPI", "launchctl": "macOS"},
    "ops/packaging/README.md": {
        "systemctl": "test_systemd_boot.py boots a real one; its units are looked at below",
        "journalctl": "test_systemd_boot.py",
        "loginctl": "needs somebody's session",
    },
}
"""Commands of others that the prose names, by how they begin, and why they are not typed."""

PROSE = ("README.md", "SECURITY.md", "lua/", "ops/docs/", "ops/packaging/")
"""What users read; scripts of the checkout are described by themselves."""

UNIT = re.compile(r"\b(playhead[\w-]*\.(?:service|socket|timer))\b")
TASK = re.compile(r'playhead\.exe ([^"]+)"')
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
OURS = re.compile(r"(?:\.ci|adapters|daemon|lua|ops|projections|tests)/[\w./-]*[\w]")
DOTTED = re.compile(r"(?:adapters|daemon|projections)(?:\.\w+)+")
SPAN = re.compile(r"`([^`\s]+)(?: [^`\n]*)?`")
OLD = ("ops/CHANGELOG.md", "ops/decisions")
"""What these say was true when it was written."""


def problem_of(words, command=cli):
    """What is wrong with the words of a command, by its own parser; None if nothing is."""
    context = click.Context(command, **cli.context_settings)  # it remembers how help is asked for
    parser = command.make_parser(context)
    try:
        _, left, _ = parser.parse_args([word for word in words if word[0] != "["])
    except click.BadOptionUsage:  # the prose goes on to say what its value is
        return None
    except click.UsageError as error:
        return error.format_message()
    if isinstance(command, click.Group) and left:
        inner = command.get_command(context, left[0])
        return problem_of(left[1:], inner) if inner else f"there is no {left[0]!r}"
    return f"too many words: {left}" if left else None


def slug(heading):
    """The anchor that a heading gets."""
    plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
    return plain.replace(" ", "-")


def anchors(path):
    """Every anchor of a page."""
    return {slug(heading) for heading in HEADING.findall(text(path) or "")}


def settings_of(page):
    """All settings that a page shows, as one file."""
    shown = [block.text for block in page.blocks if block.settings is not None]
    return "\n\n".join(shown)


def test_every_command_that_is_typed_has_a_test_that_types_it():
    """A page with commands is followed by a test; which then types all of them."""
    followed = "".join(text(Path(name)) or "" for name in FOLLOWING)
    alone = [str(page) for page in DOCUMENTS if page.commands and f'"{page}"' not in followed]

    assert [] == alone


def test_every_command_of_ours_is_one_with_options_that_it_has():
    """In a block or in passing, also where it is a part of a longer line."""
    wrong = [
        f"{command}: {problem}"
        for page in DOCUMENTS
        for command in [*page.commands, *page.mentions]
        for words in words_of_ours(command.text)
        if (problem := problem_of(words))
    ]

    assert [] == wrong


def test_every_command_of_others_that_is_named_in_passing_is_known():
    """One that should be typed belongs into a block, where a test types it."""
    unknown = [
        f"{page}: {span}"
        for page in DOCUMENTS
        if str(page).startswith(PROSE)
        for span in page.commands_of_others
        if not span.startswith(tuple(PASSING.get(str(page), ["\0"])))
    ]

    assert [] == unknown


def test_every_unit_that_is_named_is_shipped():
    """In a command or in passing."""
    shipped = {path.name for path in files() if path.is_relative_to("ops/packaging/systemd")}
    named = {unit for page in DOCUMENTS for unit in UNIT.findall(page.text)}

    assert set() == named - shipped
    assert len(named) > 5


def test_what_windows_and_macos_start_is_a_command_of_ours():
    """The task and the agent that the page on Resolve shows."""
    page = read(Path("ops/docs/resolve.md"))
    (task,) = TASK.findall(page.text)
    (agent,) = [block.text.encode() for block in page.blocks if "<plist" in block.text]
    words = plistlib.loads(agent)["ProgramArguments"][1:]

    assert (None, None) == (problem_of(task.split()), problem_of(words))


def test_every_other_block_is_settings_or_known_to_be_something_else():
    """Commands that begin with a word unknown here would go untested."""
    unknown = [
        str(block)
        for page in DOCUMENTS
        for block in page.blocks
        if not block.is_commands
        and block.settings is None
        and block.language != "text"
        and not block.text.startswith(tuple(NEITHER.get(str(page), ["\0"])))
    ]

    assert [] == unknown


@pytest.mark.parametrize("page", [page for page in DOCUMENTS if settings_of(page)], ids=str)
def test_settings_that_are_shown_are_good(page, tmp_path):
    """All of a page together, as the daemon reads them; keys lie where they are said to."""
    written = settings_of(page).replace("/etc/playhead", str(tmp_path))
    for name in re.findall(rf'"{tmp_path}/([\w.]+)"', written):
        (tmp_path / name).write_text("a key of a server\n", encoding="utf-8")
    file = tmp_path / "playhead.toml"
    file.write_text(written, encoding="utf-8")

    assert load(file=file, environment={}).origins


def test_every_link_leads_somewhere():
    """To a file of the checkout, and to a heading in it."""
    broken = []
    for page in DOCUMENTS:
        for target in LINK.findall(page.prose):
            place, _, anchor = unquote(target).partition("#")
            if "://" in place:
                continue
            path = ((ROOT / page.page).parent / place).resolve() if place else ROOT / page.page
            found = path.exists() and (not anchor or anchor in anchors(path.relative_to(ROOT)))
            broken += [] if found else [f"{page}: {target}"]

    assert [] == broken


def test_every_file_that_is_named_is_there():
    """A module may be named without its ending, and a folder's modules by a star."""
    known = {str(path) for path in files()} | {str(path.with_suffix("")) for path in files()}
    known |= {str(folder) for path in files() for folder in path.parents}
    known |= set(ELSEWHERE)
    missing = [
        f"{page}: {name}"
        for page in DOCUMENTS
        if not str(page).startswith(OLD)
        for name in SPAN.findall(page.prose)
        if OURS.fullmatch(name) and name not in known
    ]

    assert [] == missing


def thing_called(name):
    """The module, or what is in one, that is called so with dots; None if nothing is."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        with suppress(ModuleNotFoundError):
            found = importlib.import_module(".".join(parts[:count]))
            for part in parts[count:]:
                found = getattr(found, part, None)
            return found
    return None


def test_every_module_and_function_that_is_named_is_there():
    """As one would import it."""
    missing = [
        f"{page}: {name}"
        for page in DOCUMENTS
        if not str(page).startswith(OLD)
        for name in SPAN.findall(page.prose)
        if DOTTED.fullmatch(name) and name not in EVENT_TYPES and thing_called(name) is None
    ]

    assert [] == missing
