import pytest

HOURS = """
from pydantic import BaseModel
from chatbot import TextReceived, hookimpl

class Settings(BaseModel):
    text: str = "Open 9 to 5."

@hookimpl
async def on_text(event: TextReceived, settings: Settings) -> str | None:
    return settings.text if "open" in event.text.lower() else None
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder as an author of plugins has it: one plugin, and pytest in strict mode."""
    pytester.makeini(
        "[pytest]\n"
        "asyncio_mode = strict\n"
        "asyncio_default_fixture_loop_scope = function\n"
        "filterwarnings = error\n"
    )
    pytester.mkdir("plugins").joinpath("hours.py").write_text(HOURS)
    return pytester
