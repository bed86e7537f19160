"""
Traces and metrics to an OpenTelemetry collector, over OTLP and HTTP. Off unless an endpoint is set.

The exporter is an extra (`playhead[otlp]`), imported only when asked for.
"""

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer  # noqa: TC002 - the same imports as everywhere else

from daemon.errors import StartupRefused
from daemon.telemetry.histograms import OtlpReader

EXPORT_EVERY_MS = 15_000
EXPORT_TIMEOUT_MS = 3_000
EXPORT_TIMEOUT_S = 3
FLUSH_TIMEOUT_MS = 2_000


class Otlp:
    """
    The way to one collector.

    Args:
        endpoint: base URL of the collector; `/v1/traces` and `/v1/metrics` are appended.
        version: of the program.

    Raises:
        StartupRefused: the extra is not installed.
    """

    def __init__(self, endpoint: str, *, version: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415 - an extra
                OTLPMetricExporter,
            )
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
                OTLPSpanExporter,
            )
        except ImportError as error:
            hint = "Install it: pip install 'playhead[otlp]', or clear telemetry.otlp_endpoint."
            raise StartupRefused("The OTLP exporter is not installed.", hint=hint) from error
        base = endpoint.rstrip("/")
        resource = Resource.create({"service.name": "playhead", "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        spans = OTLPSpanExporter(endpoint=f"{base}/v1/traces", timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(spans))
        self.tracer: Tracer = self._provider.get_tracer("playhead", version)
        self.metric_reader = OtlpReader(
            OTLPMetricExporter(endpoint=f"{base}/v1/metrics", timeout=EXPORT_TIMEOUT_S),
            export_interval_millis=EXPORT_EVERY_MS,
            export_timeout_millis=EXPORT_TIMEOUT_MS,
        )

    def shutdown(self) -> None:
        """Sends what is left, within a bound."""
        self._provider.force_flush(FLUSH_TIMEOUT_MS)
        self._provider.shutdown()
