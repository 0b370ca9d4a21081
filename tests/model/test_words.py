import copy
import pickle

import pytest

from chatbot.model.words import ChatState, LineType, OpenEnum, ParticipantType, Visibility

ENUMS = [ChatState, ParticipantType, Visibility, LineType]


def test_the_known_words_are_those_of_the_reference() -> None:
    assert {enum.__name__: [str(word) for word in enum] for enum in ENUMS} == {
        "ChatState": ["Invited", "Chatting", "Accepted", "LeftChat", "JoinFailed", "Completed", "Revoked"],
        "ParticipantType": ["Agent", "Customer", "External", ""],
        "Visibility": ["All", "Agents", "Supervisors"],
        "LineType": [
            "Text",
            "ParticipantJoined",
            "ParticipantLeft",
            "ParticipantRejoined",
            "TypingStarted",
            "TypingStopped",
            "PushUrl",
            "Notice",
            "CustomNotice",
            "NicknameUpdated",
            "TranscriptSaveDone",
        ],
    }


@pytest.mark.parametrize("enum", ENUMS)
def test_a_word_we_have_not_met_is_a_value(enum: type[OpenEnum]) -> None:
    word = enum("Dreaming")
    assert (str(word), word.name, word.value, f"{word}") == ("Dreaming",) * 4
    assert isinstance(word, enum)
    assert word == "Dreaming"
    assert word == enum("Dreaming")
    assert hash(word) == hash("Dreaming")


@pytest.mark.parametrize("enum", ENUMS)
def test_an_unknown_word_does_not_join_the_known_ones(enum: type[OpenEnum]) -> None:
    known = list(enum)
    enum("Dreaming")
    assert list(enum) == known


@pytest.mark.parametrize("word", [" Chatting", "Chatting ", "\tChatting\n"])
def test_space_round_a_word_is_dropped(word: str) -> None:
    assert ChatState(word) is ChatState.CHATTING
    assert str(ChatState(" Talking")) == "Talking"


@pytest.mark.parametrize("value", [None, 5, True, [], {}])
def test_only_words_are_taken(value: object) -> None:
    with pytest.raises(ValueError, match="not a valid ChatState"):
        ChatState(value)


def test_an_unknown_word_survives_copies() -> None:
    word = ChatState("Dreaming")
    assert copy.deepcopy(word) == word
    assert pickle.loads(pickle.dumps(word)) == word


def test_a_state_says_whether_the_agent_is_in_the_chat_and_whether_it_is_over() -> None:
    states = [*ChatState, ChatState("Dreaming"), ChatState("")]
    assert [state for state in states if state.is_live] == ["Chatting", "Accepted"]
    assert [state for state in states if state.is_final] == ["Completed", "Revoked"]


@pytest.mark.parametrize("word", ["ALL", "all", " All "])
def test_a_known_word_is_known_in_any_case(word: str) -> None:
    assert Visibility(word) is Visibility.ALL
    assert ParticipantType("AGENT") is ParticipantType.AGENT


def test_who_is_seen_by_nobody_in_particular_is_seen_by_all() -> None:
    assert Visibility("") is Visibility(" ") is Visibility.ALL
    assert str(ChatState("")) == ""
