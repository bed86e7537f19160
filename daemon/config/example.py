"""
The settings as a TOML file with every key, its meaning and its default; also what is in force.
"""

from collections.abc import Iterator
from inspect import cleandoc
from textwrap import wrap
from typing import Any

import msgspec

from daemon.config.keys import environment_name, environment_name_in, shown_table
from daemon.config.load import Loaded
from daemon.config.settings import ARRAYS, SECRET_KEYS, SECTIONS, Settings

TEXT_COLUMNS = 97


class Described(msgspec.Struct, frozen=True):
    """A setting as people are told of it; `sample` is a good value, the default if it is one."""

    key: str
    name: str
    variable: str
    meaning: str
    default: str
    sample: str


def example() -> str:
    """A file that sets nothing: every key stands in it as a comment, at its default."""
    lines = [
        "# Settings of Playhead. Everything has a default; remove the # before what you change.",
        "# Keys with a name in brackets may also be set in the environment, by that name.",
        "",
        *_key_lines("", Settings),
    ]
    for name, section in SECTIONS.items():
        lines += ["", *_comment(_meaning_of(section)), f"[{name}]", *_key_lines(name, section)]
    for name, kind in ARRAYS.items():
        lines += ["", *_comment(f"{_meaning_of(kind)} There may be none. The values are examples.")]
        lines += [f"# [[{name}]]", *_key_lines(f"{name}[]", kind)]
    return "\n".join(lines) + "\n"


def shown(loaded: Loaded) -> str:
    """The settings in force as TOML, each with where it was set; secrets are masked."""
    settings = loaded.settings
    lines = _shown_lines(loaded, settings, known_as="", shown_as="")
    for name in SECTIONS:
        lines += ["", f"[{name}]"]
        lines += _shown_lines(loaded, getattr(settings, name), known_as=name, shown_as=name)
    for name in ARRAYS:
        for number, table in enumerate(getattr(settings, name), start=1):
            label = shown_table(name, number, msgspec.structs.asdict(table))
            lines += ["", f"[[{name}]]"]
            lines += _shown_lines(loaded, table, known_as=f"{name}[]", shown_as=label)
    return "\n".join(lines) + "\n"


def _shown_lines(
    loaded: Loaded, values: msgspec.Struct, *, known_as: str, shown_as: str
) -> list[str]:
    lines = []
    for name in _names(type(values)):
        value = getattr(values, name)
        masked = _key(known_as, name) in SECRET_KEYS and value
        text = '"********"' if masked else toml_value(value)
        origin = loaded.origins.get(_key(shown_as, name))
        lines.append(f"{name} = {text}" + (f"  # from {origin.text}" if origin else ""))
    return lines


def _key(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name


def toml_value(value: Any) -> str:
    """A setting's value as TOML writes it; JSON's strings, numbers and lists are TOML's too."""
    if isinstance(value, dict) and value:
        pairs = [f"{toml_value(name)} = {toml_value(inner)}" for name, inner in value.items()]
        return "{ " + ", ".join(pairs) + " }"
    return msgspec.json.encode(value).decode()


def described(section: str, kind: type[msgspec.Struct]) -> Iterator[Described]:
    """The settings of a section, of an array's tables (`name[]`), or of the file's top ("")."""
    _, components = msgspec.json.schema_components([kind])
    properties = components[kind.__name__]["properties"]
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for name in _names(kind):
        key = _key(section, name)
        default = "required" if fields[name].required else toml_value(_default(fields[name]))
        examples = properties[name].get("examples")
        yield Described(
            key=key,
            name=name,
            variable=_variable(key),
            meaning=properties[name]["description"],
            default=default,
            sample=toml_value(examples[0]) if examples else default,
        )


def _names(kind: type[msgspec.Struct]) -> list[str]:
    outer = SECTIONS.keys() | ARRAYS.keys() if kind is Settings else frozenset()
    return [name for name in kind.__struct_fields__ if name not in outer]


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _variable(key: str) -> str:
    """In a table that may be given several times, only secrets come from the environment."""
    array, brackets, name = key.partition("[].")
    if not brackets:
        return environment_name(key)
    if key not in SECRET_KEYS:
        return ""
    return environment_name_in(array, "NAME", name).replace("_NAME_", "_<NAME>_", 1)


def _meaning_of(kind: type[msgspec.Struct]) -> str:
    return cleandoc(kind.__doc__ or "")


def _key_lines(section: str, kind: type[msgspec.Struct]) -> list[str]:
    lines: list[str] = []
    for setting in described(section, kind):
        variable = f" ({setting.variable})" if setting.variable else ""
        lines += ["", *_comment(setting.meaning + variable)]
        lines.append(f"# {setting.name} = {setting.sample}")
    return lines[1:]


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(" ".join(text.split()), TEXT_COLUMNS)]
