import pytest

from chatbot.model import errors
from chatbot.model.errors import (
    ActionError,
    ChatbotError,
    ConnectionLost,
    NotAllowed,
    RateLimited,
    Refused,
    WireError,
)


def drawn() -> list[tuple[str, str]]:
    """Each error of the drawing at the top of the module, with the one it hangs on."""
    found, above = [], {0: "Exception"}
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip(" │├└─").split("(")[0].split(" ")[0]
        if hasattr(errors, name):
            depth = (len(line) - len(line.lstrip(" │├└─"))) // 4
            above[depth] = name
            found.append((name, above[depth - 1]))
    return found


def test_the_tree_is_as_it_is_drawn() -> None:
    names = dict(drawn())
    assert set(names) == set(errors.__all__)
    assert {name: getattr(errors, name).__base__.__name__ for name in names} == names


def test_one_except_clause_takes_them_all() -> None:
    assert all(issubclass(getattr(errors, name), ChatbotError) for name in errors.__all__)


def test_a_wire_error_says_whether_trying_again_may_help() -> None:
    plain, final, lost = WireError("x"), WireError("x", retryable=False, status=401), ConnectionLost("x")
    assert [(e.retryable, e.status) for e in (plain, final, lost)] == [
        (True, None),
        (False, 401),
        (True, None),
    ]
    assert (lost.sent, ConnectionLost("x", sent=False).sent) == (True, False)


def test_an_action_error_names_the_operation_and_the_status() -> None:
    error = Refused("no", action="SendMessage", status=2)
    assert (str(error), error.action, error.status) == ("CB330 no", "SendMessage", 2)
    limited = RateLimited("later", action="SendUrl", retry_after=3.0)
    assert (limited.action, limited.status, limited.retry_after) == ("SendUrl", 429, 3.0)


@pytest.mark.parametrize(("have", "shown"), [(("Accept", "Reject"), "Accept, Reject"), ((), "nothing")])
def test_not_allowed_says_what_is_missing_and_what_there_is(have: tuple[str, ...], shown: str) -> None:
    error = NotAllowed("SendUrl", needed="SendUrl", have=have, reason="the chat does not list SendUrl")
    assert str(error) == (
        f"CB310 SendUrl is not allowed: the chat does not list SendUrl (the chat allows {shown})"
    )
    assert isinstance(error, ActionError)
    assert (error.action, error.status, error.needed, error.have, error.reason) == (
        "SendUrl",
        None,
        "SendUrl",
        have,
        "the chat does not list SendUrl",
    )
