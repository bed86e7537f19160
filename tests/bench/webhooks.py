"""
Taking webhooks against a bare echo: notifications as the plugin sends them, each on disk before it
is answered, over 32 connections. The server they are of does not answer: nothing else is done.
"""

import re
from functools import partial
from pathlib import Path

from bench.figures import Figure
from bench.ingest import Round, compared, must_hold, round_of
from bench.servers import Server, echo, playhead
from bench.wrk import CONNECTIONS, Load, run
from support.jellyfin.sample import sample
from support.notifications import silent_servers

SCRIPT = Path(__file__).with_name("webhooks.lua")
BODY = "UserDataSaved.PlaybackFinished"
WARM_UP_S = 1
ANSWER_BYTES = 58
"""What the daemon's own answer has, with a seq of six digits."""

FIRST_STEP = 200_000
"""More than one round can send."""


def measure(
    workdir: Path, rounds: int, *, seconds: int, warm_up_s: int = WARM_UP_S
) -> list[Figure]:
    """Requests per second, their latency, and the proof that the log holds what was promised."""
    folder = workdir / "webhooks"
    folder.mkdir()
    body, settings = folder / "body.json", folder / "playhead.toml"
    body.write_text(template(sample().bodies()[BODY]))
    settings.write_text(silent_servers(["attic"]))
    with playhead(folder / "data", settings) as ours, echo(ANSWER_BYTES) as bare:
        both = (bare, ours) if warm_up_s else ()
        warm_ups = [_post(body, 0, server.url, warm_up_s) for server in both]
        pairs = [
            tuple(_round(body, number, server, seconds) for server in (bare, ours))
            for number in range(1, rounds + 1)
        ]
    baseline, mine = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    promised = sum(load.requests for load in [*warm_ups[1:], *(done.load for done in mine)])
    errors = sum(load.errors for load in [*warm_ups, *(done.load for done in baseline + mine)])
    log = folder / "data" / "log.db"
    must_hold(log, "webhook.received", promised, unanswered_max=CONNECTIONS * (rounds + 1))
    if errors:
        raise RuntimeError(f"{errors} requests failed.")
    return [
        compared("webhooks taken, requests/s", baseline, mine, lambda done: done.load.rate),
        compared("its processor time per webhook, us", baseline, mine, lambda done: done.cpu_us),
        compared("its p50 over 32 connections, ms", baseline, mine, lambda done: done.load.p50_ms),
        compared("its p99 over 32 connections, ms", baseline, mine, lambda done: done.load.p99_ms),
    ]


def _round(body: Path, number: int, server: Server, seconds: int) -> Round:
    return round_of(server, partial(_post, body, number), seconds)


def _post(body: Path, number: int, url: str, seconds: int) -> Load:
    first = str(number * FIRST_STEP)
    return run(SCRIPT, f"{url}/webhook/attic", seconds, [str(body), first])


def template(body: str) -> str:
    """The body with marks where every notification is to differ."""
    body, items = re.subn(r'("ItemId":"[0-9a-f]{28})[0-9a-f]{4}"', r'\1%ITEM%"', body)
    body, ticks = re.subn(r'("UtcTimestamp":"[^".]*)\.\d+Z"', r'\1.%TICKS%Z"', body)
    assert items == 1
    assert ticks == 1
    return body
