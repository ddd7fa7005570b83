from collections.abc import Iterator
from typing import Final

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import ProxyTracerProvider, StatusCode

from duolog import Application, Metadata
from duolog.dispatch.middleware.tracing import TracingMiddleware
from duolog.dispatch.pipeline import Call
from duolog.messages.envelope import stored_metadata
from duolog.testing import application
from tests.unit.dispatch.counters import MOVE, CounterProvider, Move, Moved, MoveInteractor, Script

TRACE_ID: Final = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID: Final = "b7ad6b7169203331"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """A tracer provider for one test; the process-wide one can be set only once."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def get_tracer_provider() -> TracerProvider:
        return provider

    monkeypatch.setattr(trace, "get_tracer_provider", get_tracer_provider)
    yield exporter
    provider.shutdown()


def counters(script: Script | None = None) -> Application:
    return application(MOVE, providers=[CounterProvider(script)])


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def test_without_a_tracer_provider_nothing_is_wrapped() -> None:
    assert isinstance(trace.get_tracer_provider(), ProxyTracerProvider)

    async def proceed(context: object) -> object:
        return context

    call: Call = proceed
    assert TracingMiddleware().build(MOVE, call) is call


async def test_a_command_is_a_span_with_its_name_kind_and_correlation(exporter: InMemorySpanExporter) -> None:
    metadata = Metadata()
    async with counters() as app:
        await app.execute(Move("a"), metadata=metadata)

    span = only(exporter)
    assert span.name == "duolog.command Move"
    assert dict(span.attributes or {}) == {
        "duolog.message": "Move",
        "duolog.kind": "command",
        "duolog.correlation_id": str(metadata.correlation_id),
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.parent is None


async def test_a_failed_command_shows_the_errors_class_and_never_its_message(exporter: InMemorySpanExporter) -> None:
    async def fails(_: MoveInteractor) -> None:
        message = "sesame"
        raise ValueError(message)

    async with counters(Script(fails)) as app:
        with pytest.raises(ValueError, match="sesame"):
            await app.execute(Move("a"))

    span = only(exporter)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert not span.events
    assert "sesame" not in span.to_json()


async def test_the_span_is_a_child_of_the_messages_traceparent(exporter: InMemorySpanExporter) -> None:
    async with counters() as app:
        await app.execute(Move("a"), metadata=Metadata(traceparent=f"00-{TRACE_ID}-{PARENT_ID}-01"))

    span = only(exporter)
    assert span.parent is not None
    assert (span.parent.trace_id, span.parent.span_id) == (int(TRACE_ID, 16), int(PARENT_ID, 16))


async def test_a_span_that_is_open_already_is_the_parent(exporter: InMemorySpanExporter) -> None:
    async with counters() as app:
        with trace.get_tracer_provider().get_tracer("test").start_as_current_span("request") as request:
            await app.execute(Move("a"), metadata=Metadata(traceparent=f"00-{TRACE_ID}-{PARENT_ID}-01"))

    command = exporter.get_finished_spans()[0]
    assert command.parent is not None
    assert command.parent.span_id == request.get_span_context().span_id


async def test_attempts_are_shown_if_there_was_more_than_one(exporter: InMemorySpanExporter) -> None:
    async def loses_once(_: MoveInteractor) -> None:
        if script.built == 1:
            await app.database.store.append("counter-a", [app.codec.encode(Moved(1))])

    script = Script(loses_once)
    async with counters(script) as app:
        await app.execute(Move("a"))

    assert (only(exporter).attributes or {})["duolog.attempts"] == 2


async def test_events_carry_the_traceparent_of_the_span_that_recorded_them(exporter: InMemorySpanExporter) -> None:
    async with counters() as app:
        await app.execute(Move("a"))
        (recorded,) = await app.database.store.read_stream("counter-a")

    context = only(exporter).get_span_context()
    assert context is not None
    assert stored_metadata(recorded).traceparent == (
        f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    )
