"""
Whether a file that others write is finished.

Nothing says so for certain. A file counts as finished when it has been left alone for a while, by
the times of its last writing and of its last change, and when nobody has it open for writing, which
the kernel tells where a disk offers leases (fcntl(2), F_SETLEASE): it refuses one for reading while
there is a writer. NFS and SMB refuse every lease in the same words: there, only being quiet counts.
A download that stalls is still open; one that is closed and opened again later looks finished in
between, which only waiting longer can tell.
"""

import fcntl
import os
import signal
from pathlib import Path

from adapters.disk.mounts import refuses_leases
from projections.envelope import Nanos

QUIET_SIGNAL = signal.SIGURG
"""
Sent to us if somebody wants to write in the instant in which we hold the lease. The one that would
be sent by default ends the process; this one is ignored by default.
"""


def quiet_in_ns(status: os.stat_result, *, now: Nanos, stable_ns: Nanos) -> Nanos:
    """
    How long a file must still be left alone until it has been quiet for `stable_ns`; 0 if it has. A
    time in the future, of a clock that was set or of another machine, does not count.
    """
    ages_ns = (now - status.st_mtime_ns, now - status.st_ctime_ns)
    age_ns = min((age for age in ages_ns if age >= 0), default=stable_ns)
    return max(0, stable_ns - age_ns)


def has_writer(fd: int) -> bool:
    """
    Whether somebody has a file open for writing, given a descriptor for reading; False where that
    cannot be found out: network disks, and files of others without the right to lease them.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_SETSIG, QUIET_SIGNAL)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return not refuses_leases(Path(f"/proc/self/fd/{fd}"))
    except OSError:
        return False
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
