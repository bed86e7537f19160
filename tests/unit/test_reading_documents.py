"""How documents are read: which of their blocks are typed, and what an answer has to look like."""

from pathlib import Path

import pytest

from support import documents
from support.reader import is_like

PAGE = """\
# A page

In passing: `playhead log
-f`, and `another`.

    playhead serve --config playhead.toml    # goes on
    cat >file <<'END'
    not a command
    END
    PLAYHEAD_TOKEN=$(cat token) playhead undo \\
        --yes

1. In a list:

       ops/serve

       [sync]
       dry_run = true

```sh
true
```

```text
an answer

of two paragraphs
```

```text
$ playhead explain
  told
$ playhead verify
```
"""

DOCUMENT = documents.Document(page=Path("page.md"), text=PAGE)


def test_every_form_of_a_command_is_found():
    """Indented, continued, with a text given to it, in a list, fenced, after a prompt."""
    expected = [
        "playhead serve --config playhead.toml    # goes on",
        "cat >file <<'END'\nnot a command\nEND",
        "PLAYHEAD_TOKEN=$(cat token) playhead undo \\\n    --yes",
        "ops/serve",
        "true",
        "playhead explain",
        "playhead verify",
    ]

    assert expected == [command.text for command in DOCUMENT.commands]


def test_an_answer_belongs_to_the_command_before_it():
    """In a session to the one after whose prompt it stands."""
    answers = {command.text: command.answer for command in DOCUMENT.commands}

    assert "an answer\n\nof two paragraphs" == answers["true"]
    assert "  told" == answers["playhead explain"]
    assert answers["ops/serve"] is None


def test_settings_are_no_commands():
    """TOML is known by being TOML."""
    shown = [block.settings for block in DOCUMENT.blocks if block.settings]

    assert [{"sync": {"dry_run": True}}] == shown


def test_a_command_is_named_in_passing():
    """Also over the end of a line; other spans are no commands of ours."""
    assert ["playhead log -f"] == [command.text for command in DOCUMENT.mentions]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("PLAYHEAD_TOKEN=$(cat t) playhead undo --yes | tail -n 1", [["undo", "--yes"]]),
        (
            "(umask 077; playhead token add --user mara >token)",
            [["token", "add", "--user", "mara"]],
        ),
        ("/opt/playhead/bin/playhead verify   # now and then", [["verify"]]),
        ("cp -r lua/playhead ~/.config/mpv/scripts/", []),
    ],
)
def test_our_words_are_found_in_a_longer_line(line, words):
    """What is a path of another command is none of ours."""
    assert words == list(documents.words_of_ours(line))


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("event 7 at 2026-11-21T09:00:00Z", "event 42 at 2030-01-01T00:00:00.5Z"),
        ("  a     b\nc\n", "  a  b\nc"),
        ("first\nsecond\nthird", "first\n...\nthird"),
        ('{"status":"stored","size":3}', '{"status":"stored",...}'),
        ("    35  2026-11-21T09:00:00Z  barn", "     7  2026-11-21T09:00:00Z  barn"),
    ],
)
def test_an_answer_may_differ_in_what_is_another_each_time(told, shown):
    """Moments, numbers of events, the width of columns, and what is left out."""
    assert is_like(told, shown)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("position 0:42:31", "position 0:42:30"),
        ("first\nsecond", "first"),
        ("2 titles", "3 titles"),
        ("There is nothing.", "There is nothing to be written."),
    ],
)
def test_an_answer_may_differ_in_nothing_else(told, shown):
    """A page that says something else is wrong."""
    assert not is_like(told, shown)
