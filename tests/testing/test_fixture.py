"""The kit of a test knows its project and its markers."""

import pytest

from chatbot.testing.fixture import kit_for


@pytest.mark.chatbot_platform(index_step=3)
def test_a_kit_has_what_the_markers_say(request: pytest.FixtureRequest) -> None:
    kit = kit_for(request)
    assert kit._conditions.options.index_step == 3
    assert kit._project.folder == request.config.rootpath
