"""
Reading the configuration: file, `.env`, environment, files and systemd credentials for secrets,
command line.

Later sources win, in that order. Every problem found is reported at once, each with its key and
where it was set.
"""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
from dotenv import dotenv_values

from daemon.config.locate import line_of
from daemon.config.rules import problems_between
from daemon.config.settings import SECRET_KEYS, SECTIONS, Settings
from daemon.errors import ConfigError

ENVIRONMENT_PREFIX = "PLAYHEAD_"

ANCESTOR_NAMES = {
    "BASIC_AUTH_USER": "auth.user",
    "BASIC_AUTH_PASS": "auth.password",
    "GC_SCHEDULE": "gc.schedule",
}
"""Environment names of TimestampSync that keep their meaning."""

SECRET_FILE_BYTES_MAX = 64 * 1024


class Origin(msgspec.Struct, frozen=True):
    """Where a value was set, in words a person can follow."""

    text: str


class Loaded(msgspec.Struct, frozen=True):
    """The settings, and where each key that is not at its default was set."""

    settings: Settings
    origins: dict[str, Origin]


class _Gathering:
    """Values by dotted key, their origins, and the problems met on the way."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, Origin] = {}
        self.problems: list[str] = []

    def put(self, key: str, value: Any, origin: str) -> None:
        self.values[key] = value
        self.origins[key] = Origin(origin)


def load(
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    dotenv: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Loaded:
    """
    The settings from all sources.

    Args:
        file: the TOML file, if any.
        environment: instead of the process's own; BASIC_AUTH_USER, BASIC_AUTH_PASS and GC_SCHEDULE
            are read too.
        dotenv: a `.env` file, whose names never override the environment's.
        overrides: values of the command line by dotted key.

    Raises:
        ConfigError: with every problem found.
    """
    gathering = _Gathering()
    environment = os.environ if environment is None else environment
    if file is not None:
        _read_file(gathering, file)
    _read_environment(gathering, _read_dotenv(gathering, dotenv) | dict(environment))
    _read_credentials(gathering, environment.get("CREDENTIALS_DIRECTORY"))
    _read_secret_files(gathering)
    for key, value in (overrides or {}).items():
        gathering.put(key, value, "the command line")
    settings = _convert(gathering)
    gathering.problems += [
        f"{_place(gathering, key)}: {sentence}" for key, sentence in problems_between(settings)
    ]
    if gathering.problems:
        raise ConfigError(gathering.problems)
    return Loaded(settings, gathering.origins)


def _read_file(gathering: _Gathering, file: Path) -> None:
    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        gathering.problems.append(f"{file}: cannot be read: {error}")
        return
    except tomllib.TOMLDecodeError as error:
        gathering.problems.append(f"{file}: is not valid TOML: {error}")
        return
    for key, value in _flattened(document):
        line = line_of(text, key)
        where = f"{file}:{line}" if line else str(file)
        if key not in all_keys():
            gathering.problems.append(f"{where}: there is no setting {key!r}{_nearest(key)}")
        else:
            gathering.put(key, value, where)


def _flattened(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in document.items():
        if name in SECTIONS and isinstance(value, dict):
            pairs += [(f"{name}.{key}", inner) for key, inner in value.items()]
        else:
            pairs.append((name, value))
    return pairs


def _nearest(key: str) -> str:
    found = get_close_matches(key, all_keys(), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _read_dotenv(gathering: _Gathering, dotenv: Path | None) -> dict[str, str]:
    try:
        if dotenv is None or not dotenv.is_file():
            return {}
        pairs = dotenv_values(dotenv, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        gathering.problems.append(f"{dotenv}: cannot be read: {error}")
        return {}
    return {name: value for name, value in pairs.items() if value is not None}


def _read_environment(gathering: _Gathering, environment: Mapping[str, str]) -> None:
    names = {environment_name(key): key for key in all_keys()}
    for name, key in (ANCESTOR_NAMES | names).items():
        if name in environment:
            gathering.put(key, environment[name], f"the environment ({name})")
    for name in environment:
        if name.startswith(ENVIRONMENT_PREFIX) and name not in names and name not in _OTHER_NAMES:
            gathering.problems.append(f"the environment: {name} is not a setting of Playhead")


_OTHER_NAMES = frozenset({"PLAYHEAD_CONFIG", "PLAYHEAD_URL", "PLAYHEAD_TOKEN"})


def _read_credentials(gathering: _Gathering, directory: str | None) -> None:
    """Secrets that systemd's LoadCredential= laid out for this unit."""
    if directory is None:
        return
    for key in sorted(SECRET_KEYS):
        file = Path(directory) / f"playhead.{key}"
        if file.is_file():
            _put_secret(gathering, key, file)


def _read_secret_files(gathering: _Gathering) -> None:
    for key in sorted(SECRET_KEYS):
        named = gathering.values.get(f"{key}_file")
        if isinstance(named, str) and named:
            _put_secret(gathering, key, Path(named))


def _put_secret(gathering: _Gathering, key: str, file: Path) -> None:
    try:
        if file.stat().st_size > SECRET_FILE_BYTES_MAX:
            gathering.problems.append(f"{key}: {file} is too large to be a secret")
            return
        value = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        gathering.problems.append(f"{key}: {file} cannot be read: {error}")
        return
    gathering.put(key, value, str(file))


def _convert(gathering: _Gathering) -> Settings:
    """Key by key, so that every wrong value is reported and none hides another."""
    sections: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    top: dict[str, Any] = {}
    for key, value in gathering.values.items():
        section, _, name = key.rpartition(".")
        kind = field_type(key)
        try:
            converted = msgspec.convert(
                _listed(value, kind), kind, strict=not isinstance(value, str)
            )
        except msgspec.ValidationError as error:
            gathering.problems.append(f"{_place(gathering, key)}: {_plain(str(error))}")
            continue
        (sections[section] if section else top)[name] = converted
    made: dict[str, Any] = {name: kind(**sections[name]) for name, kind in SECTIONS.items()}
    return Settings(**top, **made)


def _listed(value: Any, kind: Any) -> Any:
    """A list in the environment is written with commas."""
    if isinstance(value, str) and "tuple" in str(kind):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _plain(message: str) -> str:
    return message.replace("`", "").partition(" - at ")[0]


def _place(gathering: _Gathering, key: str) -> str:
    origin = gathering.origins.get(key)
    return f"{origin.text}: {key}" if origin else key


def all_keys() -> list[str]:
    """Every setting as a dotted key, in the order of the reference."""
    keys = [name for name in Settings.__struct_fields__ if name not in SECTIONS]
    for section, kind in SECTIONS.items():
        keys += [f"{section}.{name}" for name in kind.__struct_fields__]
    return keys


def environment_name(key: str) -> str:
    """The environment variable that sets a key."""
    return ENVIRONMENT_PREFIX + key.replace(".", "_").upper()


def field_type(key: str) -> Any:
    """The declared type of a setting."""
    section, _, name = key.rpartition(".")
    kind = SECTIONS[section] if section else Settings
    return next(field.type for field in msgspec.structs.fields(kind) if field.name == name)
