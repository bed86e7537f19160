"""
What can go wrong when an outside program does work for us, by who must act.

    ToolError
    ├── ToolMissing     the operator: the program is not installed
    ├── ToolTimeout     nobody: it took too long and was ended, with everything it had started
    ├── ToolFailed      nobody: it gave up, or something is wrong with the file
    └── WrongResult     us: it reported success, but what it made is not what was asked for
    Gone                the caller: the file is not at its place any more
    Unsuitable          the caller: these files cannot be treated like this

A message never names a folder of the server: what a tool says is freed of paths first.
"""

from adapters.disk.errors import Missing
from projections.errors import PlayheadError, Rejected


class ToolError(PlayheadError):
    """A program that was to do something for us did not."""


class ToolMissing(ToolError):
    """The program is not installed, or not where it can be found."""

    def __init__(self, program: str) -> None:
        package = "ffmpeg" if program in {"ffmpeg", "ffprobe"} else program
        super().__init__(
            f"{program} is not installed.",
            hint=f"Install it (Debian: apt-get install {package}) and make it found by PATH.",
        )
        self.program = program


class ToolTimeout(ToolError):
    """The program was ended because it took longer than it may."""

    hint = "If the machine or its disks were busy, try again."


class ToolFailed(ToolError):
    """The program gave up; the message ends with its own last words."""

    hint = "Check that the file plays; it may be damaged or of a kind that ffmpeg does not know."


class WrongResult(ToolError):
    """What the program made was looked at and thrown away."""

    hint = "The original is untouched. If it happens again, please report it."


class Gone(Missing):
    """The file went away before it was looked at; nothing can be said about it."""

    def __init__(self) -> None:
        super().__init__("The file is not there any more.")


class Unsuitable(Rejected):
    """The files are not of the kind that this can be done with."""

    hint = "Look at the facts of the files: GET /api/media/facts."
