"""
Which trace something belongs to, in the terms of W3C Trace Context: for log lines, and for spans
that go on with the trace of whoever asked.
"""

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()


def parent_of(headers: Mapping[str, str]) -> Context:
    """The trace that a request says it belongs to (`traceparent`), or none."""
    return _PROPAGATOR.extract(headers, Context())


def trace_ids() -> dict[str, str]:
    """`trace_id` and `span_id` of what is being done, in hex; nothing where nothing is traced."""
    context = get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
    }


def note_event(seq: int) -> None:
    """Writes the number of an event into the span of whoever caused it."""
    span = get_current_span()
    if span.is_recording():
        span.set_attribute("playhead.event.seq", seq)
