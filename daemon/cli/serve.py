"""`playhead serve`: run the daemon in the foreground."""

from pathlib import Path

import click

from daemon.cli.options import config_option, data_option, settings_from


@click.command()
@data_option
@config_option
@click.option("--bind", metavar="HOST:PORT", help="Address to listen on; port 0 takes a free one.")
def serve(*, data: Path | None, config_file: Path | None, bind: str | None) -> None:
    """Run the daemon until it is told to stop (Ctrl-C or SIGTERM)."""
    settings = settings_from(config_file, data=data, bind=bind).settings

    from daemon.wiring import serve_forever

    serve_forever(settings)
