"""
A window that goes on from what it was before is the one that is made from nothing.
"""

from hypothesis import given
from hypothesis import strategies as st

from projections.window import DAY_NS, FEW_MAX, Window, WindowFile, WindowRules, window

NAMES = (
    *(f"/v/A Show/A.Show.S0{season}E0{episode}.mkv" for season in (1, 2) for episode in range(5)),
    *(f"/v/Other/Season 1/S01E0{episode}.mkv" for episode in range(4)),
    *(f"/w/A.Show.S01E0{episode}.mkv" for episode in (1, 2)),
    *(f"/v/film {number}.mkv" for number in range(4)),
)
DAYS = 5

times = st.integers(-1, DAYS * 2).map(lambda days: days * DAY_NS)
"""Few different ones, so that names have to decide; some too old, some of the future."""

folders = st.lists(
    st.builds(WindowFile, st.sampled_from(NAMES), times, st.just(1), st.just(1), times),
    max_size=len(NAMES),
    unique_by=lambda file: file.path,
)
rules = st.builds(
    WindowRules, days=st.sampled_from([0.0, DAYS]), order=st.sampled_from(["oldest", "newest"])
)
looks = st.lists(
    st.tuples(folders, times, st.frozensets(st.sampled_from(NAMES), max_size=3)), max_size=5
)


@given(rules, looks)
def test_a_window_that_goes_on_is_the_one_from_nothing(given_rules, given_looks):
    """Whatever came, went, grew old, was filed or left out; and so is the oldest file of it."""
    kept = Window(given_rules)

    for files, now_ns, left_out in given_looks:
        expected = window(files, given_rules, now_ns=now_ns, left_out=left_out)
        ages = {file.path: max(file.mtime_ns, file.filed_ns) for file in files}
        before = kept.paths
        paths = kept.take(kept.change(files, now_ns=now_ns, left_out=left_out))

        assert expected == list(paths)
        assert min((ages[path] for path in expected), default=None) == kept.oldest_ns
        assert before is paths or before != paths


@given(rules, st.data())
def test_a_window_with_many_changes_is_the_one_from_nothing(given_rules, data):
    """More than are put in one by one, and then few again."""
    many = [
        WindowFile(f"/v/Show S01E{number}.mkv", number % 7, 1, 1) for number in range(FEW_MAX + 9)
    ]
    kept = Window(given_rules)
    kept.take(kept.change(many, now_ns=0))
    gone = data.draw(st.sets(st.integers(0, len(many) - 1), max_size=5))
    files = [file for number, file in enumerate(many) if number not in gone]

    assert window(files, given_rules, now_ns=0) == list(kept.take(kept.change(files, now_ns=0)))
