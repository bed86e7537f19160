"""
Which project of Resolve a job is carried out in. What somebody has open is never closed, and
nothing of theirs is saved.
"""

import msgspec

from adapters.resolve.api import Folder, MediaPool, Project, ProjectManager
from adapters.resolve.wire import Job
from projections.errors import PlayheadError

UNTITLED = "Untitled Project"
"""What Resolve opens when nobody chose a project. Saving it hangs where there is no window."""


class NotNow(PlayheadError):
    """Resolve, or what is open in it, does not allow the job; the hint says what to click."""

    hint = "Look at Resolve, and answer any question it asks; then try the job again."


class Chosen(msgspec.Struct, frozen=True):
    """The project a job is carried out in, and whether it was made for it."""

    project: Project
    is_ours: bool = False


def choose(manager: ProjectManager, job: Job) -> Chosen:
    """
    The project that the job means, open.

    Raises:
        NotNow: it cannot be opened without touching somebody's work.
    """
    wanted = job.resolve_project
    current = manager.GetCurrentProject()
    if wanted.mode == "select":
        if current is None:
            raise NotNow("No project is open in Resolve.", hint="Open one, then try again.")
        return Chosen(current)
    if current is not None and current.GetName() == wanted.name:
        return _already_open(job, current)
    names = manager.GetProjectListInCurrentFolder() or []
    if wanted.mode == "new":
        return _created(manager, wanted.name, names)
    return _loaded(manager, wanted.name, names, current)


def _already_open(job: Job, current: Project) -> Chosen:
    if job.resolve_project.mode == "new" and job.attempts <= 1:
        raise _taken(job.resolve_project.name)
    return Chosen(current)  # an earlier attempt of this job has made it


def _taken(name: str) -> NotNow:
    hint = "Ask for that project by its name, or for a new one of another name."
    return NotNow(f"Resolve has a project called {name!r} already.", hint=hint)


def _created(manager: ProjectManager, name: str, names: list[str]) -> Chosen:
    if name in names:
        raise _taken(name)
    project = manager.CreateProject(name)
    if project is None:
        hint = "If it asks whether to save the open project, answer; then try the job again."
        raise NotNow(f"Resolve did not make the project {name!r}.", hint=hint)
    return Chosen(project, is_ours=True)


def _loaded(
    manager: ProjectManager, name: str, names: list[str], current: Project | None
) -> Chosen:
    if name not in names:
        hint = "Open it in Resolve, or ask for a new project, or for the one that is open."
        message = f"The folder that Resolve's project manager shows has no project {name!r}."
        raise NotNow(message, hint=hint)
    if current is not None and not _is_blank(current):
        hint = f"Save it, open {name!r}, then try the job again."
        raise NotNow(f"Another project is open in Resolve: {current.GetName()!r}.", hint=hint)
    project = manager.LoadProject(name)
    if project is None:
        raise NotNow(f"Resolve did not open the project {name!r}.")
    return Chosen(project)


def _is_blank(project: Project) -> bool:
    """Whether it is the one Resolve opens by itself, with nothing in it."""
    if project.GetName() != UNTITLED or project.GetTimelineCount():
        return False
    pool = project.GetMediaPool()
    root = None if pool is None else pool.GetRootFolder()
    return root is not None and not root.GetClipList() and not root.GetSubFolderList()


def pool_of(project: Project) -> MediaPool:
    """
    The project's media pool.

    Raises:
        NotNow: Resolve gives none.
    """
    pool = project.GetMediaPool()
    if pool is None:
        raise NotNow("Resolve does not give the media pool.")
    return pool


def root_of(pool: MediaPool) -> Folder:
    """
    The bin that holds all others.

    Raises:
        NotNow: Resolve gives none.
    """
    root = pool.GetRootFolder()
    if root is None:
        raise NotNow("Resolve does not give the bins of the media pool.")
    return root


def save(manager: ProjectManager, chosen: Chosen) -> bool:
    """Saves a project that was made for the job, and no other; whether it is saved."""
    if not chosen.is_ours or chosen.project.GetName() in {"", UNTITLED}:
        return False
    return bool(manager.SaveProject())
