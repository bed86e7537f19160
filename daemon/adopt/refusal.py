"""Why an ancestor cannot be taken over as it is."""

from collections.abc import Sequence

from projections.errors import PlayheadError
from projections.wording import printable


class NotAdoptable(PlayheadError):
    """Something of the ancestor's cannot be taken over; nothing was changed."""

    hint = "Correct it and run the command again; nothing was written."


def refuse_all(what: str, problems: Sequence[str]) -> None:
    """
    Raises one error with every problem; none means there is nothing to refuse.

    Raises:
        NotAdoptable: there is a problem.
    """
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise NotAdoptable(f"{what} has {count}:\n  " + "\n  ".join(map(printable, problems)))
