"""
Log lines: one event name, then fields. Readable on a terminal, one JSON object per line otherwise.
"""

import logging
import sys
from typing import Any, Literal

import structlog

from daemon.telemetry.tracing import trace_ids

logger: Any = structlog.get_logger("playhead")
"""The one logger. Never give it a secret, a header or a request body."""

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logs(
    *,
    style: Literal["auto", "console", "json"],
    level: Literal["debug", "info", "warning", "error"],
) -> None:
    """Sets up all logging of the process, that of libraries included."""
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _with_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: list[Any] = (
        # Plain tracebacks: a pretty one prints local variables, and so headers and passwords.
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.basicConfig(level=max(LEVELS[level], logging.WARNING), handlers=[handler], force=True)


def _with_trace(_: Any, __: str, line: Any) -> Any:
    """A line that belongs to a trace says to which."""
    return trace_ids() | line
