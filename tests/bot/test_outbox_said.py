"""How many texts the customer was sent, whatever the server shows of them."""

import pytest

from chatbot.model.actions import Action, SendMessage, SendToAgents, Transfer
from tests.bot.test_outbox import Box


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (SendMessage(text="hi"), 1),
        (Transfer(queue_name="q", text="bye"), 1),
        (Transfer(queue_name="q"), 0),
        (SendToAgents(text="a note"), 0),
    ],
)
async def test_a_text_for_the_customer_counts_once_it_is_accepted(action: Action, said: int) -> None:
    box = Box()
    operation = box.sent(action)
    assert box.outbox.endings.texts == 0
    box.outbox.accepted(operation, None, 0.0)
    assert (box.outbox.endings.texts, operation.record().said) == (said, bool(said))
    # servers need not show the bot its own lines
    box.outbox.abandon(operation, "never seen")
    assert (box.outbox.endings.texts, operation.record().said) == (said, bool(said))


async def test_a_text_that_nobody_answered_or_that_failed_does_not_count() -> None:
    box = Box()
    lost, failed = box.sent(SendMessage(text="one")), box.sent(SendMessage(text="two"))
    box.outbox.unknown(lost)
    box.outbox.abandon(lost, "never seen")
    box.outbox.accepted(failed, "ref", 0.0)
    box.outbox.failed("ref", "no")
    assert box.outbox.endings.texts == 0


async def test_what_an_earlier_run_has_said_counts_on() -> None:
    earlier = Box()
    operations = [earlier.sent(SendMessage(text=words)) for words in ("one", "two", "three")]
    earlier.outbox.accepted(operations[0], None, 0.0)
    earlier.outbox.confirm(operations[1])
    later = Box()
    later.outbox.restore([operation.record() for operation in operations])
    assert later.outbox.endings.texts == 2
    for operation in later.outbox.open:
        later.outbox.confirm(operation)
    assert later.outbox.endings.texts == 3
