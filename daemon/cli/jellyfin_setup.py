"""`playhead jellyfin setup`: make a server tell us what happens there, and check that it may."""

import sys
from pathlib import Path

import anyio
import click

from daemon.cli.options import config_option, data_option, settings_from
from daemon.config import Settings
from daemon.config.bind import parse_bind
from daemon.datadir import DataDirectory
from daemon.wiring_jellyfin import installation_id, set_up_server


@click.command("setup")
@click.argument("server")
@click.option(
    "--playhead-url",
    metavar="URL",
    help="Where that server reaches this daemon.  [default: the address it listens on]",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be changed.")
@data_option
@config_option
def setup(
    server: str,
    *,
    playhead_url: str | None,
    dry_run: bool,
    data: Path | None,
    config_file: Path | None,
) -> None:
    """
    Configure the webhook plugin of SERVER and try Quick Connect for its users.

    The plugin is optional: without it Playhead listens to the server's WebSockets and looks at
    everything now and then.
    """
    settings = settings_from(config_file, data=data).settings
    base = (playhead_url or _own_url(settings)).rstrip("/")
    installation = installation_id(DataDirectory(Path(settings.data)).root)

    async def ask() -> int:
        report = await set_up_server(
            settings,
            server,
            webhook_url=f"{base}/webhook/{server}",
            installation=installation,
            dry_run=dry_run,
        )
        for sentence in report.done:
            click.echo(sentence)
        for sentence in report.problems:
            click.echo(f"Problem: {sentence}", err=True)
        return 1 if report.problems else 0

    sys.exit(anyio.run(ask))


def _own_url(settings: Settings) -> str:
    scheme = "https" if settings.server.tls_certificate_file else "http"
    return f"{scheme}://{parse_bind(settings.server.bind)}"
