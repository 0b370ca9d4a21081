import dataclasses
import inspect
import re

import pytest

from chatbot.simulator import options
from chatbot.simulator.options import Options


def test_options_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Options().capacity = 1  # type: ignore[misc]


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Options)])
def test_every_option_has_its_docstring(field: str) -> None:
    assert re.search(rf'\n    {field}: .+\n    """.+', inspect.getsource(options))
