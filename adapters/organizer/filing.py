"""
What an organizer does to its disk, one step each. All of it blocks: call it in a thread.
"""

import msgspec

from adapters.disk.errors import Changed, named
from adapters.disk.opening import mark_of, open_regular
from adapters.organizer import moving, retiming, titles
from adapters.organizer.ground import Ground
from adapters.organizer.settings import OrganizerSettings
from projections.envelope import Nanos
from projections.errors import PlayheadError
from projections.filing_events import FileFiled
from projections.filing_names import split_name
from projections.filing_plan import Move
from projections.filing_return import Return
from projections.filing_survey import Mark


class Made(msgspec.Struct, frozen=True):
    """
    Whether a folder was made for a file, and the permissions of the one that it left empty and that
    was removed, if there is one.
    """

    folder: bool
    emptied_mode: int | None


class Filer:
    """Works in one directory."""

    def __init__(self, settings: OrganizerSettings, ground: Ground) -> None:
        self._ground = ground
        self._extensions = settings.rules.extensions

    def file(self, move: Move, mark: Mark) -> Made:
        """
        Moves a file to where it belongs.

        Raises:
            PlayheadError: it is not what it was, or the disk would not have it; it is where it was.
        """
        with self._ground.opened() as top:
            made = moving.move(top, move.path, move.new_path, companions=move.companions, mark=mark)
            folder = move.path.rpartition("/")[0]
            return Made(made, moving.remove_if_empty(top, folder) if folder else None)

    def unfile(self, event: FileFiled) -> None:
        """
        Takes a move back that could not be recorded.

        Raises:
            PlayheadError: the disk would not have it; the file is where it was moved to.
        """
        step = Return(
            id=event.id,
            organizer=event.organizer,
            path=event.new_path,
            old_path=event.path,
            companions={new: old for old, new in event.companions.items()},
        )
        self.put_back(step, event, removes_folder=event.made_folder)

    def put_back(self, step: Return, filed: FileFiled, *, removes_folder: bool) -> Mark:
        """
        Moves a file back; its mark there. The folder it leaves is removed if that is wanted and
        nothing else is in it; the one it came from is made again if it was removed.

        Raises:
            PlayheadError: it is another file by now, or the disk would not have it; it is where it
                was.
        """
        with self._ground.opened() as top:
            mark = _mark(top, step.path)
            if mark.inode != filed.inode:
                raise Changed(f"Another file lies at {step.path!r} by now.")
            moving.move(
                top,
                step.path,
                step.old_path,
                companions=step.companions,
                mark=mark,
                folder_mode=filed.emptied_mode,
            )
            if removes_folder:
                moving.remove_if_empty(top, step.path.rpartition("/")[0])
        return mark

    def put_forth(self, step: Return, mark: Mark) -> None:
        """
        Takes it back again when that could not be recorded.

        Raises:
            PlayheadError: the disk would not have it; the file stays where it was put back.
        """
        companions = {old: new for new, old in step.companions.items()}
        with self._ground.opened() as top:
            moving.move(top, step.old_path, step.path, companions=companions, mark=mark)

    def set_title(self, move: Move) -> tuple[Mark, PlayheadError | None]:
        """
        Writes a file's title into it if it is of a kind that can bear one; the file's mark then,
        and what went wrong, if anything.

        Raises:
            PlayheadError: the file is not there, or is another by now.
        """
        if split_name(move.path)[1] not in titles.EXTENSIONS:
            return move.mark, None
        title = split_name(move.new_path)[0].rpartition("/")[2].replace(".", " ")
        with self._ground.opened() as top:
            if _mark(top, move.path) != move.mark:
                raise Changed(f"The file {move.path!r} was changed meanwhile.")
            problem: PlayheadError | None = None
            try:
                titles.set_title(top, move.path, title)
            except PlayheadError as error:
                problem = error
            except OSError as error:
                problem = named(error, f"The file {move.path!r}")
            return _mark(top, move.path), problem

    def retime(self, show: str, now: Nanos) -> int:
        """
        Gives the episodes of a show new times of writing; how many.

        Raises:
            PlayheadError: not all of them could be given one.
        """
        try:
            with self._ground.opened() as top:
                return retiming.retime(top, show, self._extensions, now=now)
        except OSError as error:
            raise named(error, f"The folder {show!r}") from error


def _mark(top: int, path: str) -> Mark:
    try:
        with open_regular(top, path) as file:
            return Mark(*mark_of(file.stat))
    except OSError as error:
        raise named(error, f"The file {path!r}") from error
