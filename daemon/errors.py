"""
What only a running daemon can meet, by who must act.

    PlayheadError
    ├── ConfigError       the operator: the configuration has problems, all of them listed
    ├── StartupRefused    the operator: starting would be unsafe or impossible
    │   └── InUse             another process writes in the data directory
    ├── BackupRefused     the operator: what shall be restored is no good backup, or would overwrite
    ├── StorageError      the operator: the disk refused a write or a read; nothing was recorded
    │   └── CorruptViews  the operator: the views are damaged; the log has all they say
    ├── CorruptLog        the operator: the log contradicts itself; nothing is repaired silently
    │   └── SegmentLost       a segment of its archive is missing or was changed
    ├── FoldFailed        the operator: an event of the log cannot be folded into the views
    └── Overloaded        the caller: the queue is full, try again shortly
"""

from projections.errors import PlayheadError


class ConfigError(PlayheadError):
    """The configuration has problems; `problems` lists every one of them."""

    hint = "Run `playhead config example` for a file with every key, its default and its meaning."

    def __init__(self, problems: list[str]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"The configuration has {count}:\n  " + "\n  ".join(problems))
        self.problems = problems


class StartupRefused(PlayheadError):
    """Starting now would be unsafe or impossible."""


class InUse(StartupRefused):
    """Another process has the right to write in the data directory."""

    hint = "Stop that daemon first, or choose another directory with --data DIR."


class BackupRefused(PlayheadError):
    """A backup is not what it should be, or restoring it would overwrite something."""

    hint = "Nothing was changed. Take another backup, or another directory."


class StorageError(PlayheadError):
    """The disk refused; what was being written is not recorded."""

    hint = "Check free space and the health of the disk that holds the data directory."


class CorruptLog(PlayheadError):
    """The event log contradicts itself."""

    hint = "Stop the daemon, run `playhead verify`, and restore the log from a backup."


class SegmentLost(CorruptLog):
    """A segment of the log's archive is missing or was changed."""

    hint = "Put it back from a backup, into `archive` beside log.db; then run `playhead verify`."


class CorruptViews(StorageError):
    """The views are damaged, which loses nothing: the log has all they say."""

    hint = "Stop the daemon, delete views.db, views.db-wal and views.db-shm, and start it again."


class FoldFailed(PlayheadError):
    """An event that is in the log cannot be folded into the views."""

    hint = (
        "Run `playhead verify`: if it finds the log damaged, restore it from a backup; if not, this"
        " is a defect in Playhead, please report it."
    )


class Overloaded(PlayheadError):
    """The writer's queue is full."""

    hint = "Try again after the number of seconds given in Retry-After."
