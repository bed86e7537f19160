"""
Plans and filings as text for people.
"""

from projections.filing_plan import Leave, Move
from projections.filing_return import Return, WhyNot
from projections.filing_survey import Why
from projections.wording import printable

_LEFT: dict[Why, str] = {
    "no_text": "its name is no UTF-8",
    "no_episode": "its name tells no episode",
    "sample": "it is a sample",
    "shared": "its folder holds something else than the episode it is named after",
    "empty": "it is empty",
    "duplicate": "the same is there already: {other}",
    "undone": "it was filed and put back",
    "blocked": "{other} is no folder",
    "crowded": "too many files are called {other}",
    "failed": "it could not be moved",
}

_NOT_RETURNED: dict[WhyNot, str] = {
    "undone": "it is undone already",
    "gone": "it is not there any more",
    "changed": "another file is there by now",
    "taken": "its old name is in use",
    "failed": "it could not be moved",
}


def path_text(path: str) -> str:
    """A path that is safe to show and to send, whatever bytes it was made of."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def left_text(leave: Leave) -> str:
    """Why a file stays."""
    return _LEFT[leave.why].format(other=printable(path_text(leave.other)))


def move_text(move: Move) -> str:
    """What else is to be said of a move; nothing, mostly."""
    said = ["kept beside another"] if move.is_beside else []
    if move.companions:
        said.append("with " + ", ".join(path.rpartition("/")[2] for path in move.companions))
    return printable("; ".join(said))


def return_text(step: Return) -> str:
    """Why a filing is not undone; nothing if it is."""
    return "" if step.why_not is None else _NOT_RETURNED[step.why_not]
