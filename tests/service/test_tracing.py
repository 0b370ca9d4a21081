"""Whether a process is traced."""

import subprocess
import sys

import pytest

from chatbot.model.tracing import NO_TRACER
from chatbot.service.otel import OtelTracer
from chatbot.service.tracing import system_tracer

MISSING = """
import sys

class Blocked:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
import chatbot.cli.run
from chatbot.service.tracing import system_tracer
tracer, ids = system_tracer({})
print(type(tracer).__name__, ids(), [name for name in sys.modules if name.startswith("opentelemetry")])
"""
IDLE = "import sys, chatbot.cli.run; print([name for name in sys.modules if 'opentelemetry' in name])"


def printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip() + done.stderr


@pytest.mark.long
def test_without_the_extra_nothing_is_traced_and_nothing_is_imported() -> None:
    assert printed(MISSING) == "NoTracer None []"


@pytest.mark.long
def test_nothing_of_it_is_imported_before_it_is_asked_for() -> None:
    assert printed(IDLE) == "[]"


def test_with_the_extra_spans_are_made_by_whatever_is_set_up() -> None:
    tracer, ids = system_tracer({"OTEL_SERVICE_NAME": "chatbot"})
    assert isinstance(tracer, OtelTracer)
    assert ids() is None


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"OTEL_SERVICE_NAME": "chatbot"}, True),
        ({"PATH": "/bin"}, False),
    ],
)
def test_who_sets_it_up_without_the_extra_is_told(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    told: bool,
) -> None:
    monkeypatch.setitem(sys.modules, "chatbot.service.otel", None)
    tracer, _ = system_tracer(environment)
    assert tracer is NO_TRACER
    assert bool(caplog.messages) is told
    assert not told or caplog.messages[0].startswith("OTEL_ variables are set, and nothing is traced")
