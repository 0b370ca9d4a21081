import pytest

from chatbot.simulator.chats import NOBODY, Asker, Cause, Chat, ChatState, Leg
from chatbot.simulator.status import OperationError
from chatbot.simulator.transcript import Participant, Transcript, Visibility


def new_chat(*legs: Leg) -> Chat:
    chat = Chat("id", "uuid", "default", 0.0, Transcript())
    chat.participants.append(Participant("A" * 16, "Ana", "Customer"))
    chat.legs = {leg.username: leg for leg in legs}
    return chat


def talking(username: str, cause: Cause = Cause.QUEUE, visibility: Visibility = Visibility.ALL) -> Leg:
    return Leg(username, cause, visibility, state=ChatState.CHATTING)


@pytest.mark.parametrize(
    ("state", "is_live", "is_talking"),
    [
        (ChatState.INVITED, True, False),
        (ChatState.CHATTING, True, True),
        (ChatState.LEFT_CHAT, True, False),
        (ChatState.JOIN_FAILED, True, False),
        (ChatState.COMPLETED, False, False),
        (ChatState.REVOKED, False, False),
    ],
)
def test_which_states_are_live(state: ChatState, *, is_live: bool, is_talking: bool) -> None:
    leg = Leg("bot", state=state)
    assert (leg.is_live, leg.is_talking) == (is_live, is_talking)


def test_an_agent_sees_agents_lines_even_while_visible_to_all() -> None:
    assert [Leg("a", visibility=word).level for word in Visibility] == [1, 1, 2]


def test_only_the_asker_gets_the_number_of_a_request() -> None:
    assert Asker("bot", 7).reference_for("bot") == 7
    assert Asker("bot", 7).reference_for("eva") is None
    assert NOBODY.reference_for("bot") is None


def test_a_silent_supervisor_makes_no_conference() -> None:
    bot, monitor = talking("bot"), talking("sup", Cause.SUPERVISION, Visibility.SUPERVISORS)
    assert new_chat(bot, monitor).colleagues(bot) == []


def test_a_consultant_and_a_barged_in_supervisor_do() -> None:
    bot, boss = talking("bot"), talking("sup", Cause.SUPERVISION)
    eva = talking("eva", Cause.CONSULT, Visibility.AGENTS)
    assert new_chat(bot, boss, eva).colleagues(bot) == [boss, eva]


def test_a_chat_is_finished_when_the_customer_is_gone_and_nobody_has_it() -> None:
    bot = talking("bot")
    chat = new_chat(bot)
    assert not chat.is_over
    chat.participants.clear()
    assert (chat.is_over, chat.is_finished) == (True, False)
    bot.state = ChatState.COMPLETED
    assert chat.is_finished


def test_an_agent_outside_the_conversation_has_no_participant() -> None:
    with pytest.raises(OperationError) as caught:
        Leg("bot").present()
    assert caught.value.status == 2
