"""
`playhead user` and `playhead token`: who may use the daemon. A running daemon notices within a
second.
"""

import sys
from functools import partial
from pathlib import Path

import click

from daemon.auth.credentials import SCOPES, Credentials, Scope
from daemon.auth.keeping import (
    change,
    check_name,
    check_password,
    with_token,
    with_user,
    without_token,
    without_user,
)
from daemon.cli.options import config_option, data_option, directory_from
from daemon.clock import SystemClock

SCOPE_HELP = (
    "play: report and read one's own positions; audit: read the whole log; metrics: scrape;"
    " webhook: post a server's notifications; admin: everything. May be given several times."
)

scope_option = click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=SCOPE_HELP
)


@click.group()
def user() -> None:
    """Manage people who sign in with a name and a password."""


@click.group()
def token() -> None:
    """Manage tokens: secrets for players, scrapers and scripts."""


@user.command("add")
@data_option
@config_option
@scope_option
@click.option("--admin", is_flag=True, help="Grant everything.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.argument("name")
def add_user(
    *,
    data: Path | None,
    config_file: Path | None,
    scopes: tuple[Scope, ...],
    admin: bool,
    password_stdin: bool,
    name: str,
) -> None:
    """Make the user NAME, or give an existing one a new password and scopes."""
    check_name(name)
    path = directory_from(config_file, data).credentials
    granted: tuple[Scope, ...] = ("admin",) if admin else scopes or ("play",)
    password = _ask_password(password_stdin)
    change(path, partial(with_user, name=name, password=password, scopes=granted))
    click.echo(f"User {name} may: {', '.join(granted)}.")


@user.command("list")
@data_option
@config_option
def list_users(*, data: Path | None, config_file: Path | None) -> None:
    """List the users and what they may."""
    directory = directory_from(config_file, data)
    users = Credentials.read(directory.credentials).users
    if not users:
        click.echo(f"There are no users in {directory.root}.", err=True)
    for known in users:
        click.echo(f"{known.name}\t{','.join(known.scopes)}")


@user.command("remove")
@data_option
@config_option
@click.argument("name")
def remove_user(*, data: Path | None, config_file: Path | None, name: str) -> None:
    """Remove the user NAME and all tokens that act for them; their positions stay."""
    path = directory_from(config_file, data).credentials
    removed = change(path, partial(without_user, name=name))
    click.echo(f"Removed {name} and {removed} tokens.")


@token.command("add")
@data_option
@config_option
@scope_option
@click.option("--user", "name", required=True, help="The user the token acts for.")
@click.option("--label", default="", help="What it is for, such as the name of a device.")
def add_token(
    *,
    data: Path | None,
    config_file: Path | None,
    scopes: tuple[Scope, ...],
    name: str,
    label: str,
) -> None:
    """Make a token and print its secret, once: it cannot be shown again."""
    path = directory_from(config_file, data).credentials
    now = SystemClock().now_ns()
    made, secret = change(
        path, partial(with_token, name=name, label=label, scopes=scopes or ("play",), now=now)
    )
    click.echo(f"Token {made.id} for {name}, may: {', '.join(made.scopes)}.", err=True)
    click.echo(secret)


@token.command("list")
@data_option
@config_option
def list_tokens(*, data: Path | None, config_file: Path | None) -> None:
    """List the tokens: id, user, scopes, when made, label."""
    directory = directory_from(config_file, data)
    tokens = Credentials.read(directory.credentials).tokens
    if not tokens:
        click.echo(f"There are no tokens in {directory.root}.", err=True)
    for known in tokens:
        fields = (known.id, known.user, ",".join(known.scopes), known.created, known.label)
        click.echo("\t".join(fields))


@token.command("remove")
@data_option
@config_option
@click.argument("token_id", metavar="ID")
def remove_token(*, data: Path | None, config_file: Path | None, token_id: str) -> None:
    """Revoke the token ID."""
    path = directory_from(config_file, data).credentials
    change(path, partial(without_token, token_id=token_id))
    click.echo(f"Revoked {token_id}.")


def _ask_password(from_stdin: bool) -> str:  # noqa: FBT001 - a flag of the command line
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    check_password(password)
    return str(password)
