from typing import Any

import pytest

from chatbot.bot.identity import Identity
from chatbot.bot.presence import Colleagues, Presence
from chatbot.model.events import ParticipantRejoined
from chatbot.model.resources import Participant
from tests.bot.make import CUSTOMER, HELENA, NOW, ROBO, agent, joined, left, text

BARE_ROBO = agent("P-me", "Robo")
TWIN = agent("P-twin", "Robo")
BARE_HELENA = agent("P-helena", "Helena")


def presence(user_id: str | None = "U-me", *, knows: Participant | None = ROBO) -> Presence:
    identity = Identity(user_id, "Robo")
    if knows is not None:
        identity.learn([knows, CUSTOMER])
    return Presence(identity, Colleagues())


def test_the_bot_and_the_customer_are_no_human_agents() -> None:
    assert presence().human([ROBO, CUSTOMER], 1) is None


@pytest.mark.parametrize("who", [HELENA, agent("P-x", "Robo", "U-other"), agent("P-x")])
def test_another_agent_whom_the_customer_sees_is_one_whatever_the_name(who: Participant) -> None:
    assert presence().human([ROBO, who, CUSTOMER], 1) == who


@pytest.mark.parametrize("visibility", ["Agents", "Supervisors", "Secret"])
def test_who_is_not_seen_by_the_customer_does_not_talk_to_the_customer(visibility: str) -> None:
    found, hidden = presence(), agent("P-h", "Helena", "U-h", visibility)
    found.hear(joined(3, hidden), 1)
    assert found.human([ROBO, hidden, CUSTOMER], 1) is None


def test_a_line_tells_of_it_before_the_list_does_and_a_later_one_of_the_end() -> None:
    found = presence()
    found.hear(joined(3, HELENA), 1)
    assert found.human([ROBO, CUSTOMER], 1) == HELENA
    found.hear(left(5, HELENA), 1)
    assert found.human([ROBO, CUSTOMER], 1) is None
    assert found.human([ROBO, CUSTOMER, HELENA], 1) is None  # a list from before she left
    assert found.human([ROBO, CUSTOMER, HELENA], 2) == HELENA


def test_the_latest_line_counts_in_whatever_order_they_come() -> None:
    found = presence()
    found.hear(left(5, HELENA), 1)
    found.hear(joined(3, HELENA), 1)
    assert found.human([], 1) is None
    found.hear(ParticipantRejoined(received_at=NOW, index=8, sender=HELENA), 1)
    assert found.human([], 1) == HELENA


def test_a_lost_last_line_is_made_good_for_by_the_list_but_not_by_one_on_its_way() -> None:
    found = presence()
    found.hear(joined(3, HELENA), 4)
    assert [found.human([ROBO, CUSTOMER], views) for views in (5, 6, 7)] == [HELENA, HELENA, None]
    # where there is no list only lines can tell
    assert found.human([], 99) == HELENA


def test_who_only_said_something_is_there_unless_the_list_says_otherwise() -> None:
    found = presence()
    found.hear(text(3, who=HELENA), 1)
    assert (found.human([], 1), found.human([ROBO, CUSTOMER], 1)) == (HELENA, None)
    found.hear(joined(4, HELENA), 1)
    found.hear(text(5, who=HELENA), 1)
    assert found.human([ROBO, CUSTOMER], 1) == HELENA


def test_what_lost_lines_had_told_is_forgotten() -> None:
    found = presence()
    found.hear(joined(3, HELENA), 1)
    found.rewind(2)
    assert found.human([ROBO, CUSTOMER], 1) is None


def test_without_user_ids_the_bot_under_a_new_id_is_no_human() -> None:
    found = presence(None, knows=BARE_ROBO)
    found.hear(joined(3, BARE_ROBO), 1)
    found.hear(joined(7, TWIN), 1)
    assert found.human([], 1) is None
    assert found.human([TWIN, CUSTOMER], 1) is None


def test_a_namesake_beside_the_bot_is_one() -> None:
    assert presence(None, knows=BARE_ROBO).human([BARE_ROBO, TWIN, CUSTOMER], 1) == TWIN


def test_where_nobody_knows_which_of_two_is_the_bot_one_is_a_human() -> None:
    found = Presence(Identity(None, None), Colleagues())
    assert found.human([BARE_ROBO, CUSTOMER], 1) is None
    assert found.human([BARE_ROBO, BARE_HELENA, CUSTOMER], 1) is not None


def test_other_bots_of_the_service_are_no_humans() -> None:
    colleagues = Colleagues()
    mine, other = Identity("U-me", "Robo"), Identity(None, "Night")
    mine.learn([ROBO])
    found = Presence(mine, colleagues)
    by_user, by_id = agent("P-1", "Day", "U-day"), agent("P-2", "Night")
    assert [found.human([ROBO, one], 1) for one in (by_user, by_id)] == [by_user, by_id]
    colleagues.know("U-day")
    colleagues.know(None)
    colleagues.meet(other)
    other.learn([by_id])
    assert [found.human([ROBO, one], 1) for one in (by_user, by_id)] == [None, None]
    # the same id under another name is somebody else
    assert found.human([ROBO, agent("P-2", "Helena")], 1) is not None


@pytest.mark.parametrize("line", [text(3), joined(3, CUSTOMER), left(3, agent("", "Nobody"))])
def test_other_lines_tell_nothing(line: Any) -> None:
    found = presence()
    found.hear(line, 1)
    assert found.human([], 1) is None


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("me", [agent("", "Robo"), agent("", "Robo", "U-me")])
def test_who_has_no_participant_id_is_not_overlooked(me: Participant, order: int) -> None:
    user_id = me.user_id and "U-me"
    other = agent("", "Helena", user_id and "U-helena")
    found = presence(user_id, knows=me)
    assert found.human([me, CUSTOMER], 1) is None
    assert found.human([me, other, CUSTOMER][::order], 1) == other


def test_without_ids_and_names_one_of_two_is_a_human() -> None:
    found = Presence(Identity(None, None), Colleagues())
    assert found.human([agent(""), CUSTOMER], 1) is None
    assert found.human([agent(""), agent(""), CUSTOMER], 1) is not None


def test_lines_that_tell_the_user_only_tell_who_comes_and_goes() -> None:
    found, her = presence(), agent("", "Helena", "U-helena")
    found.hear(joined(3, her), 1)
    assert found.human([], 1) == her
    found.hear(left(4, her), 1)
    assert found.human([], 1) is None


def test_who_is_told_of_to_agents_only_is_not_seen_by_the_customer() -> None:
    found, her = presence(), Participant(nickname="Helena", type="Agent", participant_id="P-h")
    found.hear(joined(3, her).model_copy(update={"visibility": "Agents"}), 1)
    assert found.human([], 1) is None
    found.hear(joined(4, her), 1)
    assert found.human([], 1) == her.model_copy(update={"visibility": "All"})
    found.hear(text(5, who=her, visibility="Agents"), 1)  # a note
    assert found.human([], 1) is not None


def test_a_note_to_agents_is_no_sign_of_somebody_whom_the_customer_sees() -> None:
    found = presence()
    found.hear(text(3, who=HELENA, visibility="Agents"), 1)
    assert found.human([], 1) is None


def test_without_a_list_who_came_again_under_another_id_and_left_has_left() -> None:
    found, again = presence(), agent("P-h2", "Helena", "U-helena")
    found.hear(joined(3, HELENA), 1)
    found.hear(joined(5, again), 1)
    assert found.human([], 1) == again
    found.hear(left(7, again), 1)
    assert found.human([], 1) is None


def test_who_is_not_seen_in_shadow_stands_in_for_those_who_are() -> None:
    hidden = agent("P-me", "Robo", "U-me", "Supervisors")
    identity = Identity("U-me", "Robo")
    identity.learn([hidden, HELENA, CUSTOMER])
    live, shadow = Presence(identity, Colleagues()), Presence(identity, Colleagues(), in_shadow=True)
    assert (live.is_watching, live.human([hidden, HELENA, CUSTOMER], 1)) == (False, HELENA)
    assert (shadow.is_watching, shadow.human([hidden, HELENA, CUSTOMER], 1)) == (True, None)
