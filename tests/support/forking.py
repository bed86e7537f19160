"""
The program behind `support.forked`: an interpreter that has imported all of Playhead once, and
forks a process for each command it is told to run.

It is started by its path, with the number of a socket as its only argument. Each order comes with
four descriptors: where its process id and later its exit code are told, and what is to be its
standard input, output and error. When nobody holds the other end of the socket any more, it ends
what it started, and itself.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

ORDER_BYTES_MAX = 200_000
"""A command line and an environment; a packet of a Unix socket holds little more."""

ORDER_DESCRIPTORS = 4

PACKAGES = ("projections", "adapters", "daemon")

ON_FIRST_USE = ("anyio._backends._asyncio", "uvloop")
"""What a daemon loads besides, as soon as it runs."""

AT_THE_START = ("adapters.disk.atomic", "adapters.files.cleaning")
"""Modules in which each process has a name or a beginning of its own."""


class Forks:
    """The processes that run, by a descriptor of each, and where their end is to be told."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[int, tuple[int, socket.socket]] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def order(self) -> tuple[dict[str, Any], list[int]] | None:
        """What this process is to do, for it is a fork; nothing once there will be no orders."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._running:
                    self._tell_end(descriptor)
                    continue
                data, descriptors, _, _ = socket.recv_fds(
                    self._control, ORDER_BYTES_MAX, ORDER_DESCRIPTORS
                )
                if not data:
                    self._end_all()
                    return None
                process_id = os.fork()
                if process_id == 0:
                    return json.loads(data), descriptors[1:]
                self._watch(process_id, *descriptors)

    def _watch(self, process_id: int, reply: int, *streams: int) -> None:
        for stream in streams:
            os.close(stream)
        watched = os.pidfd_open(process_id)
        channel = socket.socket(fileno=reply)
        socket.send_fds(channel, [str(process_id).encode()], [watched])
        self._running[watched] = (process_id, channel)
        self._poll.register(watched, select.POLLIN)

    def _tell_end(self, watched: int) -> None:
        process_id, channel = self._running.pop(watched)
        self._poll.unregister(watched)
        os.close(watched)
        _, status = os.waitpid(process_id, 0)
        with channel, suppress(BrokenPipeError):  # nobody may be waiting for it
            channel.send(str(os.waitstatus_to_exitcode(status)).encode())

    def _end_all(self) -> None:
        for watched in list(self._running):
            signal.pidfd_send_signal(watched, signal.SIGKILL)
            self._tell_end(watched)


def import_everything() -> None:
    """Every module of ours, and with them what they need; a broken one tells whoever needs it."""
    for package in map(importlib.import_module, PACKAGES):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            with suppress(Exception):
                importlib.import_module(found.name)
    for name in ON_FIRST_USE:
        importlib.import_module(name)


def become(order: dict[str, Any], streams: Sequence[int]) -> None:
    """Makes of this fork what a new process would be."""
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
    os.closerange(len(streams), os.sysconf("SC_OPEN_MAX"))
    # New objects too: the old ones remember what kind of file they were made for.
    sys.stdin = os.fdopen(0, encoding=sys.stdin.encoding, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, closefd=False)
    sys.stderr = os.fdopen(
        2, "w", 1, encoding=sys.stderr.encoding, errors=sys.stderr.errors, closefd=False
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    sys.argv = ["playhead", *order["words"]]
    for name in AT_THE_START:
        importlib.reload(sys.modules[name])


def run(main: Callable[[], None]) -> NoReturn:
    """
    Runs the command and ends the process as Python ends it, but for taking its thousand modules
    apart: each page that touches is copied first, which takes longer than most commands.
    """
    code: int | str | None = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - whatever ends a process
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as Python's own end
    atexit._run_exitfuncs()
    if not sys.stderr.closed:
        sys.stderr.flush()
    sys.stdout.flush()
    assert code is None or isinstance(code, int)
    os._exit(code or 0)


def main() -> None:
    """Takes orders until there are none."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for whoever gives the orders
    import_everything()
    assert [str(os.getpid())] == [task.name for task in Path("/proc/self/task").iterdir()]
    gc.collect()
    gc.freeze()
    found = Forks(control).order()
    if found is None:
        return
    become(*found)
    from daemon.cli import main as command  # noqa: PLC0415 - of the many it imported

    run(command)


if __name__ == "__main__":  # workers of a fork may load this too, under another name
    main()
