"""Shadow: what plugins do is shown instead of sent (``mode = "shadow"``)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chatbot.hooks.receipt import Receipt
from chatbot.hooks.run import HookRun
from chatbot.model.actions import Action
from chatbot.model.policy import FALLBACK

__all__ = ["Shadow", "describe"]

log = logging.getLogger(__name__)

# Names of places and people of the contact centre; all else may be a customer's.
_PLAIN = frozenset(
    {
        *("queue_name", "target_uri", "target_path", "nickname", "user_id", "chat_id"),
        *("disposition", "disposition_key", "keys", "message_type", "treat_as"),
    }
)


@dataclass(frozen=True, slots=True)
class Shadow:
    """Shows actions.

    Args:
        show: Called with each, in words for people.
        with_texts: Show texts and data as they are; they are a customer's.
    """

    show: Callable[[str], object] = log.info
    with_texts: bool = False

    def perform(self, bot: str, chat_id: str | None, action: Action, run: HookRun | None) -> Receipt:
        """Take it as accepted. What the bot does by itself is not shown: it is of no plugin."""
        if run is not None and run.plugin != FALLBACK:
            place = f"chat {chat_id}" if chat_id else "no chat"
            hook = run.hook.partition("+")[0]
            what = describe(action, with_texts=self.with_texts)
            self.show(f"shadow: [bots.{bot}] {run.plugin}.{hook} in {place}: {what}")
        else:
            log.debug("shadow: %s is not sent", action.operation)
        receipt = Receipt(action)
        receipt.is_shadow = True
        return receipt


def describe(action: Action, *, with_texts: bool) -> str:
    """The operation, for whom it is, and what it says.

    Args:
        action: The action.
        with_texts: Else texts are told by their length, and data by its keys.
    """
    said = action.model_dump(mode="json", exclude_none=True)
    fields = (f"{name}={_shown(name, value, with_texts=with_texts)}" for name, value in said.items())
    return " ".join([action.operation, *_for_whom(action), *fields])


def _for_whom(action: Action) -> list[str]:
    if action.customer_sees:
        return ["to the customer"]
    return ["to the agents"] if "Agents" in action.operation else []


def _shown(name: str, value: object, *, with_texts: bool) -> str:
    if with_texts or name in _PLAIN or isinstance(value, bool):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: …" for key in value) + "}"
    return f"<{len(str(value))} characters>"
