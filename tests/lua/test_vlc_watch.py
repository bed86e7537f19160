"""vlc/watch.lua: what happened between two looks at VLC."""

import pytest

LENGTH_S = 300
LOOK_S = 0.1


class Screen:
    """A scripted VLC that is looked at every tenth of a second."""

    def __init__(self, lua):
        self.lua = lua
        self.watch = lua.require("watch").new()
        self.now_s = 0.0
        self.shown = {
            "mark": "1",
            "position_s": 0.0,
            "duration_s": LENGTH_S,
            "rate": 1,
            "is_paused": False,
            "is_running": True,
        }

    def look(self, **changes):
        """One look, with these changes since the last one: what ended, and what happened."""
        self.shown.update(changes)
        self.now_s += LOOK_S
        return self.see(self.lua.table({k: v for k, v in self.shown.items() if v is not None}))

    def see(self, sample):
        """Hands over one sample, or None when nothing plays."""
        return self.watch.see(self.watch, self.now_s, sample)

    def play(self, looks):
        """Time passes while VLC plays, its clock going in steps; gives all that happened."""
        started_s, happened = self.shown["position_s"], []
        for number in range(1, looks + 1):
            played_s = number * LOOK_S * self.shown["rate"]
            happened.append(self.look(position_s=started_s + played_s // 0.3 * 0.3))
        return happened


@pytest.fixture
def screen(vlc_lua):
    return Screen(vlc_lua)


@pytest.fixture
def playing(screen):
    """Something plays, two minutes in."""
    screen.look(position_s=120.0)
    return screen


def test_opening_is_told_once_the_length_is_known(screen):
    """While VLC still opens a file there is nothing to say about it."""
    assert (None, None) == screen.look(is_running=False, duration_s=None)
    assert (None, None) == screen.look(is_running=True)
    assert (None, "opened") == screen.look(duration_s=LENGTH_S)
    assert (None, None) == screen.look()


def test_what_has_no_length_is_opened_all_the_same(screen):
    """A stream never says how long it is; it is waited for in vain for two seconds."""
    looks = [screen.look(duration_s=None) for _ in range(30)]

    assert 1 == looks.count((None, "opened"))
    assert looks.index((None, "opened")) >= 20


@pytest.mark.parametrize("rate", [0.5, 1, 8])
def test_playing_is_no_event(playing, rate):
    """At any speed, and although VLC's clock goes in steps."""
    playing.look(rate=rate)

    assert {(None, None)} == set(playing.play(50))


def test_a_stall_is_no_event(playing):
    """Waiting for the network moves nothing; going on afterwards is playing."""
    looks = [playing.look() for _ in range(50)] + playing.play(20)

    assert {(None, None)} == set(looks)


@pytest.mark.parametrize("position_s", [10.0, 118.0, 125.0, 290.0])
@pytest.mark.parametrize("is_paused", [False, True])
def test_a_jump_is_a_seek(playing, position_s, is_paused):
    """Forward or back, also while paused, however long it has been so."""
    playing.look(is_paused=is_paused)
    if is_paused:
        assert {(None, None)} == {playing.look() for _ in range(100)}

    assert (None, "sought") == playing.look(position_s=position_s)
    assert (None, None) == playing.look()


def test_pausing_is_told_once_and_going_on_is_not(playing):
    """What a pause saves is saved once."""
    assert (None, "paused") == playing.look(is_paused=True)
    assert (None, None) == playing.look()
    assert (None, None) == playing.look(is_paused=False)


@pytest.mark.parametrize(("position_s", "ended"), [(120.0, "next"), (298.0, "eof")])
def test_the_next_playback_ends_the_former(playing, position_s, ended):
    """Also of the same file, repeated; near its end it has been played to its end."""
    playing.look(position_s=position_s)

    assert (ended, "opened") == playing.look(mark="2", position_s=0.0)


def test_nothing_to_play_ends_it_too(playing):
    """Stopped in the middle is no end of a film."""
    assert ("stop", None) == playing.see(None)
    assert (None, None) == playing.see(None)
    assert (None, "opened") == playing.look(mark="2")


def test_what_was_never_opened_does_not_end(screen):
    """Entries that VLC only passes through are not played."""
    screen.look(is_running=False)

    assert (None, None) == screen.look(mark="2")
    assert (None, None) == screen.see(None)


def test_our_own_seek_is_no_event_and_hides_older_positions(screen):
    """Until VLC has done it, it may still say where it was; that must not be saved."""
    screen.look(position_s=0.3)
    screen.watch.expect(screen.watch, 200.0, screen.now_s)
    late = screen.look(position_s=0.6)
    said_s = screen.watch.sample.position_s
    there = screen.look(position_s=200.2)

    assert ((None, None), 200.0, (None, None)) == (late, said_s, there)
    assert (None, "sought") == screen.look(position_s=20.0)


def test_a_seek_of_the_user_right_after_ours_counts(screen):
    """Only the place we came from is old."""
    screen.look(position_s=0.3)
    screen.watch.expect(screen.watch, 90.0, screen.now_s)

    assert (None, "sought") == screen.look(position_s=150.0)


def test_a_seek_that_vlc_never_does_is_given_up(screen):
    """After three seconds VLC's word counts again."""
    screen.look(position_s=0.3)
    screen.watch.expect(screen.watch, 200.0, screen.now_s)
    for _ in range(35):
        screen.look(position_s=1.0)

    assert 1.0 == screen.watch.sample.position_s
