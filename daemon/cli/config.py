"""`playhead config`: check the settings, show what is in force, print a file to start from."""

from pathlib import Path

import click

from daemon.cli.options import config_option, data_option, settings_from
from daemon.config import example as example_file


@click.group()
def config() -> None:
    """Check, show and explain the settings."""


@config.command()
@data_option
@config_option
def check(*, data: Path | None, config_file: Path | None) -> None:
    """Say whether the settings are good; list every problem if not."""
    loaded = settings_from(config_file, data=data)
    click.echo(
        f"The configuration is good. Set are: {', '.join(sorted(loaded.origins)) or 'none'}."
    )


@config.command()
@data_option
@config_option
def show(*, data: Path | None, config_file: Path | None) -> None:
    """Print the settings in force, and where each was set. Secrets are masked."""
    click.echo(example_file.shown(settings_from(config_file, data=data)), nl=False)


@config.command()
def example() -> None:
    """Print a configuration file with every key, its meaning and its default."""
    click.echo(example_file.example(), nl=False)
