"""
What can go wrong between us and a player, by who must act.

    PlayerError
    ├── PlayerAbsent    nobody: no player answers at the socket; it may be started at any time
    ├── PlayerGone      nobody: it ended, or closed the connection
    ├── PlayerSilent    the viewer: it hangs; its connection is given up
    ├── PlayerRefused   us: it understood a command and will not do it
    ├── NotUnderstood   the operator: what answers is no mpv, or one that speaks otherwise
    └── LaunchFailed    the operator: the command that should start it does not
"""

from projections.errors import PlayheadError


class PlayerError(PlayheadError):
    """A player did not do what it was asked."""


class PlayerAbsent(PlayerError):
    """
    Nothing answers at the socket of a player. `is_free` says that nobody listens there: a player
    can be started without taking the socket from another.
    """

    hint = "Start it with --input-ipc-server set to this player's socket, or configure launch."

    def __init__(self, message: str, *, is_free: bool) -> None:
        super().__init__(message)
        self.is_free = is_free


class PlayerGone(PlayerError):
    """The connection to a player ended."""

    hint = "It is connected to again as soon as it answers."


class PlayerSilent(PlayerError):
    """A player keeps its connection open and does not answer."""

    hint = "It hangs, or waits for a disk. It is tried again from time to time."


class PlayerRefused(PlayerError):
    """A player will not do what it was told."""

    hint = "If it happens again, please report it with the player's version."


class NotUnderstood(PlayerError):
    """A line, or a value in one, is not what mpv says."""

    hint = "Check that nothing else listens at this player's socket."


class LaunchFailed(PlayerError):
    """The command that starts a player did not."""

    hint = "Try the command of this player's launch setting by hand, as the user of the daemon."
