"""
Configuration files in YAML as trees of text, and sections of them that keep account of what was
read.

Scalars stay as they are written, because YAML reads `no` as false and 0123 as 83, and neither is a
good name or key. No complaint repeats a value: it may be a secret.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from daemon.adopt.refusal import NotAdoptable

FILE_BYTES_MAX = 1024 * 1024
"""A larger file is no configuration."""

Tree: TypeAlias = Mapping[str, Any]

NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
"""How YAML writes that a key has no value."""

YES = frozenset({"1", "on", "t", "true", "y", "yes"})
NO = frozenset({"0", "f", "false", "n", "no", "off"})


class TextLoader(yaml.SafeLoader):
    """Makes nothing but texts, lists and maps; `<<` merges maps as everywhere."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the library asks for this attribute
        "<": [
            found for found in yaml.SafeLoader.yaml_implicit_resolvers["<"] if "merge" in found[0]
        ]
    }


def read_tree(file: Path) -> Tree:
    """
    The file's keys and values; an empty file has none.

    Raises:
        NotAdoptable: it cannot be read, or is no YAML map.
    """
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise NotAdoptable(f"{file} is too large to be a configuration file.")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotAdoptable(f"{file} cannot be read: {error}.") from error
    return parse_tree(text, str(file))


def parse_tree(text: str, name: str) -> Tree:
    """
    The same from text; `name` is what complaints call it.

    Raises:
        NotAdoptable: it is no YAML map.
    """
    try:
        tree = yaml.load(text, Loader=TextLoader)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise NotAdoptable(f"{name}{place}: this is not valid YAML.") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise NotAdoptable(f"{name} is not valid YAML.") from None
    if tree is None or (isinstance(tree, str) and tree in NOTHING):
        return {}
    if not isinstance(tree, dict):
        raise NotAdoptable(f"{name} is no configuration: it must hold keys with values.")
    return {str(key): value for key, value in tree.items()}


class Section:
    """
    One map of a tree. What is not read by `done` is unknown; what is read but has the wrong form is
    a problem.

    Args:
        values: its keys and values.
        path: its own key, dotted; empty for the whole file.
        problems: where to put complaints.
        unknown: where to put the keys that nobody asked for.
    """

    def __init__(self, values: Tree, *, path: str, problems: list[str], unknown: list[str]) -> None:
        self._values = values
        self.path = path
        self._problems = problems
        self._unknown = unknown
        self._read: set[str] = set()

    def key(self, name: str) -> str:
        """The whole key of a value in here."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether a key is there, with a value or without."""
        self._read.add(name)
        return name in self._values

    def text(self, name: str) -> str | None:
        """A text, or None where there is none."""
        value = self._take(name)
        if value is None or isinstance(value, str):
            return value
        self._complain(name, "must be a text")
        return None

    def flag(self, name: str) -> bool | None:
        """True or false, in any of the ways that people write them."""
        text = self.text(name)
        if text is None:
            return None
        if text.lower() in YES | NO:
            return text.lower() in YES
        self._complain(name, "must be true or false")
        return None

    def number(self, name: str) -> float | None:
        """A finite number."""
        text = self.text(name)
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if abs(number) < float("inf"):
            return number
        self._complain(name, "must be a number")
        return None

    def section(self, name: str) -> "Section":
        """The map under a key; an empty one where there is none."""
        value = self._take(name)
        if value is not None and not isinstance(value, dict):
            self._complain(name, "must hold keys with values")
        return self._inner(value, self.key(name))

    def sections(self, name: str) -> "dict[str, Section]":
        """The maps in the map under a key, by name."""
        value = self._take(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._complain(name, "must hold keys with values")
            return {}
        self._check(name, value.values())
        return {
            str(key): self._inner(inner, f"{self.key(name)}.{key}")
            for key, inner in value.items()
            if isinstance(inner, dict)
        }

    def listed(self, name: str) -> "list[Section]":
        """The maps in the list under a key."""
        value = self._take(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self._complain(name, "must be a list")
            return []
        self._check(name, value)
        return [
            self._inner(inner, f"{self.key(name)}[{number}]")
            for number, inner in enumerate(value, start=1)
            if isinstance(inner, dict)
        ]

    def done(self) -> None:
        """Notes the keys that nobody asked for."""
        self._unknown += [self.key(name) for name in self._values if name not in self._read]

    def _take(self, name: str) -> Any:
        self._read.add(name)
        value = self._values.get(name)
        return None if isinstance(value, str) and value in NOTHING else value

    def _inner(self, value: Any, path: str) -> "Section":
        values = (
            {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else {}
        )
        return Section(values, path=path, problems=self._problems, unknown=self._unknown)

    def _check(self, name: str, inner: Any) -> None:
        if not all(isinstance(value, dict) for value in inner):
            self._complain(name, "must hold nothing but tables of keys with values")

    def _complain(self, name: str, sentence: str) -> None:
        self._problems.append(f"{self.key(name)} {sentence}")
