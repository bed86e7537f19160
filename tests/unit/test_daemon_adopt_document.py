"""Reading YAML as text, and the TOML file that comes of it."""

import tomllib

import pytest

from daemon.adopt.document import document
from daemon.adopt.jellyporter import adopted_settings
from daemon.adopt.refusal import NotAdoptable
from daemon.adopt.trees import FILE_BYTES_MAX, parse_tree, read_tree

HOSTILE = """
clients:
  "evil\\nname = 1\\e[31m":
    url: http://a
    user: "x\\"y"
    api_key: s3cret
  second:
    url: http://b
    user: "tab\\tand \\\\ and ü"
    api_key: s3cret
"quoted\\nkey": 1
metrics_addr: "x"
"""


def toml_of(text):
    """The file that a jellyporter configuration becomes, with its keys in files."""
    adoption = adopted_settings(parse_tree(text, "x.yaml"), str)
    assert [] == adoption.problems()
    paths = {key: f"/keys/{name}" for key, name in adoption.secret_files().items()}
    return document(adoption.with_files(paths), made_from="x.yaml", file="playhead.toml")


def test_nothing_in_a_name_breaks_out_of_a_comment_or_a_string():
    """Line breaks, quotes and escape sequences of theirs do no harm in the file."""
    text = toml_of(HOSTILE)
    servers = tomllib.loads(text)["jellyfin"]

    assert "evil-name-1-31m" == servers[0]["name"]
    assert {"tab\tand \\ and ü": 'x"y'} == servers[1]["users"]
    assert "\x1b" not in text
    assert "- quoted\\nkey" in text


def test_no_secret_stands_in_the_file():
    """Only the name of the file that holds it does."""
    text = toml_of(HOSTILE)

    assert "s3cret" not in text
    assert "/keys/second.api_key" == tomllib.loads(text)["jellyfin"][1]["api_key_file"]


def test_lines_are_short_enough_to_read():
    """Comments are wrapped; values are as long as they are."""
    comments = [line for line in toml_of(HOSTILE).splitlines() if line.startswith("#")]

    assert [] == [line for line in comments if len(line) > 100]


def test_scalars_stay_as_they_are_written():
    """A name may be `no` and a key 0123; YAML itself would make false and 83 of them."""
    tree = parse_tree("no: 0123\nb: [yes, 1.50, 2026-01-01, ~]\n<<: {c: 0x10}", "x")

    assert {"no": "0123", "b": ["yes", "1.50", "2026-01-01", "~"], "c": "0x10"} == tree


@pytest.mark.parametrize("text", ["", "~", "# nothing\n", "---\n"])
def test_an_empty_file_has_no_keys(text):
    """What is missing is told later, key by key."""
    assert {} == parse_tree(text, "x")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("api_key: s3cret: more", "x, line 1, column 16: this is not valid YAML."),
        ("api_key: *s3cret", "x, line 1, column 10: this is not valid YAML."),
        ("a: !!python/object:os.system s3cret", "x, line 1, column 4: this is not valid YAML."),
        ("[a, b]", "x is no configuration: it must hold keys with values."),
        ("s3cret", "x is no configuration: it must hold keys with values."),
        ("[" * 10_000, "x is not valid YAML."),
        ("a: \x00", "x is not valid YAML."),
    ],
    ids=["colon", "alias", "tag", "list", "text", "depth", "zero byte"],
)
def test_what_is_no_configuration_is_refused_without_repeating_it(text, told):
    """The place is told and never the text: it may be half a key."""
    with pytest.raises(NotAdoptable) as raised:
        parse_tree(text, "x")

    assert told == str(raised.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    """Missing, too large, or not text."""
    large, latin = tmp_path / "large", tmp_path / "latin"
    large.write_bytes(b"#" * (FILE_BYTES_MAX + 1))
    latin.write_bytes(b"a: \xff")

    for path in (tmp_path / "none", large, latin, tmp_path):
        with pytest.raises(NotAdoptable):
            read_tree(path)
