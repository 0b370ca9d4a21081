"""Where nobody traces, spans are nothing at all."""

from chatbot.model.tracing import NO_SPAN, NO_TRACER


def test_without_a_tracer_nothing_is_made() -> None:
    with NO_TRACER.span("chatbot.event", {}) as span:
        assert span is NO_SPAN
        assert (span.is_recorded, NO_TRACER.is_tracing) == (False, False)
    assert NO_TRACER.open("chatbot.confirmation", {}) is NO_SPAN
    assert NO_TRACER.detach() is None


def test_a_span_of_nobody_takes_everything() -> None:
    NO_SPAN.note("chatbot.result", "accepted")
    NO_SPAN.fail(ValueError())
    NO_SPAN.link(NO_SPAN)
    NO_SPAN.end()
    assert NO_SPAN.is_recorded is False
