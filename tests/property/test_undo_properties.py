"""
Undoing any stretch of any history: what it takes back, what it leaves alone, and that it can itself
be taken back.
"""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.undoing import Undo, planned
from projections.titles import blank_title, set_registers
from projections.undo import changes_in, undo_commands
from projections.userdata import BLANK
from support.two_servers import FILMS, SERVERS, TwoServers

FIELDS = {
    "position_ticks": st.integers(0, 3),
    "played": st.booleans(),
    "play_count": st.integers(0, 3),
    "favorite": st.booleans(),
    "rating": st.sampled_from([None, 3.0, 7.0]),
}
FEWER = settings(max_examples=max(25, settings().max_examples // 4))
"""Every example makes two files and writes a log of its own."""

people = st.sampled_from(["mara", "jon"])
films = st.sampled_from(sorted(FILMS))
deeds = st.tuples(
    st.sampled_from(["player", "operator", *SERVERS]),
    people,
    films,
    st.fixed_dictionaries({}, optional=FIELDS).filter(bool),
)
histories = st.lists(deeds, min_size=1, max_size=8)


def live(servers, history):
    """Lets a history happen."""
    for who, user, film, fields in history:
        if who in SERVERS:
            servers.seen(who, film, user=user, **{"rating": None} | fields)
        else:
            servers.set(film, user=user, by=who, **fields)


def registers(servers, *, until=None, without=frozenset()):
    """Every agreed value after some events of the log, folded afresh: value and event."""
    found = {}
    for envelope in servers.log.envelopes(until=servers.log.end.seq if until is None else until):
        for change in changes_in(envelope) if envelope.seq not in without else ():
            title = found.setdefault(change.key, _Title())
            title.set(change.changes, envelope.seq)
    return {
        (*key, name): register
        for key, title in found.items()
        for name, register in title.row.registers.items()
    }


class _Title:
    """One title that is folded by hand."""

    def __init__(self):
        self.row = blank_title("", "")

    def set(self, changes, seq):
        """Takes changes in."""
        self.row = set_registers(self.row, changes, at=0, seq=seq, source="")


def value(found, place):
    """The agreed value of a field, blank when nobody ever spoke of it."""
    return found[place].value if place in found else getattr(BLANK, place[2])


def undo(servers, **selection):
    """Carries an undo out; gives its plan and the event after which it begins."""
    plan = planned(servers.log, servers.views, Undo(**selection))
    before = servers.log.end.seq
    for command in undo_commands(plan, source="cli", actor="mara"):
        servers.order(command)
    return plan, before


@st.composite
def stretches(draw):
    """A history in three parts, of which the middle one is to be undone."""
    return draw(histories), draw(histories), draw(st.lists(deeds, max_size=3))


@FEWER
@given(stretches())
def test_an_undone_stretch_leaves_every_field_as_before_it(parts):
    """Unless something changed it later: then it keeps the later value."""
    before, within, after = parts
    with tempfile.TemporaryDirectory() as folder, TwoServers(Path(folder)) as servers:
        live(servers, before)
        first = servers.log.end.seq + 1
        live(servers, within)
        last = servers.log.end.seq
        live(servers, after)
        wanted, then = registers(servers), registers(servers, until=first - 1)
        undo(servers, first=first, last=last)
        now = registers(servers)

        for place, register in wanted.items():
            is_of_the_stretch = first <= register.seq <= last
            expected = value(then if is_of_the_stretch else wanted, place)
            assert expected == value(now, place), place
        assert servers.digests() == servers.digests_from_zero()


@FEWER
@given(stretches(), st.sampled_from(SERVERS), people)
def test_what_is_chosen_from_a_stretch_is_as_if_it_had_not_happened(parts, server, user):
    """One server's changes of one person go; the rest stands as if it alone had been made."""
    before, within, _ = parts
    with tempfile.TemporaryDirectory() as folder, TwoServers(Path(folder)) as servers:
        live(servers, before)
        first = servers.log.end.seq + 1
        live(servers, within)
        chosen = {
            envelope.seq
            for envelope in servers.log.envelopes(after=first - 1)
            for change in changes_in(envelope)
            if (change.server, change.key[0]) == (server, user)
        }
        expected = registers(servers, without=chosen)
        touched = registers(servers)
        undo(servers, first=first, server=server, user=user)
        now = registers(servers)

        for place in touched:
            assert value(expected, place) == value(now, place), place


@FEWER
@given(stretches())
def test_undoing_the_undo_restores_what_was(parts):
    """Every register has its value again."""
    before, within, after = parts
    with tempfile.TemporaryDirectory() as folder, TwoServers(Path(folder)) as servers:
        live(servers, before)
        first = servers.log.end.seq + 1
        live(servers, within + after)
        wanted = servers.values()
        _, begun = undo(servers, first=first)
        undo(servers, first=begun + 1)

        assert wanted == servers.values()


@FEWER
@given(stretches())
def test_a_second_undo_of_the_same_stretch_changes_nothing(parts):
    """However often it is repeated."""
    before, within, _ = parts
    with tempfile.TemporaryDirectory() as folder, TwoServers(Path(folder)) as servers:
        live(servers, before)
        first = servers.log.end.seq + 1
        live(servers, within)
        last = servers.log.end.seq
        undo(servers, first=first, last=last)
        plan, _ = undo(servers, first=first, last=last)

        assert (0, 0) == (plan.titles_count, plan.fields_count)
