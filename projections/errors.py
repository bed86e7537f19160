"""
The errors of the pure core, and the root of all errors Playhead raises.

    PlayheadError               every error has one sentence and a hint that says what to do
    ├── Rejected                the caller must act: a command that cannot become an event
    │   ├── NotFound            what the command names does not exist
    │   └── Conflict            the command contradicts what is already recorded
    └── DecodeError             the operator must act: a record that cannot be read

`daemon.errors` continues the tree with what only a running process can meet.
"""


class PlayheadError(Exception):
    """Something went wrong that a person can act on: `hint` says how."""

    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or type(self).hint

    def __str__(self) -> str:
        return str(self.args[0])


class Rejected(PlayheadError):
    """A command was understood and refused; nothing was recorded."""

    hint = "Correct the request and send it again."


class NotFound(Rejected):
    """A command names something that is not there."""

    hint = "List what exists and use one of those names."


class Conflict(Rejected):
    """A command contradicts what the log already holds."""

    hint = "Use a fresh event id; an id belongs to one event for ever."


class DecodeError(PlayheadError):
    """A stored event's bytes do not have the shape its type promises."""

    hint = "Run `playhead verify` to find damaged records, then restore the log from a backup."
