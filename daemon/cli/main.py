"""
The command tree, and the one place where errors become exit codes: 0 done, 1 refused or failed, 2
wrong usage.
"""

import sys

import click

from daemon import __version__
from daemon.cli.adopt import adopt
from daemon.cli.config import config
from daemon.cli.credentials import token, user
from daemon.cli.explain import explain
from daemon.cli.jellyfin import jellyfin
from daemon.cli.jellyfin_setup import setup
from daemon.cli.log import log
from daemon.cli.replay import replay
from daemon.cli.serve import serve
from daemon.cli.transfer import export, import_
from daemon.cli.undo import undo
from daemon.cli.verify import verify
from projections.errors import PlayheadError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="playhead")
def cli() -> None:
    """Playhead remembers where you are in everything you watch."""


COMMANDS = (
    *(serve, log, explain, undo, jellyfin),
    *(replay, verify, export, import_, adopt),
    *(user, token, config),
)

for command in COMMANDS:
    cli.add_command(command)

jellyfin.add_command(setup)


def main() -> None:
    """The `playhead` command."""
    try:
        cli(prog_name="playhead")
    except PlayheadError as error:
        click.echo(f"playhead: {error}", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
