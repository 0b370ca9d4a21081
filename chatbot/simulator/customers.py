"""The customer side of a chat: what a visitor of the website does and sees.

Reference section 10.2. Customers have ids, indexes and participant numbers of their own.
"""

from dataclasses import replace
from typing import Unpack

from chatbot.simulator import presence
from chatbot.simulator.agents import DEFAULT_QUEUE
from chatbot.simulator.chats import CUSTOMER_LEVEL, Chat
from chatbot.simulator.payloads import Json
from chatbot.simulator.routing import Router
from chatbot.simulator.scene import Scene
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.transcript import Content, Line, Participant, Visibility

CAPABILITIES = ("SendMessage", "SendStartTypingNotification", "SendStopTypingNotification", "Complete")
WAITING, CHATTING, IDLE = "WaitingForAgent", "Chatting", "Idle"


class Customers:
    """Acts and looks for customers.

    Args:
        scene: The shared state.
        router: Gets the new chats.
    """

    def __init__(self, scene: Scene, router: Router) -> None:
        self._scene = scene
        self._router = router

    def request(self, nickname: str, subject: str, endpoint: str, user_data: Json) -> Chat:
        """Start a chat: it waits in the queue that the endpoint names (10.3)."""
        data = dict(user_data) | ({"Subject": subject} if subject else {})
        chat = self._scene.new_chat(endpoint or DEFAULT_QUEUE, data)
        customer = self._scene.new_participant(nickname, "Customer")
        chat.participants.append(customer)
        self._scene.note(chat, "ParticipantJoined", customer, Visibility.ALL)
        self._router.enqueue(chat, chat.queue)
        return chat

    def says(self, chat: Chat, text: str) -> None:
        """Say something; allowed while waiting, too (10.2)."""
        self._say(chat, "Text", text=text)

    def types(self, chat: Chat, preview: str | None) -> None:
        """Start typing, with the preview text that some servers pass on (8.1)."""
        self._say(chat, "TypingStarted", text=preview)

    def stops_typing(self, chat: Chat) -> None:
        """Stop typing."""
        self._say(chat, "TypingStopped")

    def pushes_url(self, chat: Chat, url: str) -> None:
        """Push an address, as some web chats do; the Customer Chat API has no operation for it."""
        self._say(chat, "PushUrl", url=url)

    def writes(self, chat: Chat, kind: str, **content: Unpack[Content]) -> None:
        """Write a line of any type, also of those that this platform does not make."""
        self._say(chat, kind, **content)

    def renames(self, chat: Chat, nickname: str) -> None:
        """Take another name: the line already has it (8.1)."""
        before = self._customer(chat)
        now = replace(before, nickname=nickname)
        chat.participants[chat.participants.index(before)] = now
        self._say(chat, "NicknameUpdated", notice_text=nickname)

    def tells_data(self, chat: Chat, user_data: Json) -> None:
        """Change user data from outside, as a web page or a routing strategy does."""
        chat.user_data.update(user_data)
        self._scene.notices.properties(chat)

    def leaves(self, chat: Chat) -> None:
        """End the chat; offers are taken back."""
        self._customer(chat)
        presence.customer_leaves(self._scene, chat)
        self._router.withdraw(chat)

    def expire(self) -> None:
        """Let those leave who polled once and have stopped polling (8.5)."""
        limit = self._scene.options.customer_idle_timeout
        latest = self._scene.clock() - limit
        for chat in list(self._scene.active):
            is_silent = chat.polled_at is not None and chat.polled_at <= latest
            if limit > 0 and is_silent and not chat.is_over:
                self.leaves(chat)

    def resource(self, chat: Chat) -> Json:
        """Return the chat as customers see it (10.2)."""
        state = self._state(chat)
        return {
            "id": chat.customer_id,
            "state": state,
            "capabilities": [] if state == IDLE else list(CAPABILITIES),
            "participants": [self._participant(chat, who) for who in reversed(_shown(chat))],
        }

    def messages(self, chat: Chat, index: int | None = None) -> list[Json]:
        """Return the lines from an index on, or those not delivered yet (10.2)."""
        lines = self._lines(chat)
        start = chat.delivered if index is None else max(index, 1) - 1
        if index is None or self._scene.options.index_moves_delivery:
            chat.delivered = len(lines)
        return [self._line(chat, number, line) for number, line in enumerate(lines, 1) if number > start]

    def _say(self, chat: Chat, kind: str, **content: Unpack[Content]) -> None:
        self._scene.say(chat, kind, self._customer(chat), Visibility.ALL, **content)

    def _customer(self, chat: Chat) -> Participant:
        if chat.customer is None:
            raise OperationError(Status.BAD_STATE, "The chat is over")
        return chat.customer

    def _state(self, chat: Chat) -> str:
        if chat.is_over:
            return IDLE
        talking = [leg for leg in chat.talking_legs() if leg.visibility is Visibility.ALL]
        return CHATTING if talking else WAITING

    def _lines(self, chat: Chat) -> list[Line]:
        allowed = self._scene.options.customer_line_types
        lines = chat.transcript.seen_at(CUSTOMER_LEVEL)
        return [line for line in lines if allowed is None or line.type in allowed]

    def _line(self, chat: Chat, number: int, line: Line) -> Json:
        content: Json = {
            "text": line.content.get("text"),
            "url": line.content.get("url"),
            "noticeText": line.content.get("notice_text"),
        }
        printed = {name: value for name, value in content.items() if value is not None}
        who = self._participant(chat, line.sender)
        return {"index": number, "type": line.type, "from": who, **printed}

    def _participant(self, chat: Chat, who: Participant) -> Json:
        """Participants are numbered in the order in which the customer got to see them (10.2)."""
        seen = list(dict.fromkeys(line.sender.id for line in chat.transcript.seen_at(CUSTOMER_LEVEL)))
        return {"nickname": who.nickname, "participantId": str(seen.index(who.id) + 1), "type": who.type}


def _shown(chat: Chat) -> list[Participant]:
    return [who for who in chat.participants if who.visibility is Visibility.ALL]
