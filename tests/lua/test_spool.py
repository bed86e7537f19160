"""spool.lua: nothing that was written is lost, whoever sends it."""

import json

import pytest

LIMITS = {"entries": 200, "bytes": 40000}


@pytest.fixture
def spool_at(lua, tmp_path):
    """Opens spools on one directory, as several players would."""
    identity, clock = lua.require("identity"), lua.require("clock")
    random_bytes = clock.random("test")
    ticks = iter(range(10**6))
    warnings = []

    def open_spool(account="acc", directory=tmp_path, bytes_max=100_000):
        parts = lua.table({"directory": str(directory), "account": account, "bytes_max": bytes_max})
        parts.new_id = lambda: identity.uuid7(1795251600 + next(ticks) / 1000, random_bytes)
        parts.readdir = lua.names_in
        parts.parse_json = lua.parse_json
        parts.warn = warnings.append
        spool = lua.require("spool").open(parts)
        return Spool(lua, spool)

    open_spool.warnings = warnings
    return open_spool


class Spool:
    """A spool with Python's manners."""

    def __init__(self, lua, spool):
        self.lua, self.spool = lua, spool

    def __getattr__(self, name):
        method = getattr(self.spool, name)
        return lambda *arguments: method(self.spool, *arguments)

    def add(self, identifier, *, reason="pause", session="s", at=1.0, name="x", position_s=1):
        report = {
            "id": identifier,
            "name": name,
            "session": session,
            "reason": reason,
            "position_s": position_s,
            "client_time_s": at,
            "finished": False,
        }
        self.append(json.dumps(report))

    def batch(self, **limits):
        return self.take(self.lua.table({**LIMITS, **limits}))

    def confirm(self, batch, *identifiers):
        self.settle(batch, self.lua.table(dict.fromkeys(identifiers, True)))


def ids(entries):
    return [entry.report.id for entry in entries.values()]


def on_disk(folder):
    found = []
    for path in sorted([*folder.glob("*.jsonl"), *folder.glob("*.batch")]):
        for line in path.read_text().splitlines():
            try:
                found.append(json.loads(line)["id"])
            except ValueError:
                continue
    return sorted(found)


def test_what_was_added_is_taken_until_it_is_settled(spool_at, tmp_path):
    """Taking alone removes nothing."""
    spool = spool_at()
    spool.add("a")
    spool.add("b")
    batch = spool.batch()
    assert ["a", "b"] == ids(batch.entries) == ids(spool.batch().entries)

    spool.confirm(batch, "a")
    assert ["b"] == ids(spool.batch().entries) == on_disk(tmp_path)
    spool.confirm(spool.batch(), "b")
    assert spool.is_empty()
    assert [] == list(tmp_path.iterdir())


def test_what_is_added_while_sending_stays(spool_at):
    """A report written between taking and settling is not confirmed."""
    spool = spool_at()
    spool.add("a")
    batch = spool.batch()
    spool.add("b")
    spool.confirm(batch, "a")

    assert ["b"] == ids(spool.batch().entries)


def test_a_late_line_in_an_adopted_file_stays(spool_at, tmp_path):
    """The owner of an adopted file may have had it open: what it still wrote is kept."""
    owner, other = spool_at(), spool_at()
    owner.add("a")
    with next(tmp_path.glob("*.jsonl")).open("a") as held_open:
        other.adopt()
        batch = other.batch()
        held_open.write(
            json.dumps({"id": "late", "name": "x", "position_s": 1, "client_time_s": 2}) + "\n"
        )
    other.confirm(batch, "a")

    assert ["late"] == on_disk(tmp_path)


def test_an_adopted_owner_goes_on_in_a_new_file(spool_at, tmp_path):
    """Adopting from a living player loses neither its old nor its new reports."""
    owner, other = spool_at(), spool_at()
    owner.add("a")
    other.adopt()
    owner.add("b")
    other.confirm(other.batch(), "a")

    assert ["b"] == on_disk(tmp_path)
    assert ["b"] == ids(owner.batch().entries)


def test_two_players_flushing_the_same_file_lose_nothing(spool_at, tmp_path):
    """Both take, both settle; what neither settled is still there."""
    first, second = spool_at(), spool_at()
    for identifier in "abc":
        first.add(identifier)
    second.adopt()
    one, two = first.batch(), second.batch()
    assert ["a", "b", "c"] == ids(one.entries) == ids(two.entries)

    first.confirm(one, "a", "b")
    second.confirm(two, "a", "b")
    assert ["c"] == sorted(set(on_disk(tmp_path)))
    first.confirm(first.batch(), "c")
    assert [] == list(tmp_path.iterdir())


def test_a_torn_or_foreign_line_is_skipped(spool_at, tmp_path):
    """A line cut off by a crash, or one that is no report, does not hide the others."""
    dead = spool_at()
    dead.add("a")
    with next(tmp_path.glob("*.jsonl")).open("a") as file:
        file.write('[]\n{"id": 5}\n\n{"id":"torn","na')
    spool = spool_at()
    spool.adopt()
    batch = spool.batch()
    assert ["a"] == ids(batch.entries)

    spool.confirm(batch, "a")
    assert [] == list(tmp_path.iterdir())


def test_accounts_do_not_mix(spool_at, tmp_path):
    """One user's reports are never sent as another's."""
    ann, bob = spool_at("ann"), spool_at("bob")
    ann.add("a")
    bob.adopt()

    assert [] == ids(bob.batch().entries)
    ann.use_account("new")
    ann.add("b")
    assert ["b"] == ids(ann.batch().entries)
    assert ["a", "b"] == on_disk(tmp_path)


def test_a_row_of_heartbeats_is_sent_as_its_last(spool_at, tmp_path):
    """A night without a server is not replayed second by second."""
    spool = spool_at()
    for number in range(5):
        spool.add(f"h{number}", reason="heartbeat")
    spool.add("p", reason="pause")
    spool.add("other", reason="heartbeat", session="t")
    batch = spool.batch()
    assert ["h4", "p", "other"] == ids(batch.entries)

    spool.confirm(batch, "h4", "p", "other")
    assert [] == list(tmp_path.iterdir())


def test_unsettled_heartbeats_do_not_bring_back_superseded_ones(spool_at):
    """Superseded heartbeats go with the first answer, whatever it settles."""
    spool = spool_at()
    for number in range(3):
        spool.add(f"h{number}", reason="heartbeat")
    spool.add("p")
    spool.confirm(spool.batch(), "p")

    assert ["h2"] == ids(spool.batch().entries)


def test_batches_are_bounded_but_never_empty(spool_at):
    """Limits split the queue; a single large report still gets through."""
    spool = spool_at()
    for number in range(10):
        spool.add(f"{number}")
    assert ["0", "1", "2"] == ids(spool.batch(entries=3).entries)
    assert ["0"] == ids(spool.batch(bytes=10).entries)

    spool.confirm(spool.batch(entries=3), "0", "1", "2")
    assert ["3"] == ids(spool.batch(bytes=10).entries)


def test_an_unwritable_folder_costs_only_the_disk(spool_at, tmp_path):
    """Reports live in memory, are sent from there, and the user is told once."""
    spool = spool_at(directory=tmp_path / "missing")
    spool.add("a")
    spool.add("b")
    batch = spool.batch()
    assert ["a", "b"] == ids(batch.entries)
    assert 1 == len(spool_at.warnings)

    spool.confirm(batch, "a", "b")
    assert spool.is_empty()


def test_memory_is_bounded(spool_at, tmp_path):
    """Without a disk the oldest reports go."""
    spool = spool_at(directory=tmp_path / "missing")
    for number in range(250):
        spool.add(f"{number}")

    assert [f"{n}" for n in range(50, 250)] == ids(spool.batch(entries=500).entries)


def test_a_long_outage_stays_within_the_limit(spool_at, tmp_path):
    """Growing files are thinned out; beyond the limit the oldest files go, the newest stay."""
    spool = spool_at(bytes_max=500_000)
    for number in range(9000):
        reason = "heartbeat" if number % 3 else "seek"
        spool.add(f"{number:05}", reason=reason, at=float(number))

    total_bytes = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert total_bytes < 800_000
    assert "08999" in on_disk(tmp_path)
    assert spool_at.warnings


def test_the_newest_report_of_a_file_is_found(spool_at):
    """Whatever file it is in, by the time it was measured."""
    first, second = spool_at(), spool_at()
    first.add("a", at=5, position_s=50)
    first.seal()
    first.add("b", at=9, position_s=90)
    second.add("c", at=7, position_s=70)
    second.add("d", at=99, name="y")

    found = second.newest(lambda report: report.name == "x")
    assert 90 == found.position_s
    assert second.newest(lambda report: False) is None


def test_the_last_message_holds_the_newest(spool_at, lua):
    """What fits is sent in order of time, ending with the newest."""
    spool = spool_at()
    for number in range(10):
        spool.add(f"{number}", at=float(number))

    assert ["7", "8", "9"] == ids(spool.latest(lua.table({"entries": 3, "bytes": 40000})))
