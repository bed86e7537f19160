"""
Tables that may be given several times, `[[jellyfin]]` for one: from the file into a gathering, and
their secrets from the environment.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from daemon.config.gathering import Gathering, Table
from daemon.config.keys import array_keys, did_you_mean, environment_name_in, general, shown_table
from daemon.config.locate import line_of
from daemon.config.settings import ARRAY_LABELS
from daemon.config.sync import SERVER_NAME


class Source(msgspec.Struct, frozen=True):
    """A TOML file and its text."""

    file: Path
    text: str

    def where(self, key: str) -> str:
        """The file, and the line that sets a key if it can be told."""
        line = line_of(self.text, key)
        return f"{self.file}:{line}" if line else str(self.file)


def read_tables(gathering: Gathering, source: Source, array: str, *, value: Any) -> None:
    """Takes all tables of an array, as the file holds them."""
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        gathering.problems.append(
            f"{source.where(array)}: {array}: may be given several times: write [[{array}]] above"
            " each of its tables"
        )
        gathering.tables_unread = True
        return
    for number, table in enumerate(value, start=1):
        _read_table(gathering, source, f"{array}[{number}]", values=table)


def _read_table(
    gathering: Gathering, source: Source, section: str, *, values: Mapping[str, Any]
) -> None:
    array, number = section[:-1].split("[")
    shown = shown_table(array, int(number), values)
    label = values.get(ARRAY_LABELS[array])
    good = isinstance(label, str) and SERVER_NAME.fullmatch(label)
    gathering.tables[section] = Table(
        label=str(label) if good else "", shown=shown, where=source.where(section)
    )
    known = array_keys(array)
    for name, value in values.items():
        key = f"{section}.{name}"
        if general(key) in known:
            gathering.put(key, value, source.where(key))
        else:
            near = did_you_mean(
                f"{shown}.{name}", [each.replace(f"{array}[]", shown) for each in known]
            )
            gathering.problems.append(
                f"{source.where(key)}: there is no setting {gathering.shown(key)!r}{near}"
            )


def read_table_secrets(gathering: Gathering, environment: Mapping[str, str]) -> frozenset[str]:
    """Takes the secrets of tables from the environment; the names that mean one."""
    keys_of: dict[str, list[str]] = {}
    for key in gathering.secret_keys():
        section, _, name = key.rpartition(".")
        table = gathering.tables.get(section)
        if table is not None and table.label:
            array = section.partition("[")[0]
            keys_of.setdefault(environment_name_in(array, table.label, name), []).append(key)
    for name, keys in keys_of.items():
        if name in environment:
            _put_from(gathering, name, keys, value=environment[name])
    return frozenset(keys_of)


def _put_from(gathering: Gathering, name: str, keys: list[str], *, value: str) -> None:
    """A secret is never given to two servers because their names look alike in capitals."""
    labels = {gathering.tables[key.rpartition(".")[0]].label.casefold() for key in keys}
    if len(labels) == 1:
        for key in keys:
            gathering.put(key, value, f"the environment ({name})")
        return
    tables = " and ".join(gathering.shown(key) for key in keys)
    gathering.problems.append(
        f"the environment: {name} could mean {tables}: use a file or a systemd credential instead"
    )
    gathering.refused.update(keys)
