"""A compared chat as it is written and read."""

from datetime import UTC, datetime

import pytest

from chatbot.model.comparison import ComparedChat, ComparedTurn, PlannedAction

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def planned(action: str, **about: str) -> PlannedAction:
    return PlannedAction.model_validate(
        {"plugin": "faq", "hook": "on_text", "action": action, "seconds": 1} | about
    )


@pytest.mark.parametrize(
    ("action", "hands_over"),
    [
        (planned("Transfer"), True),
        (planned("Invite"), True),
        (planned("Complete", queue="Sales"), True),
        (planned("Complete"), False),
        (planned("Leave"), False),
        (planned("Transfer", held_back="CB311"), False),
    ],
)
def test_who_passes_a_chat_on(action: PlannedAction, *, hands_over: bool) -> None:
    assert action.hands_over is hands_over


def test_what_is_written_is_read_again_and_what_is_new_passed_over() -> None:
    chat = ComparedChat(bot="b", chat="c", began=NOW, turns=(ComparedTurn(kind="opening", at=NOW),))
    line = chat.model_dump_json(exclude_none=True)
    assert ComparedChat.model_validate_json(line) == chat
    assert ComparedChat.model_validate_json(line[:-1] + ', "later": 1}') == chat
