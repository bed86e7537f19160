"""
The child process: reads one order, does it, tells how it goes, and ends.

A call into Resolve can block for ever, and can hold Python's lock meanwhile; so the agent never
makes one, and this process has two ways to end: its standard input closes when the agent is gone,
and a timer that needs no Python ends it when it has told nothing for too long.
"""

import faulthandler
import os
import sys
import threading
from typing import BinaryIO

import msgspec

from adapters.resolve.messages import Ending, Order, Seen, Told
from adapters.resolve.wire import ERROR_CHARACTERS_MAX, shortened
from adapters.resolve.work import look, work
from projections.errors import PlayheadError

GRACE_S = 30.0
"""The agent ends a child that is silent; the child's own timer is for when there is no agent."""

ORPHANED = 70
"""The exit code of a child whose agent is gone."""


class Voice:
    """Tells the agent; each line is a sign of life."""

    def __init__(self, out: BinaryIO, silence_s: float) -> None:
        self._out = out
        self._silence_s = silence_s

    def tell(self, told: Told) -> None:
        """One line."""
        faulthandler.dump_traceback_later(self._silence_s + GRACE_S, exit=True)
        self._out.write(msgspec.json.encode(told) + b"\n")
        self._out.flush()

    def note(self, note: str) -> None:
        """How far it has come."""
        self.tell(Told(note=note))

    def seen(self, seen: Seen) -> None:
        """What was found of Resolve."""
        self.tell(Told(kind="seen", seen=seen))

    def ended(self, ending: Ending) -> None:
        """How it ended."""
        self.tell(Told(kind="ended", ending=ending))


def own_output() -> BinaryIO:
    """Where the agent reads. Whatever else writes to standard output gets into the log instead."""
    private = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(private, "wb")


def end_with_agent(stream: BinaryIO) -> None:
    """Ends this process when the agent's end of the pipe closes."""

    def wait() -> None:
        stream.read()
        os._exit(ORPHANED)

    threading.Thread(target=wait, name="leash", daemon=True).start()


def main() -> None:
    """Does what the first line of standard input orders."""
    stream = sys.stdin.buffer
    order = msgspec.json.decode(stream.readline(), type=Order)
    voice = Voice(own_output(), order.silence_s)
    end_with_agent(stream)
    voice.note("started")
    try:
        if order.job is None:
            look(order, voice.note, voice.seen)
            ending = Ending()
        else:
            ending = work(order, voice.note, voice.seen)
    except PlayheadError as error:
        ending = Ending(error=f"{error} {error.hint}".strip())
    voice.ended(
        msgspec.structs.replace(ending, error=shortened(ending.error, ERROR_CHARACTERS_MAX))
    )
    faulthandler.cancel_dump_traceback_later()
    sys.stderr.flush()
    os._exit(0)  # Resolve's library may hang when it is unloaded


if __name__ == "__main__":
    main()
