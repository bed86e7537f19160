"""
One job from its order to its ending. It runs in the child, where a call into Resolve may block for
ever, and does not know the queue.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.resolve.api import MediaStorage, Resolve
from adapters.resolve.carry import Bench, import_into, mark_clips, relink_clips
from adapters.resolve.handoff import hand_off
from adapters.resolve.messages import Ending, Order, Seen
from adapters.resolve.places import Place, looked_at, places
from adapters.resolve.projects import NotNow, choose, pool_of, save
from adapters.resolve.scripting import Connected, connect
from adapters.resolve.showing import is_shown
from adapters.resolve.wire import Job, Result, shortened
from projections.errors import PlayheadError
from projections.resolve import Outcome

REVEALED_MAX = 5
"""Folders that are shown by one job: each is a window."""

GOOD: frozenset[Outcome] = frozenset(
    {"imported", "present", "revealed", "relinked", "marked", "handed_off"}
)
"""Outcomes after which nothing is left to do for a file."""

Tell = Callable[[str], None]


def look(order: Order, tell: Tell, saw: Callable[[Seen], None]) -> Connected:
    """
    What there is of Resolve.

    Raises:
        Wedged: it runs without a database.
    """
    connected = connect(order.scripting, order.wait_s, tell=tell)
    saw(connected.seen)
    return connected


def work(order: Order, tell: Tell, saw: Callable[[Seen], None]) -> Ending:
    """Does the job; what stands in its way is told in the ending."""
    job = order.job
    assert job is not None
    try:
        found = _places(order, job)
        if job.mode == "reveal_in_explorer":
            return _judged(_reveal(order, found, tell, saw))
        if not any(_is_usable(place, job) for place in found):
            results = tuple(place.result for place in found)
            message = f"None of the files can be read here, as {order.host!r}"
            first = next((result.detail for result in results), "")
            return Ending(error=f"{message}: {first}", results=results)
        resolve = look(order, tell, saw)
        if resolve.resolve is None:
            return _without_handle(order, job, found, resolve.seen.why)
        return _with_handle(order, found, resolve.resolve, tell)
    except PlayheadError as error:
        return Ending(error=f"{error} {error.hint}".strip())


def _is_usable(place: Place, job: Job) -> bool:
    """A marker is set on a clip whose file may be elsewhere."""
    return job.mode == "markers" or not place.problem


def _places(order: Order, job: Job) -> list[Place]:
    return [looked_at(place) for place in places(job.files, order.host, order.system)]


def _without_handle(order: Order, job: Job, found: Sequence[Place], why: str) -> Ending:
    usable = [place for place in found if not place.problem]
    if job.mode != "relink" and usable:
        return hand_off(order, job, found, why)
    if not usable:
        results = tuple(place.result for place in found)
        return Ending(error=f"{why}, and none of the files can be read here.", results=results)
    folders = sorted({str(Path(place.path).parent) for place in usable})
    note = (
        f"{why}. In Resolve: select the clips, right-click, Relink Selected Clips, and choose"
        f" {' or '.join(folders)}."
    )
    told = [place.ended("handed_off", place.path) for place in usable]
    failed = [place.result for place in found if place.problem]
    return Ending(results=(*told, *failed), note=shortened(note))


def _with_handle(order: Order, found: Sequence[Place], resolve: Resolve, tell: Tell) -> Ending:
    job = order.job
    assert job is not None
    manager = resolve.GetProjectManager()
    if manager is None:
        raise NotNow("Resolve does not give its project manager.")
    tell("opening the project")
    chosen = choose(manager, job)
    bench = Bench(
        pool=pool_of(chosen.project),
        storage=resolve.GetMediaStorage(),
        system=order.system,
        tell=tell,
    )
    if job.mode == "import":
        results = import_into(bench, job.bin or job.media_project or "Playhead", found)
    elif job.mode == "relink":
        results = relink_clips(bench, found)
    else:
        results = mark_clips(bench, found)
    order_of = {place.file.path: number for number, place in enumerate(found)}
    results.sort(key=lambda result: order_of[result.path])
    note = f"In the project {chosen.project.GetName()!r}."
    if chosen.is_ours and not save(manager, chosen):
        note += " Resolve did not save it: press Ctrl+S there."
    return _judged(Ending(results=tuple(results), note=note))


def _judged(ending: Ending) -> Ending:
    """
    Some files alone may fail, and the job is done. When all do, it is not; it is worth another try
    if Resolve took none, because a dialog may be closed by then.
    """
    outcomes = [result.outcome for result in ending.results]
    if not outcomes or set(outcomes) & (GOOD | {"skipped"}):
        return ending
    first = next(result.detail for result in ending.results)
    return Ending(
        error=f"None of the files went well: {first}",
        is_final="refused" not in outcomes,
        results=ending.results,
    )


def _reveal(
    order: Order, found: Sequence[Place], tell: Tell, saw: Callable[[Seen], None]
) -> Ending:
    """In Resolve if it is there now, otherwise in the file manager; one file of each folder."""
    connected = look(order, tell, saw)
    resolve: Resolve | None = connected.resolve
    storage = None if resolve is None else resolve.GetMediaStorage()
    shown: dict[Path, Result] = {}
    results: list[Result] = []
    for place in found:
        folder = Path(place.path).parent
        if place.problem:
            results.append(place.result)
        elif folder in shown:
            results.append(place.ended(shown[folder].outcome, "Its folder is shown."))
        elif len(shown) == REVEALED_MAX:
            results.append(place.ended("skipped", "Enough folders are shown."))
        else:
            tell(f"showing {place.file.name}")
            shown[folder] = _shown(order, place, storage)
            results.append(shown[folder])
    return Ending(results=tuple(results))


def _shown(order: Order, place: Place, storage: MediaStorage | None) -> Result:
    if storage is not None and storage.RevealInStorage(place.path):
        return place.ended("revealed", "On Resolve's media page.")
    if is_shown(place.path, order.system):
        return place.ended("revealed", "In the file manager.")
    return place.ended("refused", f"No file manager opens here. The file is {place.path}.")
