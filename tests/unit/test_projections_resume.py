"""Where was I in this file? The answer, and the sentence that goes with it."""

from itertools import permutations

import pytest

from projections.fold import fold
from projections.identity import Identity
from projections.positions import POSITIONS
from projections.resume import best_resume
from support.builders import envelope, reported
from support.clock import START_NS

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def position(*, seq=1, at=START_NS, recorded=None, **fields):
    """The row one report leaves; its media key is its path."""
    values = {"path": "/films/harbour.mkv"} | fields
    values.setdefault("media", values["path"])
    event = envelope(reported(**values), seq=seq, at=at, recorded=recorded or at)
    (row,) = fold(POSITIONS, [event]).values()
    return row


def episode(path, *, seq=1, **fields):
    """A position in a file called 01.mkv, on the television."""
    return position(seq=seq, path=path, name="01.mkv", device="tv", **fields)


FILM = Identity(name="harbour.mkv", path="/films/harbour.mkv", device="laptop")
EPISODE = Identity(name="01.mkv", path="/mnt/tv/S01/01.mkv", device="laptop")


def test_nothing_is_known():
    """A new file starts at its beginning, with a sentence."""
    point = best_resume(FILM, [])

    assert point.position_s is None
    assert "No position is known for this file." == point.detail


def test_the_position_is_offered_with_the_device_it_comes_from():
    """Whoever resumes is told where the position was saved."""
    point = best_resume(FILM, [position(device="tv")])

    assert (60.0, "path", "Last seen on tv.") == (
        point.position_s,
        point.matched_by,
        point.detail,
    )


def test_a_device_without_a_name_is_not_mentioned():
    """The sentence stays a sentence."""
    assert "Last seen." == best_resume(FILM, [position(device="")]).detail


def test_a_finished_file_starts_over():
    """What was watched to its end is not resumed at its end."""
    point = best_resume(FILM, [position(finished=True)])

    assert point.position_s is None
    assert "It was watched to its end, so it starts over." == point.detail
    assert "path" == point.matched_by


def test_a_position_at_the_start_needs_no_seek():
    """Whoever went back to the start is not told of a position."""
    point = best_resume(FILM, [position(position_s=0.0)])

    assert point.position_s is None
    assert "It was set back to its start." == point.detail


@pytest.mark.parametrize(("position_s", "resumed"), [(99.9, 99.9), (100.0, None), (100.4, None)])
def test_a_position_at_the_end_starts_over(position_s, resumed):
    """Seeking to the very end would close the player at once."""
    point = best_resume(FILM, [position(position_s=position_s, duration_s=100.0)])

    assert resumed == point.position_s


def test_the_newest_of_certain_positions_wins():
    """Two devices know the file by its content; the later one counts."""
    wanted = Identity(name="a.mkv", path="/a.mkv", fingerprint="moviehash:1-2")
    known = [
        position(seq=1, position_s=10.0, path="/x/a.mkv", fingerprint="moviehash:1-2"),
        position(seq=2, position_s=20.0, path="/y/b.mkv", fingerprint="moviehash:1-2"),
    ]

    assert 20.0 == best_resume(wanted, known).position_s
    assert 20.0 == best_resume(wanted, known[::-1]).position_s


def test_a_newer_finish_starts_over():
    """Having watched it to the end elsewhere counts more than an older pause here."""
    wanted = Identity(name="a.mkv", path="/x/a.mkv", fingerprint="moviehash:1-2")
    known = [
        position(seq=1, path="/x/a.mkv", fingerprint="moviehash:1-2"),
        position(seq=2, path="/y/a.mkv", fingerprint="moviehash:1-2", finished=True),
    ]

    assert best_resume(wanted, known).position_s is None


def test_certain_positions_come_before_newer_guesses():
    """A file of the same name watched later on another device is not this file."""
    known = [
        position(seq=1, position_s=10.0),
        position(seq=2, position_s=20.0, path="/other/harbour.mkv", device="tv"),
    ]

    assert 10.0 == best_resume(FILM, known).position_s


def test_two_machines_with_different_mount_points_share_a_position():
    """One film, two paths, no fingerprint: its name is enough when only one file has it."""
    known = position(path="/Volumes/media/harbour.mkv", device="mac", size_bytes=5)
    wanted = Identity(name="harbour.mkv", path="/mnt/media/harbour.mkv", device="pc", size_bytes=5)

    point = best_resume(wanted, [known])

    assert (60.0, "name") == (point.position_s, point.matched_by)


def test_episodes_of_one_name_are_different_files_on_one_device():
    """`s2/ep.wav` never resumes at the position of `s1/ep.wav`."""
    wanted = Identity(name="01.mkv", path="/tv/S02/01.mkv", device="tv")

    assert best_resume(wanted, [episode("/tv/S01/01.mkv")]).position_s is None


def test_the_folder_tells_episodes_of_one_name_apart():
    """Same name, same size, same parent folder on another mount point: that is the one."""
    known = [
        episode("/tv/S01/01.mkv", seq=1, position_s=10.0),
        episode("/tv/S02/01.mkv", seq=2, position_s=20.0),
    ]

    assert (10.0, "name") == (
        best_resume(EPISODE, known).position_s,
        best_resume(EPISODE, known).matched_by,
    )


def test_several_files_of_one_name_are_ambiguous():
    """Where nothing singles one out, nothing is guessed, and a sentence says so."""
    wanted = Identity(name="01.mkv", path="/mnt/tv/specials/01.mkv", device="laptop")
    known = [episode("/tv/S01/01.mkv", seq=1), episode("/tv/S02/01.mkv", seq=2)]

    point = best_resume(wanted, known)

    assert point.position_s is None
    assert "2 different files share this name; none of them is certainly this one." == point.detail


def test_copies_with_one_fingerprint_are_one_file():
    """The same film on two other machines is not an ambiguity."""
    wanted = Identity(name="01.mkv", path="/c/01.mkv", device="phone")
    known = [
        episode("/a/01.mkv", seq=1, position_s=10.0, fingerprint="moviehash:1-2"),
        episode("/b/01.mkv", seq=2, position_s=20.0, fingerprint="moviehash:1-2"),
    ]

    assert 20.0 == best_resume(wanted, known).position_s


def test_a_late_position_loses_against_a_newer_one():
    """A spool that arrives after the fact does not win by arriving last."""
    wanted = Identity(name="a.mkv", fingerprint="moviehash:1-2")
    known = [
        position(seq=1, position_s=80.0, path="/x/a.mkv", fingerprint="moviehash:1-2"),
        position(
            seq=2,
            position_s=20.0,
            path="/y/a.mkv",
            fingerprint="moviehash:1-2",
            at=START_NS - HOUR,
            recorded=START_NS,
        ),
    ]

    assert 80.0 == best_resume(wanted, known).position_s


def test_the_order_of_the_candidates_does_not_matter():
    """Not even when the clock was set back between them: the log's order decides."""
    wanted = Identity(name="a.mkv", fingerprint="moviehash:1-2")
    content = {"fingerprint": "moviehash:1-2"}
    known = [
        position(seq=1, position_s=10.0, path="/x/a.mkv", **content),
        position(seq=2, position_s=20.0, path="/y/a.mkv", at=START_NS - 3 * HOUR, **content),
        position(
            seq=3,
            position_s=30.0,
            path="/z/a.mkv",
            at=START_NS - 2 * HOUR,
            recorded=START_NS - HOUR,
            **content,
        ),
    ]

    answers = {best_resume(wanted, list(order)).position_s for order in permutations(known)}

    assert {30.0} == answers


def test_mounts_of_one_file_agree_by_folder_and_size():
    """Without a fingerprint, equal name, size and folder on two other machines are one file."""
    wanted = Identity(name="01.mkv", path="/c/S01/01.mkv", device="phone", size_bytes=7)
    known = [
        position(path="/a/S01/01.mkv", name="01.mkv", device="tv", size_bytes=7, seq=1),
        position(
            path="/b/S01/01.mkv", name="01.mkv", device="mac", size_bytes=7, seq=2, position_s=90.0
        ),
    ]

    assert 90.0 == best_resume(wanted, known).position_s


def test_a_newer_bookmark_of_an_old_client_wins():
    """Old and new clients on one film share a bookmark, whoever wrote last."""
    known = [
        position(seq=1, position_s=10.0, device="laptop"),
        position(seq=2, position_s=70.0, path=None, media="name:harbour.mkv"),
    ]

    assert 70.0 == best_resume(FILM, known).position_s


def test_a_bare_name_that_several_files_share_is_nobodys():
    """An old client's `01.mkv` is not taken for any of two episodes."""
    wanted = Identity(name="01.mkv", path="/tv/S02/01.mkv", device="tv")
    known = [
        episode("/tv/S01/01.mkv", seq=1),
        position(seq=2, path=None, media="name:01.mkv", name="01.mkv", position_s=90.9),
    ]

    assert best_resume(wanted, known).position_s is None


def test_a_namesake_elsewhere_does_not_win_against_the_file_itself():
    """`S01E01.mkv` of another series, watched later on another device, changes nothing."""
    wanted = Identity(name="S01E01.mkv", path="/b/Show B/S01E01.mkv", device="laptop")
    known = [
        position(path=wanted.path, name=wanted.name, device="laptop", seq=1, position_s=10.0),
        position(path="/a/Show A/S01E01.mkv", name=wanted.name, device="tv", seq=2),
    ]

    assert 10.0 == best_resume(wanted, known).position_s


def test_the_same_file_watched_later_elsewhere_wins():
    """Another mount point of the same folder, watched later, is where one goes on."""
    wanted = Identity(name="01.mkv", path="/mnt/tv/S01/01.mkv", device="laptop")
    known = [
        position(path=wanted.path, name="01.mkv", device="laptop", seq=1, position_s=10.0),
        episode("/tv/S01/01.mkv", seq=2, position_s=50.0),
    ]

    assert 50.0 == best_resume(wanted, known).position_s
