"""`playhead explain`: why a title is as it is."""

from contextlib import closing
from pathlib import Path

import click
import msgspec

from daemon.cli.options import config_option, data_option
from daemon.cli.orders import office
from projections.explanation import HISTORY_DEFAULT, HISTORY_MAX
from projections.explanation_text import explanation_lines


@click.command()
@data_option
@config_option
@click.option("--user", metavar="NAME", help="Only this person.")
@click.option("--server", metavar="NAME", help="Only this server and its items.")
@click.option(
    "-n",
    "--last",
    metavar="N",
    type=click.IntRange(1, HISTORY_MAX),
    default=HISTORY_DEFAULT,
    show_default=True,
    help="Events of the history.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.argument("item")
def explain(
    *,
    data: Path | None,
    config_file: Path | None,
    user: str | None,
    server: str | None,
    last: int,
    as_json: bool,
    item: str,
) -> None:
    """
    Tell for ITEM and each person every value, where it came from and where it went, what was
    refused and why, and what is still to be written. The daemon may be running.

    ITEM is a media key, an item id, server/item, a path, or a name or its beginning.
    """
    from daemon.explaining import explained

    place = office(config_file, data)
    with closing(place.log()) as log, closing(place.views()) as views:
        explanation = explained(log, views, item, user=user, server=server, lines_max=last)
    if as_json:
        click.echo(msgspec.json.encode(explanation))
        return
    for line in explanation_lines(explanation):
        click.echo(line)
