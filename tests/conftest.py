"""What every run of the tests needs."""

import gc


def pytest_collection_finish() -> None:
    """Thousands of tests live until the end of the run: garbage is not looked for among them each time."""
    gc.freeze()
