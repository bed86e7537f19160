"""
Where somebody goes on in a file: the question put to the views, whoever asks it.
"""

from projections.fold import Views
from projections.identity import Identity, media_key, normal_name
from projections.in_force import rules_in_force
from projections.matching import title_of_file
from projections.positions import POSITIONS, Position
from projections.resume import ResumePoint, best_resume, known_better
from projections.titles import TITLES, Title

CANDIDATES_MAX = 500
"""Positions compared to answer one question; a file name shared by more is hopeless anyway."""


def resume_point(views: Views, user: str, wanted: Identity) -> ResumePoint:
    """The best answer from what players reported and what servers told."""
    point = best_resume(wanted, _candidates(views, user, wanted))
    return known_better(point, _title(views, user, wanted))


def _title(views: Views, user: str, wanted: Identity) -> Title | None:
    """What is kept in step with servers about the wanted file, if a library holds it."""
    media = title_of_file(
        views,
        rules_in_force(views),
        path=wanted.path,
        name=wanted.name,
        duration_s=wanted.duration_s,
    )
    return None if media is None else views.get(TITLES, (user.casefold(), media))


def _candidates(views: Views, user: str, wanted: Identity) -> list[Position]:
    """Every position that could be of the wanted file, once."""
    found: dict[str, Position] = {}
    exact = views.get(POSITIONS, (user, media_key(wanted)))
    rows = [] if exact is None else [exact]
    name = (user, normal_name(wanted.name), CANDIDATES_MAX)
    rows += views.find(POSITIONS, "positions_by_name", name)
    if wanted.fingerprint:
        content = (user, wanted.fingerprint, CANDIDATES_MAX)
        rows += views.find(POSITIONS, "positions_by_fingerprint", content)
    for row in rows:
        found[row.report.media] = row
    return list(found.values())
