"""`playhead serve`: run the daemon in the foreground."""

from pathlib import Path

import anyio
import click

from daemon.cli.options import config_option, data_option, settings_from
from daemon.clock import SystemClock
from daemon.config import Settings
from daemon.config.bind import parse_bind
from daemon.datadir import DataDirectory, DataLock
from daemon.server import bind_socket
from daemon.supervisor import close, run
from daemon.telemetry.logs import configure_logs
from daemon.wiring import build


@click.command()
@data_option
@config_option
@click.option("--bind", metavar="HOST:PORT", help="Address to listen on; port 0 takes a free one.")
def serve(data: Path | None, config_file: Path | None, bind: str | None) -> None:
    """Run the daemon until it is told to stop (Ctrl-C or SIGTERM)."""
    settings = settings_from(config_file, data=data, bind=bind).settings
    telemetry = settings.telemetry
    configure_logs(style=telemetry.log_format, level=telemetry.log_level)
    with DataLock(DataDirectory(Path(settings.data))):
        anyio.run(_serve, settings, backend_options={"use_uvloop": True})


async def _serve(settings: Settings) -> None:
    daemon = build(settings, SystemClock())
    try:
        with bind_socket(parse_bind(settings.server.bind)) as listener:
            await run(daemon, listener)
    finally:
        close(daemon)
