"""
Writing a file's title into it, with mkvpropedit: no shell, a deadline, and the file keeps its time
of writing.

The program is given a descriptor, not a name: nothing in a name can mislead it. It is not ended
with the daemon, because a file it is writing would be left half changed.
"""

import os
import shutil
import subprocess

from adapters.disk.opening import open_regular
from projections.errors import PlayheadError

PROGRAM = "mkvpropedit"
EXTENSIONS = frozenset({"mkv", "webm"})
TIMEOUT_S = 60.0
"""It changes some hundred bytes; on a network disk it may have to wait for them."""

WARNED = 1
"""How mkvtoolnix ends when it has done its work and found something to warn of."""

COMPLAINT_CHARACTERS_MAX = 300


class TitleNotSet(PlayheadError):
    """A title could not be written into a file; the file is filed all the same."""

    hint = "The file may be damaged: mkvmerge can write it anew. set_title = false leaves it alone."


class ProgramMissing(TitleNotSet):
    """There is no program that writes titles; files are filed without."""

    hint = "Install mkvtoolnix (Debian: apt-get install mkvtoolnix), or say set_title = false."


def set_title(top: int, path: str, title: str, *, timeout_s: float = TIMEOUT_S) -> bool:
    """
    Writes a title into a Matroska file below an open directory. False if the file is left alone: it
    is known by other names too, so that those who share it would find it changed.

    Raises:
        ProgramMissing: there is none that could do it.
        TitleNotSet: it did not do it.
        OSError: the file cannot be opened.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise ProgramMissing(f"{PROGRAM} is not installed; titles are not written into files.")
    with open_regular(top, path) as file:
        if file.stat.st_nlink > 1:
            return False
        command = [program, f"/proc/self/fd/{file.fd}", "--edit", "info", "--set", f"title={title}"]
        try:
            _run(command, file.fd, timeout_s)
        finally:
            os.utime(file.fd, ns=(file.stat.st_atime_ns, file.stat.st_mtime_ns))
    return True


def _run(command: list[str], fd: int, timeout_s: float) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments; nothing in it is interpreted
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            pass_fds=(fd,),
            env={"LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise TitleNotSet(f"{PROGRAM} took longer than {timeout_s:g} s and was ended.") from error
    except OSError as error:
        raise TitleNotSet(f"{PROGRAM} could not be started: {error.strerror}.") from error
    if done.returncode > WARNED:
        said = done.stdout.decode("utf-8", "replace").strip().splitlines() or [""]
        reason = said[-1].replace(f"'{command[1]}' ", "")[:COMPLAINT_CHARACTERS_MAX]
        raise TitleNotSet(f"{PROGRAM} gave up: {reason}")
