"""
The agent: asks the queue for a job, has it done, tells how it went, and asks again; through a
daemon that is down, slow or locked, and until it is told to stop.
"""

import queue as queues
import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from adapters.resolve.client import Busy, Lost, Queue, Refused
from adapters.resolve.environment import variables
from adapters.resolve.errand import TICK_S, Errand
from adapters.resolve.messages import Ending, Order
from adapters.resolve.places import System
from adapters.resolve.scripting import find
from adapters.resolve.wire import (
    ERROR_CHARACTERS_MAX,
    Completion,
    Failure,
    Job,
    NotUnderstood,
    Stub,
    counted,
    shortened,
)
from adapters.resolve.worker import Answered, Inbox, Stop
from projections.errors import PlayheadError

WAIT_S = 25.0
"""Of a question for a job; proxies give up after a minute."""

PAUSE_FIRST_S = 1.0
PAUSE_S_MAX = 60.0
"""Between two questions that were not answered: doubled each time, up to a minute."""

REPORT_S_MAX = 900.0
"""After a quarter of an hour somebody else has the job: its lease ran out long ago."""

LEAVE_S = 2.0
"""How long the end waits for a question that was broken off: a job may be in its answer."""

IMPATIENT_S = 5.0
"""Once Resolve was waited for in vain, the next jobs wait only so long, until it is seen."""

NOT_BEGUN = "The agent was stopped before it began."
NOT_KNOWN = "The agent does not understand the job: update it."


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """
    How this agent works: what it and its machine are called, how long it waits for Resolve, and
    after how much silence it gives a job up.
    """

    name: str
    host: str
    system: System
    handoff_dir: str = ""
    lease_s: float = 60.0
    silence_s: float = 300.0
    resolve_wait_s: float = 300.0


class Agent:
    """Works until a `Stop` comes into its inbox."""

    def __init__(
        self, settings: Settings, queue: Queue, inbox: Inbox, say: Callable[[str], None]
    ) -> None:
        self._settings, self._queue, self._inbox, self._say = settings, queue, inbox, say
        self._is_stopped = False
        self._questions = 0
        self._trouble = ""
        self._pause_s = PAUSE_FIRST_S
        self._patience_s = settings.resolve_wait_s

    def run(self) -> None:
        """Does jobs until it is told to stop."""
        self._say(f"{self._settings.name} on {self._settings.host} asks {self._queue.url}")
        while not self._is_stopped:
            self._turn(WAIT_S)
        self._say("stopped")

    def once(self) -> bool:
        """Does the job that is there now, if one is; whether the daemon answered."""
        return self._turn(0.0)

    def _turn(self, wait_s: float) -> bool:
        answer = self._asked(wait_s)
        if isinstance(answer, NotUnderstood) and answer.job is not None:
            self._give_back(answer.job, answer)
            return True
        if isinstance(answer, PlayheadError):
            self._suffer(answer, is_last=wait_s == 0)
            return False
        if self._trouble:
            self._say("the daemon answers again")
        self._trouble, self._pause_s = "", PAUSE_FIRST_S
        for job in answer:
            self._do(job)
        return True

    def _asked(self, wait_s: float) -> Sequence[Job] | PlayheadError:
        """The answer; asked in a thread of its own, so that the end need not wait for it."""
        self._questions += 1
        number, answers = self._questions, list[Sequence[Job] | PlayheadError]()
        thread = threading.Thread(
            target=self._ask, args=(number, wait_s, answers), name="question", daemon=True
        )
        thread.start()
        until_s = float("inf")
        while time.monotonic() < until_s:
            message = self._got(TICK_S)
            if isinstance(message, Stop) and not self._is_stopped:
                self._is_stopped = True
                until_s = time.monotonic() + LEAVE_S
                self._queue.abort()
            elif isinstance(message, Answered) and message.number == number:
                return answers[0] if answers else ()
        return ()

    def _ask(
        self, number: int, wait_s: float, answers: list[Sequence[Job] | PlayheadError]
    ) -> None:
        settings = self._settings
        try:
            jobs = self._queue.next_jobs(
                name=settings.name, host=settings.host, lease_s=settings.lease_s, wait_s=wait_s
            )
            answers.append(jobs)
        except PlayheadError as error:
            answers.append(error)
        finally:
            self._inbox.put(Answered(number))

    def _got(self, wait_s: float) -> object:
        try:
            return self._inbox.get(timeout=wait_s)
        except queues.Empty:
            return None

    def _suffer(self, error: PlayheadError, *, is_last: bool) -> None:
        """Tells what is wrong, once, and lets time pass."""
        if self._is_stopped:
            return
        if str(error) != self._trouble:
            self._say(f"{error} {error.hint}")
        self._trouble = str(error)
        if is_last:
            return
        told_s = error.pause_s if isinstance(error, Busy) else 0.0
        self._rest(max(told_s, self._pause_s * random.uniform(0.5, 1.0)))  # noqa: S311 - no secret
        self._pause_s = min(self._pause_s * 2, PAUSE_S_MAX)

    def _give_back(self, job: Stub, error: PlayheadError) -> None:
        """Nobody waits for a lease to run out because this agent is too old for a job."""
        self._say(f"job {job.id}: {NOT_KNOWN} {error}")
        body = Failure(token=job.token or "", error=shortened(f"{NOT_KNOWN} {error}"))
        self._deliver(partial(self._queue.fail, job.id, body))
        self._rest(PAUSE_FIRST_S)

    def _rest(self, pause_s: float) -> None:
        until_s = time.monotonic() + pause_s
        while not self._is_stopped and (left_s := until_s - time.monotonic()) > 0:
            self._is_stopped = isinstance(self._got(min(left_s, TICK_S)), Stop)

    def _do(self, job: Job) -> None:
        if self._is_stopped:
            self._report(job, Ending(error=NOT_BEGUN, is_final=False))
            return
        errand = Errand(
            job,
            self._order(job),
            lease_s=self._settings.lease_s,
            queue=self._queue,
            inbox=self._inbox,
            say=self._say,
        )
        ending = errand.run()
        self._is_stopped = errand.is_stopped
        if errand.seen is not None and job.mode != "reveal_in_explorer":
            patient = errand.seen.has_handle
            wait_s = self._settings.resolve_wait_s
            self._patience_s = wait_s if patient else min(wait_s, IMPATIENT_S)
        if ending is not None:
            self._report(job, ending)

    def _order(self, job: Job) -> Order:
        settings = self._settings
        is_quick = job.mode == "reveal_in_explorer"  # the file manager does it as well
        return Order(
            job=job,
            scripting=find(settings.system, variables()),
            host=settings.host,
            system=settings.system,
            handoff_dir=settings.handoff_dir,
            wait_s=0.0 if is_quick else self._patience_s,
            silence_s=settings.silence_s,
        )

    def _report(self, job: Job, ending: Ending) -> None:
        token, told = job.token or "", counted(len(ending.results), "result")
        results = tuple(
            msgspec.structs.replace(each, detail=shortened(each.detail)) for each in ending.results
        )
        if ending.error:
            error = shortened(ending.error, ERROR_CHARACTERS_MAX)
            failure = Failure(token=token, error=error, results=results, is_final=ending.is_final)
            self._say(f"job {job.id} failed: {ending.error}")
            self._deliver(partial(self._queue.fail, job.id, failure))
            return
        completion = Completion(
            token=token,
            results=results,
            note=shortened(ending.note),
            artifact=ending.artifact or None,
        )
        self._say(f"job {job.id} done: {told}. {ending.note}".strip())
        self._deliver(partial(self._queue.complete, job.id, completion))

    def _deliver(self, send: Callable[[], None]) -> None:
        """Says how a job went until the daemon has heard it; once more when told to stop."""
        until_s = time.monotonic() + REPORT_S_MAX
        pause_s = PAUSE_FIRST_S
        while True:
            try:
                send()
            except (Lost, Refused) as error:
                self._say(f"{error} {error.hint}")
                return
            except PlayheadError as error:
                if self._is_stopped or time.monotonic() > until_s:
                    self._say(f"how the job went could not be told: {error}")
                    return
                self._rest(max(pause_s, error.pause_s if isinstance(error, Busy) else 0.0))
                pause_s = min(pause_s * 2, PAUSE_S_MAX)
            else:
                return
