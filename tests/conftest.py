"""What every run of the tests needs."""

import gc
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio._backends._asyncio
import httpcore
import pytest

import chatbot.testing.contract_items
import chatbot.testing.fixture

pytest_plugins = ["pytester"]

# pytester forgets what an inner run was the first to import; its classes would then be there twice
IMPORTED = (anyio._backends._asyncio, httpcore, chatbot.testing.contract_items, chatbot.testing.fixture)


def pytest_collection_finish() -> None:
    """Thousands of tests live until the end of the run: garbage is not looked for among them each time."""
    gc.freeze()


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user of the machine may enter, unlike those of pytest."""
    with TemporaryDirectory(prefix="public-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
