import pytest

from chatbot import Accepted, Participant, Receipt, Unconfirmed
from chatbot.hooks.handoff import Destination, Handoff, destinations
from chatbot.model.actions import Action, Invite, SendToAgents, UpdateUserData
from chatbot.model.config_care import HandoffSettings
from chatbot.model.words import ParticipantType
from tests.hooks.stage import Stage

SETTINGS = HandoffSettings(queue="Support", second_queue="Night")


@pytest.mark.parametrize(
    ("settings", "target", "queue", "found"),
    [
        (SETTINGS, None, None, [Destination(queue="Support"), Destination(queue="Night")]),
        (SETTINGS, "agent:helena", None, [Destination("agent:helena"), Destination(queue="Night")]),
        (HandoffSettings(), None, "Sales", [Destination(queue="Sales")]),
        (HandoffSettings(second_target="agent:otto"), None, None, [Destination("agent:otto")]),
    ],
)
def test_the_plugin_says_where_to_or_bots_toml_and_a_second_choice_comes_after(
    settings: HandoffSettings, target: str | None, queue: str | None, found: list[Destination]
) -> None:
    assert destinations(settings, target, queue) == found


def test_nowhere_or_two_places_at_once_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"target= or queue=, or target or queue in \[bots.NAME.handoff\]"):
        destinations(HandoffSettings(), None, None)
    with pytest.raises(ValueError, match="not both"):
        destinations(SETTINGS, "agent:helena", "Sales")


async def test_a_note_that_the_agents_may_have_read_is_not_repeated() -> None:
    helena = Participant(nickname="Helena", type=ParticipantType.AGENT, participant_id="3")
    view, tried = Stage(capabilities=("Invite", "SendToAgents")).view, list[type[Action]]()

    async def perform(action: Action) -> Receipt:
        tried.append(type(action))
        if isinstance(action, SendToAgents):
            raise Unconfirmed("no answer", action="SendToAgents")
        view.human = helena if isinstance(action, Invite) else None
        return Receipt(action)

    handoff = Handoff(view, perform, None, "A refund.", {}, wait_s=5.0)
    assert await handoff.to([Destination("agent:helena")]) == Accepted(helena)
    assert tried == [UpdateUserData, SendToAgents, Invite]
