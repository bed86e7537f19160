"""
Options several commands share, and how they become settings.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from daemon.config import Loaded, load
from daemon.datadir import DataDirectory

Function = TypeVar("Function", bound=Callable[..., Any])


def data_option(command: Function) -> Function:
    """`--data DIR`: the directory with the log."""
    return click.option(
        "--data",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Directory of the log, the views and the credentials.  [default: ./data]",
    )(command)


def config_option(command: Function) -> Function:
    """`--config FILE`: the TOML file."""
    return click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="PLAYHEAD_CONFIG",
        help="TOML file with settings; `playhead config example` prints one.",
    )(command)


def settings_from(
    config_file: Path | None, *, data: Path | None = None, bind: str | None = None
) -> Loaded:
    """
    The settings from all sources, the command line winning.

    Raises:
        ConfigError: with every problem found.
    """
    overrides: dict[str, Any] = {}
    if data is not None:
        overrides["data"] = str(data)
    if bind is not None:
        overrides["server.bind"] = bind
    return load(file=config_file, dotenv=Path(".env"), overrides=overrides)


def directory_from(config_file: Path | None, data: Path | None) -> DataDirectory:
    """The data directory that the options mean."""
    return DataDirectory(Path(settings_from(config_file, data=data).settings.data))
