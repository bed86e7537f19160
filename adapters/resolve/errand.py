"""
One claimed job from the agent's side: a child does it, heartbeats keep it, and whatever happens to
the child becomes an ending. The agent itself never calls into Resolve.
"""

import queue as queues
import time
from collections.abc import Callable

from adapters.resolve.client import Lost, Queue
from adapters.resolve.messages import Ending, Order, Seen
from adapters.resolve.wire import Heartbeat, Job, counted, shortened
from adapters.resolve.worker import Child, Ended, Inbox, Line, Stop
from projections.errors import PlayheadError

BEATS_A_LEASE = 3
"""Two heartbeats may be lost before a lease runs out."""

TICK_S = 1.0
"""Windows lets Ctrl+C through only between two waits."""

STOPPED = Ending(
    error="The agent was stopped; another one, or this one later, does the job.", is_final=False
)


class Errand:
    """
    A job that is being done. `seen` is what the child found of Resolve, `is_stopped` whether the
    agent was told to end meanwhile.
    """

    def __init__(
        self,
        job: Job,
        order: Order,
        *,
        lease_s: float,
        queue: Queue,
        inbox: Inbox,
        say: Callable[[str], None],
    ) -> None:
        self.seen: Seen | None = None
        self.is_stopped = False
        self._job, self._order, self._lease_s = job, order, lease_s
        self._queue, self._inbox, self._say = queue, inbox, say
        self._note = ""
        self._heard_s = 0.0
        self._is_troubled = False

    def run(self) -> Ending | None:
        """How the job ended; None if it is not ours any more."""
        child = Child(self._order, self._inbox)
        self._say(f"job {self._job.id}: {self._job.mode}, {counted(len(self._job.files), 'file')}")
        try:
            return self._kept(child)
        finally:
            child.end()

    def _kept(self, child: Child) -> Ending | None:
        self._heard_s = time.monotonic()
        beat_s = self._heard_s + self._lease_s / BEATS_A_LEASE
        while True:
            message = self._next(min(self._heard_s + self._order.silence_s, beat_s))
            ending = self._ending_after(child, message)
            if ending is not None:
                return ending
            now_s = time.monotonic()
            if now_s >= self._heard_s + self._order.silence_s:
                return self._timed_out()
            if now_s >= beat_s:
                beat_s = now_s + self._lease_s / BEATS_A_LEASE
                if not self._is_ours():
                    return None

    def _ending_after(self, child: Child, message: object) -> Ending | None:
        """What a message makes of the job; None if it goes on."""
        if isinstance(message, Stop):
            self.is_stopped = True
            return STOPPED
        if isinstance(message, Ended) and message.child is child:
            return _crashed(message.why)
        if isinstance(message, Line) and message.child is child:
            self._heard_s = time.monotonic()
            self._note = message.told.note or self._note
            self.seen = message.told.seen or self.seen
            return message.told.ending
        return None

    def _next(self, until_s: float) -> object:
        try:
            left_s = max(0.0, min(until_s - time.monotonic(), TICK_S))
            return self._inbox.get(timeout=left_s)
        except queues.Empty:
            return None

    def _timed_out(self) -> Ending:
        doing = f" while {self._note}" if self._note else ""
        silence_s = self._order.silence_s
        error = f"timeout: nothing was heard from Resolve for {silence_s:g} s{doing}."
        return Ending(error=error, is_final=False)

    def _is_ours(self) -> bool:
        body = Heartbeat(
            token=self._job.token or "", lease_s=self._lease_s, note=shortened(self._note)
        )
        try:
            self._queue.heartbeat(self._job.id, body)
        except Lost as error:
            self._say(f"job {self._job.id} is not ours any more: {error}")
            return False
        except PlayheadError as error:
            if not self._is_troubled:
                self._say(f"{error} The job goes on.")
            self._is_troubled = True
        else:
            self._is_troubled = False
        return True


def _crashed(why: str) -> Ending:
    error = f"The process that speaks to Resolve crashed ({why})."
    return Ending(error=shortened(error), is_final=False)
