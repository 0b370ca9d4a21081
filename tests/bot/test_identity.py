import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.bot.identity import Identity
from chatbot.model.events import ParticipantRejoined
from chatbot.model.resources import Participant
from tests.bot.make import CUSTOMER, HELENA, NOW, ROBO, agent, joined, text

BY_URI = agent("P-me").model_copy(update={"uri": "https://x/api/v2/users/U-me"})
# who is there, our user id, our nickname -> the participant id that is ours
FORMS: dict[str, tuple[list[Participant], str | None, str | None, str | None]] = {
    "by the user id": ([CUSTOMER, HELENA, ROBO], "U-me", None, "P-me"),
    "by the uri": ([HELENA, BY_URI], "U-me", None, "P-me"),
    "alone, without user ids": ([CUSTOMER, agent("P-me")], None, None, "P-me"),
    "alone, and the server tells no user of participants": ([CUSTOMER, agent("P-me")], "U-me", None, "P-me"),
    "by the nickname": ([agent("P-h", "Helena"), agent("P-me", "Robo")], None, "Robo", "P-me"),
    "the newest of a nickname": ([agent("P-1", "Robo"), agent("P-2", "Robo")], None, "Robo", "P-2"),
    "several, and no nickname": ([agent("P-1", "A"), agent("P-2", "B")], None, None, None),
    "nobody has a nickname": ([agent("P-1"), agent("P-2")], None, None, None),
    "another user, alone": ([CUSTOMER, HELENA], "U-me", None, None),
    "another user with our nickname": ([agent("P-1", "Robo", "U-other")], "U-me", "Robo", None),
    "one of two tells a user, not ours": ([agent("P-1", "Robo"), HELENA], "U-me", "Robo", None),
    "a customer with our nickname": ([CUSTOMER.model_copy(update={"nickname": "Robo"})], None, "Robo", None),
    "an agent without a participant id": ([agent("", "Robo")], None, "Robo", None),
    "nobody": ([], "U-me", "Robo", None),
}  # fmt: skip


@pytest.mark.parametrize(("people", "user", "nickname", "mine"), FORMS.values(), ids=FORMS)
def test_the_bot_finds_itself_among_the_participants(
    people: list[Participant], user: str | None, nickname: str | None, mine: str | None
) -> None:
    identity = Identity(user, nickname)
    identity.learn(people)
    assert (identity.me.participant_id if identity.me else None) == mine
    assert [p.participant_id for p in people if identity.is_me(p)] == ([mine] if mine else [])


def test_all_participant_ids_that_were_ever_its_own_are_kept() -> None:
    identity = Identity("U-me", None)
    identity.learn([ROBO])
    again = agent("P-me-2", "Robo", "U-me")
    identity.hear(ParticipantRejoined(received_at=NOW, index=5, sender=again))
    assert identity.me == again
    assert identity.is_me(agent("P-me"))
    assert identity.is_me(agent("P-me-2"))


def test_a_joining_without_a_participant_id_tells_who_the_bot_is_and_adds_no_id() -> None:
    identity = Identity("U-me", None)
    identity.hear(joined(1, agent("", "Robo", "U-me")))
    assert identity.me is not None
    assert not identity.is_me(agent(""))


def test_it_learns_nothing_from_the_joining_of_others_or_from_texts() -> None:
    identity = Identity("U-me", "Robo")
    identity.hear(joined(1, HELENA))
    identity.hear(joined(2, CUSTOMER))
    identity.hear(text(3, who=ROBO))
    assert identity.me is None
    unnamed = Identity(None, "Robo")
    unnamed.hear(joined(1, agent("P-1", "Robo")))
    assert unnamed.me is None


def test_once_it_is_known_nobody_else_is_guessed() -> None:
    identity = Identity(None, "Robo")
    identity.learn([agent("P-me", "Robo")])
    identity.learn([agent("P-h", "Helena")])
    identity.learn([agent("P-h", "Robo"), agent("P-i", "Robo")])
    assert not identity.is_me(agent("P-h"))


def test_after_a_failover_the_bot_is_the_only_one_with_its_nickname() -> None:
    identity = Identity(None, "Robo")
    identity.learn([agent("P-me", "Robo")])
    identity.learn([agent("P-h", "Helena"), agent("P-new", "Robo")])
    assert identity.is_me(agent("P-new"))
    assert identity.is_me(agent("P-me"))
    assert not identity.is_me(agent("P-h"))


def test_a_known_bot_is_recognised_under_another_id_only_by_its_nickname() -> None:
    identity = Identity(None, "Robo")
    identity.learn([agent("P-me", "Robo")])
    assert not identity.recognise(agent("P-h", "Helena"))
    assert identity.recognise(agent("P-new", "Robo"))
    assert identity.is_me(agent("P-new"))


RECOGNISED = {
    "an agent of whom nothing else is known": (agent("P-1"), True),
    "the bot by its user id": (ROBO, True),
    "another user": (HELENA, False),
    "a customer": (CUSTOMER, False),
    "somebody unknown": (Participant(participant_id="P-9"), False),
}


@pytest.mark.parametrize(("who", "is_me"), RECOGNISED.values(), ids=RECOGNISED)
def test_who_said_the_bots_words_is_the_bot_only_if_it_can_be(who: Participant, is_me: bool) -> None:  # noqa: FBT001
    identity = Identity("U-me", "Robo")
    assert identity.recognise(who) is is_me
    assert identity.is_me(who) is is_me


def test_a_bot_that_is_known_recognises_nobody_else() -> None:
    identity = Identity(None, None)
    identity.learn([agent("P-me")])
    assert not identity.recognise(agent("P-h"))


PEOPLE = st.builds(
    agent,
    st.sampled_from("abcd"),
    st.sampled_from(["", "Robo", "Helena"]),
    st.sampled_from(["U-me", "U-1", "U-2"]),
)


@given(st.lists(st.lists(PEOPLE, max_size=4), max_size=4))
def test_where_user_ids_tell_no_other_agent_is_taken_for_the_bot(views: list[list[Participant]]) -> None:
    identity = Identity("U-me", "Robo")
    for people in views:
        identity.learn(people)
        for person in people:
            identity.recognise(person)
    assert identity.me is None or identity.me.user_id == "U-me"


def test_who_was_there_before_the_bot_is_not_the_bot() -> None:
    identity = Identity(None, "Robo")
    identity.meet([CUSTOMER, agent("P-h", "Helena"), agent("", "Robo")])
    identity.learn([CUSTOMER, agent("P-h", "Helena")])
    assert identity.me is None
    identity.learn([agent("P-h", "Helena"), agent("P-me", "Someone")])
    assert identity.me == agent("P-me", "Someone")


def test_the_nickname_says_more_than_being_alone() -> None:
    identity = Identity(None, "Robo")
    identity.learn([agent("P-h", "Helena")])
    assert identity.recognise(agent("P-me", "Robo"))
    assert identity.me == agent("P-me", "Robo")
    assert not identity.may_be(agent("P-h2", "Helena"))


def test_a_human_with_the_nickname_of_the_bot_who_was_there_before_it_is_not_the_bot() -> None:
    identity = Identity(None, "Robo")
    identity.meet([agent("P-h", "Robo")])
    identity.learn([agent("P-me", "Robo"), agent("P-h", "Robo")])
    assert identity.me == agent("P-me", "Robo")
    assert not identity.may_be(agent("P-h", "Robo"))
    assert identity.may_be(agent("P-me-2", "Robo"))


def test_a_customer_under_an_id_that_was_once_the_bots_is_a_customer() -> None:
    identity = Identity(None, "Robo")
    identity.learn([agent("7", "Robo")])
    assert identity.is_me(agent("7"))
    assert not identity.is_me(CUSTOMER.model_copy(update={"participant_id": "7"}))


def test_who_says_the_same_under_another_nickname_is_somebody_else() -> None:
    identity = Identity(None, "Robo")
    assert not identity.recognise(agent("P-h", "Hugo"))
    assert identity.recognise(agent("P-me", ""))
    assert Identity(None, None).recognise(agent("P-me", "Hugo"))
