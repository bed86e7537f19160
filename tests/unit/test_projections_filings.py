"""The views of filings, folded from events."""

from projections.filing_events import FileFiled, FilesLeft, FileUnfiled, LeftFile
from projections.filing_survey import Mark
from projections.filings import FILINGS, LEFT, undone_mark
from projections.fold import fold
from support.builders import envelope

MARK = Mark(4, 5, 6)
FILED = FileFiled(
    id="a1",
    organizer="downloads",
    folder="/videos",
    path="show.s01e01.mkv",
    new_path="Show/Show.S01E01.mkv",
    show="Show",
    season=1,
    episodes=(1,),
    size_bytes=4,
    mtime_ns=5,
    inode=6,
)
UNFILED = FileUnfiled(
    id="a1", organizer="downloads", folder="/videos", path="show.s01e01.mkv", mark=MARK
)
LEFT_EVENT = FilesLeft(
    organizer="downloads",
    folder="/videos",
    files={"show.s01e01.mkv": LeftFile(why="empty", mark=MARK)},
)
PATH = ("/videos/show.s01e01.mkv",)


def rows(projection, *events):
    """The rows after some events."""
    return fold(projection, [envelope(event, seq=place) for place, event in enumerate(events, 1)])


def test_a_filing_is_known_by_where_the_file_is():
    """That is how others find out when it came there."""
    (row,) = rows(FILINGS, FILED).values()

    assert "/videos/Show/Show.S01E01.mkv" == row.new_path
    assert ("downloads", 1, "/videos/Show/Show.S01E01.mkv", 0) == FILINGS.index(row)


def test_an_undone_filing_stays_known():
    """As undone."""
    (row,) = rows(FILINGS, FILED, UNFILED).values()

    assert "undone" == row.state
    assert ("downloads", 1, "/videos/Show/Show.S01E01.mkv", 1) == FILINGS.index(row)


def test_undoing_what_nobody_filed_changes_nothing():
    """The log may have been cut."""
    assert {} == rows(FILINGS, UNFILED)


def test_what_was_left_is_known_until_it_is_filed():
    """The last word about a path counts."""
    left = rows(LEFT, LEFT_EVENT)
    undone = rows(LEFT, LEFT_EVENT, FILED, UNFILED)

    assert "empty" == left[PATH].file.why
    assert undone_mark(left[PATH]) is None
    assert {} == rows(LEFT, LEFT_EVENT, FILED)
    assert MARK == undone_mark(undone[PATH])
    assert undone_mark(None) is None
