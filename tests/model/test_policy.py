import pytest

from chatbot.model import actions as do
from chatbot.model.policy import OnUnknown, is_fleeting, on_unknown

AGENT = "http://localhost/api/v2/users/u1"

EXPECTED: list[tuple[do.Action, OnUnknown]] = [
    (do.SendMessage(text="hello"), "verify"),
    (do.Transfer(queue_name="Sales"), "verify"),
    (do.Complete(), "verify"),
    (do.Leave(), "verify"),
    (do.Accept(), "verify"),
    (do.UpdateUserData(user_data={"a": "b"}), "resend"),
    (do.AddComment(comment="x"), "resend"),
    (do.Invite(target_uri=AGENT), "never_resend"),
    (do.Consult(target_uri=AGENT), "never_resend"),
    (do.SendStartTypingNotification(), "never_resend"),
]


@pytest.mark.parametrize(("action", "policy"), EXPECTED, ids=lambda value: getattr(value, "operation", value))
def test_what_is_done_when_nobody_knows(action: do.Action, policy: OnUnknown) -> None:
    assert on_unknown(action) == policy


def test_everything_that_ends_a_chat_is_verified_by_its_state() -> None:
    ending = [kind for kind in vars(do).values() if isinstance(kind, type) and getattr(kind, "ends", False)]
    assert len(ending) == 4
    assert {on_unknown(kind.model_construct()) for kind in ending} == {"verify"}


def test_an_operation_of_a_plugin_is_treated_like_the_one_it_is_a_kind_of() -> None:
    class Farewell(do.SendMessage):
        """Says good-bye."""

    class Dance(do.Action):
        """Not of the platform."""

        operation = "Dance"

    assert on_unknown(Farewell(text="bye")) == "verify"
    assert on_unknown(Dance()) == "never_resend"


def test_only_typing_is_fleeting() -> None:
    assert is_fleeting(do.SendStopTypingNotification())
    assert not is_fleeting(do.SendMessage(text="hello"))
    assert not is_fleeting(do.Transfer(queue_name="Sales"))
