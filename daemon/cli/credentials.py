"""
`playhead user` and `playhead token`: who may use the daemon. A running daemon notices within a
second.
"""

import secrets
import sys
from pathlib import Path

import click
import msgspec

from daemon.auth.credentials import (
    NAME_CHARS_MAX,
    SCOPES,
    Credentials,
    Scope,
    Token,
    User,
    hash_password,
    new_token,
    token_hash,
)
from daemon.cli.options import config_option, data_option, directory_from
from daemon.clock import SystemClock
from projections.errors import PlayheadError
from projections.moments import moment_text

PASSWORD_CHARS_MIN = 8

SCOPE_HELP = (
    "play: report and read one's own positions; audit: read the whole log; metrics: scrape;"
    " webhook: post a server's notifications; admin: everything. May be given several times."
)

scope_option = click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=SCOPE_HELP
)


class CredentialProblem(PlayheadError):
    """A user or token cannot be made or removed as asked."""


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
    _check_name(name)
    path = directory_from(config_file, data).credentials
    stored = Credentials.read(path)
    granted: tuple[Scope, ...] = ("admin",) if admin else scopes or ("play",)
    made = User(name=name, password=hash_password(_ask_password(password_stdin)), scopes=granted)
    others = tuple(known for known in stored.users if known.name != name)
    msgspec.structs.replace(stored, users=(*others, made)).write(path)
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
    stored = Credentials.read(path)
    users = tuple(known for known in stored.users if known.name != name)
    tokens = tuple(known for known in stored.tokens if known.user != name)
    if len(users) == len(stored.users) and len(tokens) == len(stored.tokens):
        raise CredentialProblem(f"There is no user {name}.", hint="See: playhead user list")
    msgspec.structs.replace(stored, users=users, tokens=tokens).write(path)
    click.echo(f"Removed {name} and {len(stored.tokens) - len(tokens)} tokens.")


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
    _check_name(name)
    path = directory_from(config_file, data).credentials
    stored = Credentials.read(path)
    secret = new_token()
    made = Token(
        id=secrets.token_hex(4),
        user=name,
        label=label[:NAME_CHARS_MAX],
        hash=token_hash(secret),
        created=moment_text(SystemClock().now_ns())[:19] + "Z",
        scopes=scopes or ("play",),
    )
    msgspec.structs.replace(stored, tokens=(*stored.tokens, made)).write(path)
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
    stored = Credentials.read(path)
    tokens = tuple(known for known in stored.tokens if known.id != token_id)
    if len(tokens) == len(stored.tokens):
        raise CredentialProblem(f"There is no token {token_id}.", hint="See: playhead token list")
    msgspec.structs.replace(stored, tokens=tokens).write(path)
    click.echo(f"Revoked {token_id}.")


def _check_name(name: str) -> None:
    bad = not name or len(name) > NAME_CHARS_MAX or ":" in name or not name.isprintable()
    if bad or name != name.strip():
        hint = f"Use 1 to {NAME_CHARS_MAX} printable characters without a colon."
        raise CredentialProblem(f"{name!r} cannot be a user name.", hint=hint)


def _ask_password(from_stdin: bool) -> str:  # noqa: FBT001 - a flag of the command line
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(password) < PASSWORD_CHARS_MIN:
        hint = f"Use at least {PASSWORD_CHARS_MIN} characters."
        raise CredentialProblem("The password is too short.", hint=hint)
    return str(password)
