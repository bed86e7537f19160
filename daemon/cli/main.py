"""
The command tree, and the one place where errors become exit codes: 0 done, 1 refused or failed, 2
wrong usage.

A command is imported when it is used: `playhead log` does not wait for what `serve` needs.
"""

import sys

import click

from daemon import __version__
from daemon.cli.lazy import LazyGroup
from projections.errors import PlayheadError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

COMMANDS = {
    "serve": "daemon.cli.serve:serve",
    "log": "daemon.cli.log:log",
    "explain": "daemon.cli.explain:explain",
    "undo": "daemon.cli.undo:undo",
    "jellyfin": "daemon.cli.jellyfin:jellyfin",
    "organize": "daemon.cli.organize:organize",
    "replay": "daemon.cli.replay:replay",
    "verify": "daemon.cli.verify:verify",
    "archive": "daemon.cli.archive:archive",
    "backup": "daemon.cli.backup:backup",
    "restore": "daemon.cli.backup:restore",
    "export": "daemon.cli.transfer:export",
    "import": "daemon.cli.transfer:import_",
    "adopt": "daemon.cli.adopt:adopt",
    "user": "daemon.cli.credentials:user",
    "token": "daemon.cli.credentials:token",
    "config": "daemon.cli.config:config",
    "completion": "daemon.cli.completion:completion",
    "resolve-agent": "daemon.cli.resolve_agent:resolve_agent",
}
"""Each command, and where it is defined."""


@click.group(cls=LazyGroup, places=COMMANDS, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="playhead")
def cli() -> None:
    """Playhead remembers where you are in everything you watch."""


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
