"""
`playhead resolve-agent`: the command on the workstation. It imports nothing of the daemon, so that
msgspec, click and blake3 are all it needs there.
"""

import getpass
import queue as queues
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import click
import msgspec

from adapters.resolve.agent import Agent, Settings
from adapters.resolve.client import Credential, Queue
from adapters.resolve.doctor import findings
from adapters.resolve.environment import this_system, token
from adapters.resolve.worker import Inbox, Stop
from projections.errors import PlayheadError

URL = "http://127.0.0.1:8787"

SECRET_BYTES_MAX = 4_096
"""A file that is longer holds no token and no password."""

NAME_CHARACTERS_MAX = 200

file_option = click.Path(dir_okay=False, path_type=Path)


class SecretProblem(PlayheadError):
    """The token or password cannot be had."""

    hint = "Put it into a file that only you can read, alone on its first line."


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Where the credential is; files are read at each request, so that it can be exchanged."""

    token_file: Path | None
    user: str | None
    password_file: Path | None

    def read(self) -> Credential:
        """
        The credential as it is now.

        Raises:
            SecretProblem: a file cannot be read, or holds nothing.
        """
        if self.token_file is not None:
            return Credential(token=_secret_in(self.token_file))
        if self.user is not None and self.password_file is not None:
            return Credential(user=self.user, password=_secret_in(self.password_file))
        return Credential(token=token())


def _secret_in(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(SECRET_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretProblem(f"{path} cannot be read: {error}.") from None
    first = text.partition("\n")[0].strip()
    if not first:
        raise SecretProblem(f"{path} is empty.")
    return first


@click.command("resolve-agent")
@click.option(
    "--url", metavar="URL", envvar="PLAYHEAD_URL", default=URL, show_default=True,
    help="Address of the daemon.",
)  # fmt: skip
@click.option(
    "--token-file", metavar="FILE", type=file_option,
    help="File with a token of scope media; without it PLAYHEAD_TOKEN is used.",
)  # fmt: skip
@click.option("--user", metavar="NAME", help="User, instead of a token.")
@click.option("--password-file", metavar="FILE", type=file_option, help="File with the password.")
@click.option("--name", metavar="NAME", help="What this agent is called.  [default: USER@MACHINE]")
@click.option(
    "--host", metavar="NAME",
    help="Which [[resolve_host]] of the daemon this machine is."
    "  [default: windows, macos or linux]",
)  # fmt: skip
@click.option(
    "--handoff-dir", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
    help="Where hand-off files are written.  [default: exports, in the project]",
)  # fmt: skip
@click.option("--once", "is_once", is_flag=True, help="Do the job that is there now, and end.")
@click.option("--doctor", "is_doctor", is_flag=True, help="Say what is missing, and end.")
@click.option(
    "--job-timeout-s", type=click.FloatRange(min=1), default=300.0, show_default=True,
    help="Give a job up when Resolve was silent for so long.",
)  # fmt: skip
@click.option(
    "--resolve-wait-s", type=click.FloatRange(min=0), default=300.0, show_default=True,
    help="How long a job waits for Resolve to start; 0 with the free edition.",
)  # fmt: skip
@click.option(
    "--lease-s", type=click.FloatRange(min=1, max=86_400), default=60.0, show_default=True,
    help="After how much silence of this agent the daemon gives its job to another.",
)  # fmt: skip
def resolve_agent(*, is_once: bool, is_doctor: bool, **options: Any) -> None:
    """
    Carry out jobs of the queue in DaVinci Resolve on this machine.

    Without Resolve Studio it writes files that Resolve imports, and says what to click.
    """
    secrets = _secrets(options)
    settings = _settings(options)
    queue = Queue(options["url"], secrets.read)
    secrets.read()
    if is_doctor:
        sys.exit(_examined(settings, queue))
    inbox: Inbox = queues.SimpleQueue()
    _end_on_signals(inbox)
    agent = Agent(settings, queue, inbox, _say)
    if is_once:
        sys.exit(0 if agent.once() else 1)
    agent.run()


def _secrets(options: dict[str, Any]) -> Secrets:
    user, password_file = options["user"], options["password_file"]
    if (user is None) != (password_file is None):
        raise click.UsageError("Give both --user and --password-file, or neither.")
    if user is not None and options["token_file"] is not None:
        raise click.UsageError("Give either a token or a user.")
    return Secrets(token_file=options["token_file"], user=user, password_file=password_file)


def _settings(options: dict[str, Any]) -> Settings:
    system = this_system()
    handoff = options["handoff_dir"]
    return Settings(
        name=(options["name"] or _own_name())[:NAME_CHARACTERS_MAX],
        host=options["host"] or system,
        system=system,
        handoff_dir="" if handoff is None else str(handoff.absolute()),
        lease_s=options["lease_s"],
        silence_s=options["job_timeout_s"],
        resolve_wait_s=options["resolve_wait_s"],
    )


def _own_name() -> str:
    machine = socket.gethostname()
    try:
        return f"{getpass.getuser()}@{machine}"
    except (ImportError, KeyError, OSError):  # a service without a name
        return machine


def _examined(settings: Settings, queue: Queue) -> int:
    """Prints what there is; 1 if the agent could do nothing with it."""
    is_well = True
    for finding in findings(settings, queue):
        click.echo(finding.text)
        is_well = is_well and finding.state != "missing"
    return 0 if is_well else 1


def _end_on_signals(inbox: Inbox) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        inbox.put(Stop())

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if sys.platform == "win32":
        signal.signal(signal.SIGBREAK, stop)


def _say(sentence: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {sentence}", err=True)
