"""
What kind of disk a directory lies on, told from the kernel's list of mounts.

A network disk does not say what other machines do on it: inotify sees only this one.
"""

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

REMOTE = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "drvfs",
        "fuse",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "prl_fs",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    }
)
"""Filesystems that others may write to unseen: networks, and folders that a host shares."""

LEASELESS = frozenset({"cifs", "nfs", "nfs4", "smb3", "smbfs"})
"""
Filesystems that refuse a lease unless their server has promised that nobody else has the file: with
EAGAIN, as if there were a writer. Those of FUSE tell the truth about writers of this machine.
"""

MOUNT_POINT = 4
"""The place of the mount point among the fields of a line."""

_OCTAL = re.compile(r"\\([0-7]{3})")


def is_remote(path: Path) -> bool:
    """Whether others may change what lies there unseen; False where it cannot be known."""
    kind = _kind_of(path)
    return kind in REMOTE or kind.startswith("fuse.")


def refuses_leases(path: Path) -> bool:
    """Whether a lease that is refused there says nothing; False where it cannot be known."""
    return _kind_of(path) in LEASELESS


def _kind_of(path: Path) -> str:
    try:
        return filesystem_of(str(path.resolve()), MOUNTS.read_text("utf-8", "surrogateescape"))
    except OSError:
        return ""


def filesystem_of(path: str, listing: str) -> str:
    """
    The kind of the filesystem that holds an absolute path: that of the deepest mount above it, the
    later one if there are two. Nothing if there is none.

    Args:
        path: free of links.
        listing: the text of `/proc/self/mountinfo`, whose form proc_pid_mountinfo(5) describes.
    """
    best, kind = -1, ""
    for line in listing.splitlines():
        mount, _, disk = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) > MOUNT_POINT:
            point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[MOUNT_POINT]).rstrip("/")
            if len(point) >= best and f"{path}/".startswith(f"{point}/"):
                best, kind = len(point), disk.split(" ")[0]
    return kind
