"""
The small world of sync under whatever Hypothesis thinks of, and the proof that the oracle bites.

The machine drives the same world as the seeded histories, but chooses every step itself and shrinks
what fails. The sabotage below puts a broken part into the world and expects to be told.
"""

from functools import partial

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from projections.decide import decide
from projections.reactions import react
from projections.sync_commands import Deferred, Delivered, ObserveUserData, RecordAttempts
from projections.sync_events import DeltaDelivered, UserDataObserved
from projections.userdata import FIELDS, PLAYING, Changes
from support.simulation.core import Core
from support.simulation.history import SCENES, play
from support.simulation.oracle import problems_of
from support.simulation.people import Someone
from support.simulation.time import HOUR, MINUTE, SECOND
from support.simulation.world import Faults, World

# A failure is reduced to its shortest form, for which Hypothesis takes up to five minutes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

SABOTAGE_SEEDS = 90
"""Histories until a broken part has to be noticed."""


class SyncMachine(RuleBasedStateMachine):
    """A world in chaos; every teardown brings it to rest and asks the oracle."""

    def __init__(self):
        super().__init__()
        self.world = None

    @precondition(lambda self: self.world is None)
    @rule(seed=st.integers(0, 1000))
    def begin(self, seed):
        """The first day."""
        self.world = World(seed, "chaos")
        self.world.begin()

    @precondition(lambda self: self.world is not None)
    @rule(person=st.integers(0, 2), place=st.integers(0, 5), title=st.integers(0, 5))
    def act(self, person, place, title):
        """Somebody does something, at a server or with a player."""
        world = self.world
        servers = [*world.servers.values(), None]
        user = world.users[person % len(world.users)]
        someone = Someone(world, user, servers[place % len(servers)])
        someone.act(list(world.titles)[title % len(world.titles)])

    @precondition(lambda self: self.world is not None)
    @rule(nanos=st.sampled_from([SECOND // 10, SECOND, MINUTE, HOUR, 7 * HOUR]))
    def wait(self, nanos):
        """Time passes."""
        self.world.pass_time(nanos)

    @precondition(lambda self: self.world is not None)
    @rule()
    def kill(self):
        """The daemon dies between any two steps and starts again."""
        self.world.kill_daemon()

    @precondition(lambda self: self.world is not None)
    @rule(
        place=st.integers(0, 4),
        quirk=st.sampled_from(["down", "failing", "loses_answers", "late_writes", "stale_reads"]),
        value=st.booleans(),
    )
    def spoil(self, place, quirk, value):
        """A server goes wrong, or right again."""
        servers = list(self.world.servers.values())
        setattr(servers[place % len(servers)].quirks, quirk, value)

    @precondition(lambda self: self.world is not None)
    @rule(lost=st.booleans(), late=st.booleans(), doubled=st.booleans())
    def garble(self, lost, late, doubled):
        """The post gets worse, or better."""
        self.world.faults = Faults(lost=0.7 * lost, late=0.7 * late, doubled=0.7 * doubled)

    @precondition(lambda self: self.world is not None)
    @rule(
        place=st.integers(0, 4),
        title=st.integers(0, 5),
        what=st.sampled_from(["add_item", "rename_item"]),
    )
    def shelve(self, place, title, what):
        """A library changes."""
        names, titles = list(self.world.servers), list(self.world.titles)
        change = getattr(self.world, what)
        change(names[place % len(names)], titles[title % len(titles)])

    def teardown(self):
        """Once all is quiet, nothing is wrong."""
        if self.world is not None:
            self.world.end_playing()
            assert [] == problems_of(self.world)


TestSyncMachine = SyncMachine.TestCase
TestSyncMachine.settings = settings(max_examples=40, stateful_step_count=25)


def is_noticed(scene=None, **parts):
    """Whether some history (of one kind) ends badly with a part of the daemon replaced."""
    make_core = partial(Core, **parts)
    first, step = (0, 1) if scene is None else (SCENES.index(scene), len(SCENES))
    return any(play(seed, make_core=make_core) for seed in range(first, SABOTAGE_SEEDS, step))


def test_a_reaction_that_forgets_is_noticed():
    """Observations without deltas leave servers behind."""

    def forgets(views, envelope, now):
        return [] if isinstance(envelope.event, UserDataObserved) else react(views, envelope, now)

    assert is_noticed(react=forgets)


def test_a_reaction_that_forgets_one_server_is_noticed():
    """One server that is never told is enough."""

    def forgets(views, envelope, now):
        drafts = react(views, envelope, now)
        return [draft for draft in drafts if getattr(draft.event, "target", "") != "beach"]

    assert is_noticed(react=forgets)


def test_a_judge_to_whom_every_start_is_an_unwatch_is_noticed():
    """Starting a watched title on an old server must not un-watch it everywhere."""

    def believes(views, command, now):
        if isinstance(command, ObserveUserData):
            reasons = dict.fromkeys(command.states, ("TogglePlayed",))
            command = msgspec.structs.replace(command, reasons=reasons)
        return decide(views, command, now)

    assert is_noticed(decide=believes)


def test_a_judge_that_believes_no_unwatch_is_noticed():
    """Un-watching is honoured."""

    def stubborn(views, command, now):
        if isinstance(command, ObserveUserData):
            reasons = dict.fromkeys(command.states, tuple(PLAYING))
            states = {
                item_id: msgspec.structs.replace(state, last_played_ns=state.last_played_ns or 1)
                for item_id, state in command.states.items()
            }
            command = msgspec.structs.replace(command, reasons=reasons, states=states)
        return decide(views, command, now)

    assert is_noticed(decide=stubborn)


def test_looks_that_pretend_to_be_younger_are_noticed():
    """An answer from before our own write must not undo what was written."""

    def hasty(views, command, now):
        if isinstance(command, ObserveUserData):
            command = msgspec.structs.replace(command, as_of=2**40)
        return decide(views, command, now)

    assert is_noticed("chaos", decide=hasty)


def test_deliveries_that_claim_more_than_they_wrote_are_noticed():
    """A write that did not happen is not taken for one that did."""

    def boasts(views, command, now):
        if isinstance(command, RecordAttempts):
            command = msgspec.structs.replace(
                command, attempts=tuple(_boast(attempt) for attempt in command.attempts)
            )
        return decide(views, command, now)

    assert is_noticed(decide=boasts)


def _boast(attempt):
    """Any attempt, as if it had succeeded."""
    return Delivered(user=attempt.user, subject=attempt.subject, planned=attempt.planned)


def test_a_delivery_that_is_put_off_again_and_again_is_noticed():
    """Hours of playing must not fill the log."""

    def fidgets(views, command, now):
        if isinstance(command, RecordAttempts):
            command = msgspec.structs.replace(
                command, attempts=tuple(_soon(attempt, now) for attempt in command.attempts)
            )
        return decide(views, command, now)

    assert is_noticed(decide=fidgets)


def _soon(attempt, now):
    """Any attempt; what is put off is put off for seconds."""
    if not isinstance(attempt, Deferred):
        return attempt
    return msgspec.structs.replace(attempt, retry_ns=now + 10 * SECOND)


def test_a_fact_that_is_not_in_the_log_is_noticed():
    """Rows that no event accounts for are found by replaying the log."""

    def scribbles(views, envelope, now):
        if isinstance(envelope.event, DeltaDelivered):
            views.tables["titles"].pop((envelope.event.user, envelope.event.wish.media), None)
        return react(views, envelope, now)

    assert is_noticed(react=scribbles)


def test_a_daemon_that_corrects_for_ever_is_noticed():
    """A server that does not keep a rating is not told of it again and again."""

    def nags(views, envelope, now):
        drafts = react(views, envelope, now)
        return [_unlimited(draft) for draft in drafts]

    assert is_noticed("chaos", react=nags)


def _unlimited(draft):
    """A plan that does not count as a correction."""
    wish = getattr(draft.event, "wish", None)
    if wish is None or not getattr(wish, "corrective", False):
        return draft
    wish = msgspec.structs.replace(wish, corrective=False)
    return msgspec.structs.replace(draft, event=msgspec.structs.replace(draft.event, wish=wish))


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_never_written_is_noticed(field):
    """Each field is watched by the oracle."""

    def omits(views, envelope, now):
        found = []
        for draft in react(views, envelope, now):
            wish = getattr(draft.event, "wish", None)
            fields = getattr(wish, "fields", Changes())
            left = {
                name: value
                for name, value in msgspec.structs.asdict(fields).items()
                if name != field
            }
            if wish is None or any(value is not msgspec.UNSET for value in left.values()):
                found.append(draft)
        return found

    assert is_noticed(react=omits)
