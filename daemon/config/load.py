"""
Reading the configuration: file, `.env`, environment, files and systemd credentials for secrets,
command line.

Later sources win, in that order. Every problem found is reported at once, each with its key and
where it was set.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from dotenv import dotenv_values

from daemon.config.ancestors import read_ancestors
from daemon.config.convert import converted
from daemon.config.gathering import Gathering, Origin
from daemon.config.keys import (
    ENVIRONMENT_PREFIX,
    all_keys,
    credential_name_in,
    did_you_mean,
    environment_name,
)
from daemon.config.rules import problems_between
from daemon.config.settings import ARRAYS, SECTIONS, Settings
from daemon.config.tables import Source, read_table_secrets, read_tables
from daemon.errors import ConfigError


class Loaded(msgspec.Struct, frozen=True):
    """
    The settings, and where each key that is not at its default was set.

    A key of a server is told with its name: `jellyfin[attic].url`.
    """

    settings: Settings
    origins: dict[str, Origin]


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
        environment: instead of the process's own; the names of the ancestors are read too.
        dotenv: a `.env` file, whose names never override the environment's.
        overrides: values of the command line by dotted key.

    Raises:
        ConfigError: with every problem found.
    """
    gathering = Gathering()
    environment = os.environ if environment is None else environment
    if file is not None:
        _read_file(gathering, file)
    _read_environment(gathering, _read_dotenv(gathering, dotenv) | dict(environment))
    _read_credentials(gathering, environment.get("CREDENTIALS_DIRECTORY"))
    _read_secret_files(gathering)
    for key, value in (overrides or {}).items():
        gathering.put(key, value, "the command line")
    settings = converted(gathering)
    _apply_rules(gathering, settings)
    if gathering.problems:
        raise ConfigError(gathering.problems)
    origins = {gathering.shown(key): origin for key, origin in gathering.origins.items()}
    return Loaded(settings, origins)


def _apply_rules(gathering: Gathering, settings: Settings) -> None:
    """What was refused before has a stand-in, about which there is nothing to say."""
    refused = frozenset(gathering.refused)
    for key, sentence in problems_between(settings):
        if key not in refused:
            gathering.refuse(key, sentence)


def _read_file(gathering: Gathering, file: Path) -> None:
    try:
        source = Source(file, file.read_text(encoding="utf-8"))
        document = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        gathering.problems.append(f"{file}: is not valid TOML: {error}")
        gathering.tables_unread = True
        return
    except (OSError, UnicodeDecodeError) as error:
        gathering.problems.append(f"{file}: cannot be read: {error}")
        gathering.tables_unread = True
        return
    for name, value in document.items():
        if name in ARRAYS:
            read_tables(gathering, source, name, value=value)
        elif name in SECTIONS and isinstance(value, dict):
            for key, inner in value.items():
                _put_flat(gathering, source, f"{name}.{key}", value=inner)
        elif name in SECTIONS:
            gathering.problems.append(
                f"{source.where(name)}: {name}: must be one table: write [{name}] above its keys"
            )
        else:
            _put_flat(gathering, source, name, value=value)


def _put_flat(gathering: Gathering, source: Source, key: str, *, value: Any) -> None:
    where = source.where(key)
    if key in all_keys():
        gathering.put(key, value, where)
    else:
        near = did_you_mean(key, [*all_keys(), *SECTIONS, *ARRAYS])
        gathering.problems.append(f"{where}: there is no setting {key!r}{near}")


def _read_dotenv(gathering: Gathering, dotenv: Path | None) -> dict[str, str]:
    try:
        if dotenv is None or not dotenv.is_file():
            return {}
        pairs = dotenv_values(dotenv, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        gathering.problems.append(f"{dotenv}: cannot be read: {error}")
        return {}
    return {name: value for name, value in pairs.items() if value is not None}


def _read_environment(gathering: Gathering, environment: Mapping[str, str]) -> None:
    read_ancestors(gathering, environment)
    names = {environment_name(key): key for key in all_keys()}
    for name, key in names.items():
        if name in environment:
            gathering.put(key, environment[name], f"the environment ({name})")
    known = _OTHER_NAMES | names.keys() | read_table_secrets(gathering, environment)
    for name in environment:
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            _refuse_variable(gathering, name, known)


_OTHER_NAMES = frozenset({"PLAYHEAD_CONFIG", "PLAYHEAD_URL", "PLAYHEAD_TOKEN"})


def _refuse_variable(gathering: Gathering, name: str, known: frozenset[str]) -> None:
    of_table = name.startswith(tuple(f"{ENVIRONMENT_PREFIX}{array.upper()}_" for array in ARRAYS))
    if of_table and gathering.tables_unread:
        return  # the table it belongs to may be in what could not be read
    near = did_you_mean(name, known)
    gathering.problems.append(f"the environment: {name} is not a setting of Playhead{near}")


def _read_credentials(gathering: Gathering, directory: str | None) -> None:
    """Secrets that systemd's LoadCredential= laid out for this unit."""
    if directory is None:
        return
    for key in gathering.secret_keys():
        file = Path(directory) / _credential_name(gathering, key)
        if file.is_file():
            gathering.put_secret(key, file, asked_by=key)


def _credential_name(gathering: Gathering, key: str) -> str:
    section, _, name = key.rpartition(".")
    table = gathering.tables.get(section)
    if table is None:
        return f"playhead.{key}"
    return credential_name_in(section.partition("[")[0], table.label, name)


def _read_secret_files(gathering: Gathering) -> None:
    for key in gathering.secret_keys():
        named = gathering.values.get(f"{key}_file")
        if isinstance(named, str) and named:
            gathering.put_secret(key, Path(named), asked_by=f"{key}_file")
