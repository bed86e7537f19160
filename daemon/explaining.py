"""
Explanations out of the files: what `playhead explain` and `GET /api/explain` share.
"""

from daemon.engine.snapshot import snapshot
from daemon.engine.views import ViewReader
from daemon.eventlog.store import LogReader
from projections.envelope import Envelope, Seq
from projections.explanation import HISTORY_DEFAULT, Explanation, Question, explain
from projections.finding import title_called


def explained(
    log: LogReader,
    views: ViewReader,
    item: str,
    *,
    user: str | None = None,
    server: str | None = None,
    lines_max: int = HISTORY_DEFAULT,
) -> Explanation:
    """
    The explanation of the title that `item` means; both files may be in use by a daemon.

    Raises:
        NotFound: there is no such title.
        Ambiguous: there are several.
        StorageError: the files cannot be read.
    """

    def read(seq: Seq) -> Envelope | None:
        return next(log.envelopes(after=seq - 1, until=seq), None)

    with snapshot(views) as head:
        media = title_called(views, item, server=server)
        question = Question(media=media, head=head, user=user, server=server, lines_max=lines_max)
        return explain(views, read, question)
