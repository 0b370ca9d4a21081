"""The customer side over HTTP: the GWS Customer Chat API.

Reference section 10.2. No credentials; the contact centre is named by a header.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatbot.simulator.envelope import answer, parse_object, refusal
from chatbot.simulator.http_sessions import COOKIE
from chatbot.simulator.payloads import Json
from chatbot.simulator.reading import number
from chatbot.simulator.request import Parameters
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.world import World

CHATS = "/api/v2/chats"
HEADER = "ContactCenterId"

Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Request, bytes], Json]


class CustomerApi:
    """The routes of the customer side.

    Args:
        world: What they act on.
        agent_endpoint: Serves `/chats/{id}` for callers with credentials: agents share the address.
    """

    def __init__(self, world: World, agent_endpoint: Endpoint) -> None:
        self._world = world
        self._agent_endpoint = agent_endpoint

    def routes(self) -> list[Route]:
        """Return all routes; the collection with and without a trailing slash (10.2)."""
        return [
            Route(CHATS, self._open(self._request_chat), methods=["POST"]),
            Route(f"{CHATS}/", self._open(self._request_chat), methods=["POST"]),
            Route(f"{CHATS}/{{id}}", self._shared(self._open(self._get_chat)), methods=["GET"]),
            Route(f"{CHATS}/{{id}}", self._shared(self._open(self._operate)), methods=["POST"]),
            Route(f"{CHATS}/{{id}}/messages", self._open(self._get_messages), methods=["GET"]),
        ]

    def _shared(self, endpoint: Endpoint) -> Endpoint:
        async def shared(request: Request) -> Response:
            serve = self._agent_endpoint if _is_of_agent(request) else endpoint
            return await serve(request)

        return shared

    def _open(self, do: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                self._check_center(request)
                return answer(self._world.options, do(request, body))
            except OperationError as error:
                return refusal(self._world.options, error)

        return endpoint

    def _check_center(self, request: Request) -> None:
        """The header is compulsory on the real platform; what happens without it is UNK (10.2)."""
        given = request.headers.get(HEADER)
        known = self._world.options.contact_center_id
        if given is None and self._world.options.require_contact_center_id:
            raise OperationError(Status.MISSING, f"Header {HEADER} is missing")
        if known is not None and given not in (None, known):
            raise OperationError(Status.NOT_FOUND, "No such contact centre")

    def _request_chat(self, _: Request, body: bytes) -> Json:
        given = Parameters(parse_object(body))
        self._check_operation(given, "RequestChat")
        data = given.data("userData") if given.body.get("userData") is not None else {}
        chat_id = self._world.request_chat(
            given.text("nickname"),
            given.optional_text("subject") or "",
            given.optional_text("endpoint"),
            data,
        )
        self._world.customer_polled(chat_id)
        return {"id": chat_id, "path": f"{self._world.options.customer_path_prefix}{chat_id}"}

    def _get_chat(self, request: Request, _: bytes) -> Json:
        chat_id = self._chat_id(request)
        return {"chat": self._world.customer_chat(chat_id)}

    def _get_messages(self, request: Request, _: bytes) -> Json:
        chat_id = self._chat_id(request)
        index = number(request.query_params, "index", None)
        return {"messages": self._world.customer_messages(chat_id, index)}

    def _operate(self, request: Request, body: bytes) -> Json:
        chat_id = self._chat_id(request)
        given = Parameters(parse_object(body))
        match given.text("operationName"):
            case "SendMessage":
                self._world.customer_says(chat_id, given.text("text"))
            case "SendStartTypingNotification":
                self._world.customer_types(chat_id, given.optional_text("text"))
            case "SendStopTypingNotification":
                self._world.customer_stops_typing(chat_id)
            case "Complete":
                self._world.customer_leaves(chat_id)
            case name:
                raise OperationError(
                    self._world.options.unknown_operation_status, f"Unknown operation {name}"
                )
        return {}

    def _chat_id(self, request: Request) -> str:
        """Customers know the uuid only; the id of the agent side is nobody's business here."""
        chat_id = str(request.path_params["id"])
        if self._world.chat(chat_id).customer_id != chat_id:
            raise OperationError(Status.NOT_FOUND, f"No chat {chat_id}")
        self._world.customer_polled(chat_id)
        return chat_id

    def _check_operation(self, given: Parameters, expected: str) -> None:
        if given.text("operationName") != expected:
            raise OperationError(self._world.options.unknown_operation_status, "Unknown operation")


def _is_of_agent(request: Request) -> bool:
    """Customers send no credentials (10.2); a uuid is a customer's id even so."""
    is_uuid = "-" in request.path_params["id"]
    return "authorization" in request.headers or (COOKIE in request.cookies and not is_uuid)
