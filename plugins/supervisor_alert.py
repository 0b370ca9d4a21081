"""Alerts the agents in a chat when the customer says something that they should know of.

Settings::

    [bots.NAME.plugin.supervisor_alert]
    key = "SupervisorAlert"           # of the user data, where no agent is in the chat

    [[bots.NAME.plugin.supervisor_alert.alerts]]
    name = "legal"
    pattern = 'lawyer|sue you'        # a regular expression, whatever the case
    text = "The customer speaks of legal steps."    # default: "Alert: NAME"

Agents get the text as a line that only they see, if one is in the chat beside the bot. Else the name goes
into the user data, for whoever gets the chat; and if that is not possible either, into the log. Each alert
is given once in a chat. Nothing of this answers the customer: later plugins are asked.
"""

import logging
import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

from chatbot import ActionError, Chat, TextReceived, hookimpl

log = logging.getLogger("chatbot.plugins.supervisor_alert")

_GIVEN = "supervisor_alert.given"
# A pattern of bots.toml may be slow on a long text.
_LONGEST = 4000


class Alert(BaseModel):
    """What agents should know of."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    pattern: str = Field(min_length=1)
    text: str = ""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as exc:
            raise ValueError(f"not a regular expression: {exc}") from exc
        return value


class Settings(BaseModel):
    """What to look for."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field("SupervisorAlert", min_length=1)
    alerts: tuple[Alert, ...] = Field(
        min_length=1, examples=[[{"name": "threat", "pattern": "lawyer|sue you"}]]
    )

    @field_validator("alerts")
    @classmethod
    def _each_has_its_name(cls, value: tuple[Alert, ...]) -> tuple[Alert, ...]:
        names = [alert.name for alert in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two alerts are named {name!r}: each is given once, by its name")
        return value


@hookimpl
async def on_text(chat: Chat, event: TextReceived, settings: Settings) -> None:
    """Look for what customers should not have had to say."""
    if not event.sender.is_customer:
        return
    text = event.text[:_LONGEST]
    for alert in settings.alerts:
        given = chat.memory.get(_GIVEN, [])
        if alert.name not in given and re.search(alert.pattern, text, re.IGNORECASE):
            chat.memory[_GIVEN] = [*given, alert.name]
            await _give(chat, alert, settings.key)


async def _give(chat: Chat, alert: Alert, key: str) -> None:
    try:
        await chat.send_to_agents(alert.text or f"Alert: {alert.name}")
    except ActionError as error:
        log.debug("no agent is there to be alerted: %s", error)
        await _leave(chat, key)


async def _leave(chat: Chat, key: str) -> None:
    """All alerts of this chat so far, for whoever gets it."""
    names = ", ".join(chat.memory[_GIVEN])
    try:
        await chat.update_user_data({key: names})
    except ActionError as error:
        log.warning("chat %s: alerts reach nobody: %s (%s)", chat.id, names, error)
