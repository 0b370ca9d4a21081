"""Operations that write into the transcript, and those that change data of a chat.

Reference section 6.1. Each function is one row of its table.
"""

from dataclasses import replace
from typing import Unpack

from chatbot.simulator import presence
from chatbot.simulator.request import Request
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.transcript import Content, Visibility

TREATMENTS = ("Normal", "System")
DEFAULT_DISPOSITION_KEY = "DispositionCode"


def send_message(request: Request) -> None:
    """SendMessage: a Text visible to all, echoed to its writer (ChatSend)."""
    request.given.text("text")
    _to_customer(request)
    say_text(request, Visibility.ALL)


def send_to_agents(request: Request) -> None:
    """SendToAgents: a Text that the customer never sees (ChatSendToAgents)."""
    request.given.text("text")
    say_text(request, Visibility.AGENTS)


def say_text(request: Request, visibility: Visibility) -> None:
    """Write the text group of a request, if it has a text (6.1)."""
    text = request.given.optional_text("text")
    kind = request.given.optional_text("messageType")
    treat_as = request.given.choice("treatAs", TREATMENTS)
    if text:
        line_type = request.scene.options.system_text_type if treat_as == "System" else "Text"
        _say(request, line_type, visibility, text=text, message_type=kind)


def farewell(request: Request) -> None:
    """Write the text group that Leave, Transfer, Complete and others may carry (6.1)."""
    if request.leg.participant is not None:
        say_text(request, request.leg.visibility)


def send_url(request: Request) -> None:
    """SendUrl: PushUrl (ChatSendURL)."""
    url = request.given.text("url")
    _to_customer(request)
    _say(request, "PushUrl", Visibility.ALL, url=url)


def start_typing(request: Request) -> None:
    """SendStartTypingNotification; a text is the preview of a 2017 draft (6.1)."""
    _to_customer(request)
    _say(request, "TypingStarted", Visibility.ALL, text=request.given.optional_text("text"))


def stop_typing(request: Request) -> None:
    """SendStopTypingNotification."""
    _to_customer(request)
    _say(request, "TypingStopped", Visibility.ALL)


def start_typing_to_agents(request: Request) -> None:
    """SendStartTypingToAgentsNotification."""
    _say(request, "TypingStarted", Visibility.AGENTS)


def stop_typing_to_agents(request: Request) -> None:
    """SendStopTypingToAgentsNotification, under both printed names (6.1)."""
    _say(request, "TypingStopped", Visibility.AGENTS)


def custom_notice(request: Request) -> None:
    """SendCustomNotice."""
    text = request.given.text("noticeText")
    _to_customer(request)
    _say(request, "CustomNotice", Visibility.ALL, notice_text=text)


def custom_notice_to_agents(request: Request) -> None:
    """SendCustomNoticeToAgents."""
    _say(request, "CustomNotice", Visibility.AGENTS, notice_text=request.given.text("noticeText"))


def rename(request: Request) -> None:
    """SendNicknameUpdatedNotice: the sender already has the new name in the line (8.1)."""
    nickname = request.given.text("noticeText")
    presence.change(request.chat, request.leg, replace(request.leg.present(), nickname=nickname))
    request.leg.nickname = nickname
    _say(request, "NicknameUpdated", request.leg.visibility, notice_text=nickname)


def merge_user_data(request: Request) -> None:
    """AttachUserData and UpdateUserData: the given keys get the given values."""
    request.chat.user_data.update(request.given.data("userData"))
    request.scene.notices.properties(request.chat, request.asker)


def delete_user_data(request: Request) -> None:
    """DeleteUserData: unknown keys do not matter."""
    for key in request.given.words("keys"):
        request.chat.user_data.pop(key, None)
    request.scene.notices.properties(request.chat, request.asker)


def set_disposition(request: Request) -> None:
    """SetDisposition: it lives in the user data under its key (5.2)."""
    key = request.given.optional_text("dispositionKey") or DEFAULT_DISPOSITION_KEY
    request.chat.user_data[key] = request.given.text("disposition")
    request.scene.notices.properties(request.chat, request.asker)


def add_comment(request: Request) -> None:
    """AddComment: arrives as `chat.comment`."""
    request.chat.comment = request.given.text("comment")
    request.scene.notices.properties(request.chat, request.asker)


def set_in_focus(request: Request) -> None:
    """SetInFocus: a mere hint of the desktop; nothing follows that is documented (6.3)."""


def _to_customer(request: Request) -> None:
    """Refuse what nobody would hear or what this agent may not say to the customer."""
    if request.chat.is_over:
        raise OperationError(Status.BAD_STATE, "The customer has left the chat")
    if request.leg.visibility is not Visibility.ALL:
        raise OperationError(Status.FORBIDDEN, "The agent is not visible to the customer")


def _say(request: Request, kind: str, visibility: Visibility, **content: Unpack[Content]) -> None:
    request.scene.say(request.chat, kind, request.leg.present(), visibility, **content)
