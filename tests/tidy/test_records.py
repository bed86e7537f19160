"""The changelog and the decision records keep their form."""

import re

from support import checkout

DECISIONS = checkout.ROOT / "ops" / "decisions"
CHANGELOG = checkout.ROOT / "ops" / "CHANGELOG.md"
DECISION_LINES_MAX = 60
DECISION_NAME = re.compile(r"(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md")
CHANGE_KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def records():
    """The decision records, in the order of their numbers."""
    return sorted(path for path in DECISIONS.iterdir() if path.name != "README.md")


def test_the_changelog_has_a_place_for_what_is_not_released():
    """A change that a user sees has somewhere to be written down on the day it is made."""
    assert "\n## [Unreleased]\n" in CHANGELOG.read_text(encoding="utf-8")


def test_the_changelog_knows_only_the_usual_kinds_of_change():
    """The section names are those of Keep a Changelog."""
    kinds = set(re.findall(r"^### (.+)$", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE))

    assert set() == kinds - CHANGE_KINDS


def test_decision_records_are_numbered_without_gaps():
    """A record is never withdrawn, only superseded by a later one."""
    matches = [DECISION_NAME.fullmatch(path.name) for path in records()]
    numbers = [int(match[1]) if match else 0 for match in matches]

    assert list(range(1, len(numbers) + 1)) == numbers


def test_a_decision_record_is_one_page():
    """Sixty lines are enough to say what was decided and why; the title carries the number."""
    untidy = []
    for path in records():
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > DECISION_LINES_MAX or not lines[0].startswith(f"# {path.name[:4]}: "):
            untidy.append(path.name)

    assert [] == untidy
