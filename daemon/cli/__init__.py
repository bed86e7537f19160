"""The command line: one file per command."""

from daemon.cli.main import main

__all__ = ["main"]
