"""An agent that is to be logged in and not Ready, whatever its server makes of that."""

import pytest

from chatbot.model.errors import WireError
from tests.wire.fakes import Answer, envelope
from tests.wire.test_session import DOWN, LOOK, START, agent, state

NOT_READY = "POST /api/v2/me/channels/chat NotReady"


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ([state("NotReady")], [LOOK]),
        ([state("Ready")], [LOOK, NOT_READY]),
        ([state("LoggedOut")], [LOOK, START, NOT_READY]),
        ([envelope(0, channels=[])], [LOOK, START, NOT_READY]),
        ([envelope(6)], [LOOK, NOT_READY]),
        ([envelope(6), envelope(3)], [LOOK, NOT_READY, START, NOT_READY]),
    ],
    ids=str,
)
async def test_agent_at_rest_is_never_ready(script: list[Answer], lines: list[str]) -> None:
    session, http = agent(*script)
    await session.rest()
    assert http.lines == lines


async def test_server_that_refuses_not_ready_is_told_of_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    session, http = agent(state("Ready"), envelope(3), state("LoggedOut"), envelope(0), envelope(3))
    await session.rest()
    await session.rest()
    assert http.lines == [LOOK, NOT_READY, LOOK, START, NOT_READY]
    assert [message.partition(":")[0] for message in caplog.messages] == ["CB406 NotReady was refused"] * 2


@pytest.mark.parametrize(
    "script",
    [[state("Ready"), DOWN], [state("LoggedOut"), envelope(0), DOWN], [envelope(6), *[envelope(3)] * 3]],
    ids=str,
)
async def test_rest_of_which_nobody_knows_is_an_error(script: list[Answer]) -> None:
    session, _ = agent(*script)
    with pytest.raises(WireError):
        await session.rest()
