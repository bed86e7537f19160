"""The agent of the edit suite at work: a real process and its child, on a double of Resolve."""

from pathlib import Path

import pytest

from support.mpv import wait_until
from support.resolve_agent import Suite
from support.resolve_double import UNTITLED
from support.resolve_queue import TOKEN, a_file, a_marker

CUT = "Cut"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One suite whose agent serves all tests."""
    suite = Suite(tmp_path_factory.mktemp("suite"), "--resolve-wait-s", "10", "--lease-s", "30")
    yield suite
    suite.close()


@pytest.fixture
def suite(house):
    """A suite with an open project, and nothing in it."""
    house.clear()
    house.double.have(CUT, is_open=True)
    return house


def kept(suite, project=CUT):
    """Name, bin and stamp of each clip."""
    return [
        (Path(clip["path"]).name, clip["bin"], clip["stamps"].get("asset_id"))
        for clip in suite.double.clips(project)
    ]


def test_only_what_is_missing_is_imported_into_the_bin_of_the_job(suite):
    """Stamped, reported file by file; the bin that was selected is selected again."""
    a, b = suite.clip("a.mov"), suite.clip("b.mov")
    suite.double.put(a, project=CUT)
    first = suite.queue.ask(a_file(a), a_file(b))
    outcomes = suite.queue.outcomes(first)
    before = kept(suite)
    calls = len(suite.double.calls())
    again = suite.queue.ask(a_file(a), a_file(b))
    kind, body = suite.queue.report(again)

    assert {"a.mov": "present", "b.mov": "imported"} == outcomes
    assert [
        ("a.mov", "Master", "sha256:a.mov"),
        ("b.mov", "Tag 1", "sha256:b.mov"),
    ] == before
    assert "Master" == suite.double.selected(CUT)
    assert ("complete", {"a.mov": "present", "b.mov": "present"}) == (
        kind,
        suite.queue.outcomes(again),
    )
    assert (before, calls) == (kept(suite), len(suite.double.calls()))
    assert CUT in body["note"]


def test_one_bad_file_does_not_hold_up_the_others(suite):
    """The job is done; what was wrong is said of each file."""
    good, empty, short = (
        suite.clip("good.mov"),
        suite.clip("empty.mov", b""),
        suite.clip("short.mov"),
    )
    text, gone = suite.clip("notes.txt"), suite.originals / "gone.mov"
    files = [a_file(path) for path in (gone, good, empty, text)]
    job = suite.queue.ask(*files, a_file(short, size_bytes=99))
    kind, body = suite.queue.report(job)

    assert "complete" == kind
    assert {
        "gone.mov": "missing",
        "good.mov": "imported",
        "empty.mov": "unreadable",
        "notes.txt": "refused",
        "short.mov": "unreadable",
    } == suite.queue.outcomes(job)
    assert ["gone.mov", "good.mov"] == [Path(each["path"]).name for each in body["results"][:2]]
    assert [("good.mov", "Tag 1", "sha256:good.mov")] == kept(suite)


def test_when_nothing_can_be_read_resolve_is_not_asked(suite):
    """The job fails for good, with a path to look at."""
    job = suite.queue.ask(a_file(suite.originals / "gone.mov"))
    kind, body = suite.queue.report(job)

    assert ("fail", True) == (kind, body["is_final"])
    assert "gone.mov is not there" in body["error"]
    assert [] == suite.double.calls()


def test_photographs_and_sound_arrive_too(suite):
    """Numbered photographs stay single; sound that one call refuses is brought by the other."""
    stills = [suite.clip(f"IMG_000{number}.jpg") for number in (1, 2)]
    sound = suite.clip("s.wav")
    suite.double.break_down(deaf_import=[".wav"])
    files = [a_file(path, duration_s=None, frame_rate=None) for path in stills]
    job = suite.queue.ask(*files, a_file(sound, width=None, frame_rate=None))

    assert ["imported"] * 3 == list(suite.queue.outcomes(job).values())
    assert {"IMG_0001.jpg", "IMG_0002.jpg", "s.wav"} == {name for name, _, _ in kept(suite)}


def test_a_new_project_is_made_and_saved_once(suite):
    """Its name must be free, unless this job made it in an earlier attempt."""
    new = {"mode": "new", "name": "Film"}
    a = a_file(suite.clip("a.mov"))
    first = suite.queue.ask(a, resolve_project=new)
    kind, _ = suite.queue.report(first)
    taken = suite.queue.ask(a, resolve_project=new)
    refusal, body = suite.queue.report(taken)
    retried = suite.queue.ask(a, resolve_project=new, attempts=2)

    assert "complete" == kind
    assert ("fail", True) == (refusal, body["is_final"])
    assert "already" in body["error"]
    assert {"a.mov": "present"} == suite.queue.outcomes(retried)
    assert suite.double.read()["projects"]["Film"]["is_saved"]
    assert 1 == suite.double.calls().count("CreateProject")


def test_nobodys_project_is_closed_for_another(suite):
    """Another one that is open stays open and untouched; what to click is said."""
    suite.double.have("Other")
    job = suite.queue.ask(a_file(suite.clip("a.mov")), project="Other")
    kind, body = suite.queue.report(job)

    assert ("fail", True) == (kind, body["is_final"])
    assert "Another project is open in Resolve: 'Cut'. Save it, open 'Other'" in body["error"]
    assert (CUT, []) == (suite.double.read()["current"], suite.double.calls())


def test_a_project_is_opened_in_place_of_an_empty_untitled_one(suite):
    """And not saved: it is somebody else's. One that is nowhere is told."""
    suite.double.have(UNTITLED, is_open=True)
    a = a_file(suite.clip("a.mov"))
    ghost = suite.queue.report(suite.queue.ask(a, project="Ghost"))
    job = suite.queue.ask(a)
    outcomes = suite.queue.outcomes(job)

    assert "no project 'Ghost'" in ghost[1]["error"]
    assert {"a.mov": "imported"} == outcomes
    assert CUT == suite.double.read()["current"]
    assert set() == set(suite.double.calls()) & {"SaveProject", "CloseProject", "DeleteProject"}


def test_the_project_that_is_open_is_chosen_by_whoever_sits_there(suite):
    """If none is open, that is said."""
    select = {"mode": "select", "name": ""}
    a = a_file(suite.clip("a.mov"))
    chosen = suite.queue.ask(a, resolve_project=select)
    outcomes = suite.queue.outcomes(chosen)
    suite.double.write(suite.double.read() | {"current": None})
    none = suite.queue.ask(a, resolve_project=select)

    assert {"a.mov": "imported"} == outcomes
    assert "No project is open" in suite.queue.report(none)[1]["error"]


def test_markers_land_on_their_frames_and_only_once(suite):
    """By the rate Resolve has for the clip; with note, colour and author."""
    a, b, c = (suite.clip(name) for name in ("a.mov", "b.mov", "c.mov"))
    suite.double.put(a, project=CUT, fps="29.97")
    moved = {"fps": "23.976", "stamps": {"asset_id": "sha256:b.mov"}}
    suite.double.put("/elsewhere/b.mov", project=CUT, **moved)
    note = a_marker("m1", 10.01, note="Too dark", colour="Red", duration_s=1.0)
    files = [
        a_file(a, duration_s=60.0, markers=[note, a_marker("m2", 20.02)]),
        a_file(b, duration_s=60.0, markers=[a_marker("m3", 1.001)]),
        a_file(c, markers=[a_marker("m4", 1.0)]),
    ]
    job = suite.queue.ask(*files, mode="markers")
    outcomes = suite.queue.outcomes(job)
    again = suite.queue.ask(*files, mode="markers")
    repeated = suite.queue.outcomes(again)
    first, second = suite.double.clips(CUT)

    assert {"a.mov": "marked", "b.mov": "marked", "c.mov": "skipped"} == outcomes
    assert {"a.mov": "present", "b.mov": "present", "c.mov": "skipped"} == repeated
    assert (["300", "600"], ["24"]) == (list(first["markers"]), list(second["markers"]))
    assert {
        "color": "Red",
        "name": "Too dark",
        "note": "Too dark\n— ann",
        "duration": 30,
        "customData": "playhead:m1",
    } == first["markers"]["300"]


def test_an_import_brings_the_markers_along(suite):
    """Also to a clip that is there already; a frame with somebody's marker is left alone."""
    a, b = suite.clip("a.mov"), suite.clip("b.mov")
    theirs = {"color": "Sky", "customData": ""}
    suite.double.put(a, project=CUT, markers={"25": theirs})
    markers = [a_marker("m1", 1.0), a_marker("m2", 2.0)]
    job = suite.queue.ask(a_file(a, markers=markers), a_file(b, markers=markers))
    _, body = suite.queue.report(job)
    first, second = suite.double.clips(CUT)

    assert theirs == first["markers"]["25"]
    assert (["25", "50"], ["25", "50"]) == (list(first["markers"]), list(second["markers"]))
    assert [
        "Markers: 1 set, 1 not set: another marker is on that frame.",
        "Markers: 2 set.",
    ] == [each["detail"] for each in body["results"]]


def test_clips_are_pointed_at_where_their_files_are_now(suite):
    """Moved ones by their folder, renamed ones one by one, and stamped again."""
    moved, renamed, right = (suite.clip(name) for name in ("moved.mov", "renamed.mov", "ok.mov"))
    suite.double.put("/old/moved.mov", project=CUT)
    suite.double.put("/old/name.mov", project=CUT, stamps={"asset_id": "sha256:renamed.mov"})
    suite.double.put(right, project=CUT)
    former = {"suite": ["/old/moved.mov"]}
    files = [a_file(moved, former_paths=former), a_file(renamed), a_file(right)]
    job = suite.queue.ask(*files, a_file(suite.clip("alien.mov")), mode="relink")

    assert {
        "moved.mov": "relinked",
        "renamed.mov": "relinked",
        "ok.mov": "present",
        "alien.mov": "skipped",
    } == suite.queue.outcomes(job)
    assert ["moved.mov", "renamed.mov", "ok.mov"] == [name for name, _, _ in kept(suite)]
    assert "sha256:renamed.mov" == kept(suite)[1][2]


def test_files_are_shown_in_resolve_or_else_in_the_file_manager(suite):
    """One of each folder; without a wait, because the file manager is always there."""
    a, b = suite.clip("a.mov"), suite.clip("b.mov")
    shown = suite.queue.ask(a_file(a), a_file(b), mode="reveal_in_explorer")
    outcomes = suite.queue.outcomes(shown)
    revealed = suite.double.read()["revealed"]
    suite.double.break_down(none=True)
    other = suite.queue.ask(a_file(a), mode="reveal_in_explorer")

    assert {"a.mov": "revealed", "b.mov": "revealed"} == outcomes
    assert [str(a)] == revealed
    assert {"a.mov": "revealed"} == suite.queue.outcomes(other)
    assert f"{suite.originals}\n" == suite.shown.read_text()


def test_a_job_waits_for_resolve_to_start(suite):
    """A handle that comes late is as good."""
    suite.double.break_down(boots=2)
    job = suite.queue.ask(a_file(suite.clip("a.mov")))

    assert {"a.mov": "imported"} == suite.queue.outcomes(job)


def test_the_daemon_hears_who_works_where(suite):
    """Name, host, lease and wait; the credential goes in a header."""
    suite.queue.report(suite.queue.ask(a_file(suite.clip("a.mov"))))
    wait_until(lambda: suite.queue.asked, "the next question")
    asked = suite.queue.asked[-1]

    assert ("1", "suite", "30.0", "25.0") == tuple(
        asked[key] for key in ("limit", "host", "lease_s", "wait_s")
    )
    assert f"Bearer {TOKEN}" == asked["authorization"]


def test_no_secret_leaves_the_agent(suite):
    """Not on a command line, not in the log, and the process that speaks to Resolve has none."""
    suite.double.break_down(slow_s=1)
    job = suite.queue.ask(a_file(suite.clip("a.mov")))
    wait_until(lambda: "ImportMedia" in suite.double.calls(), "an import that takes its time")
    (child,) = suite.agent.children()
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (child, suite.agent.process.pid)]
    environment = Path(f"/proc/{child}/environ").read_bytes()
    suite.queue.report(job)

    assert b"PLAYHEAD_" not in environment
    assert b"RESOLVE_SCRIPT_API" in environment
    assert TOKEN.encode() not in b"".join([environment, *lines])
    assert TOKEN not in suite.agent.text
