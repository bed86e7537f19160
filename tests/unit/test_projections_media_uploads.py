"""Uploads that come in parts: known until they end, and for a while after they ended well."""

import pytest

from projections.commands import Record
from projections.media_commands import CloseUpload
from projections.media_events import UploadOpened
from projections.media_uploads import UPLOADS, kept_ns
from support.clock import NANOS_PER_SECOND
from support.media_core import PROJECT, SOURCE, MediaCore

HOUR_NS = 3_600 * NANOS_PER_SECOND
PATH = "ingest/originals/a.mov"


@pytest.fixture
def core():
    """An upload was announced, to be waited for for an hour."""
    found = MediaCore()
    announced = UploadOpened(
        id="one",
        source=SOURCE,
        project=PROJECT,
        name="a.mov",
        size_bytes=100,
        expires_ns=found.clock + NANOS_PER_SECOND + HOUR_NS,
    )
    found.do(Record, event=announced)
    return found


def upload(core):
    """What is known of the upload."""
    return core.views.get(UPLOADS, ("one",))


def test_an_announced_upload_is_known(core):
    """With who sends it, and until when it is waited for."""
    row = upload(core)

    assert ("mara", None) == (row.user, row.closed)
    assert (SOURCE, row.at + HOUR_NS) == UPLOADS.index(row)


@pytest.mark.parametrize("how", ["stored", "duplicate"])
def test_a_complete_upload_is_remembered_as_long_again(core, how):
    """Its sender may have missed the answer."""
    core.do(CloseUpload, id="one", how=how, path=PATH)
    row = upload(core)

    assert (how, PATH) == (row.closed.how, row.closed.path)
    assert core.clock == row.closed_at
    assert core.clock + HOUR_NS == kept_ns(row)
    assert (SOURCE, kept_ns(row)) == UPLOADS.index(row)


@pytest.mark.parametrize("how", ["refused", "expired", "terminated"])
def test_an_upload_that_was_given_up_is_forgotten(core, how):
    """Nobody goes on with it."""
    core.do(CloseUpload, id="one", how=how)

    assert upload(core) is None


def test_a_complete_upload_ends_by_expiring_and_by_nothing_else(core):
    """What it came to stands."""
    core.do(CloseUpload, id="one", how="stored", path=PATH)

    assert [] == core.do(CloseUpload, id="one", how="terminated")
    assert [] == core.do(CloseUpload, id="one", how="duplicate", path="elsewhere.mov")
    assert PATH == upload(core).closed.path
    assert 1 == len(core.do(CloseUpload, id="one", how="expired"))
    assert upload(core) is None


def test_closing_an_unknown_upload_changes_nothing(core):
    """It may have expired meanwhile."""
    assert [] == core.do(CloseUpload, id="two", how="expired")
