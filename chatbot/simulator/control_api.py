"""A small API for drivers outside the process: look at the world, move humans and customers, break things.

Not part of the platform; everything is under `/simulator`.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chatbot.simulator.agents import Agent
from chatbot.simulator.chats import Chat
from chatbot.simulator.envelope import answer, parse_object, refusal
from chatbot.simulator.named_faults import NAMED_FAULTS, Target, how_of, strike
from chatbot.simulator.payloads import Json
from chatbot.simulator.request import Parameters
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.transcript import Visibility
from chatbot.simulator.world import World

BASE = "/simulator"

Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Request, Parameters], None]


class ControlApi:
    """The routes of the control API.

    Args:
        world: What they look at and act on.
        target: Connections to break, and rules to add to.
    """

    def __init__(self, world: World, target: Target) -> None:
        self._world = world
        self._target = target

    def routes(self) -> list[Route]:
        """Return all routes."""
        posts: list[tuple[str, Handler]] = [
            ("/humans", self._add_human),
            ("/chats/{id}/join", self._join),
            ("/chats/{id}/say", self._say),
            ("/chats/{id}/type", self._type),
            ("/chats/{id}/leave", self._leave),
            ("/chats/{id}/push-url", self._push_url),
            ("/chats/{id}/rename", self._rename),
            ("/chats/{id}/user-data", self._user_data),
            ("/drop-clients", self._drop_clients),
            ("/end-sessions", self._end_sessions),
            ("/faults", self._add_fault),
        ]
        return [
            Route(f"{BASE}/state", self._state, methods=["GET"]),
            Route(f"{BASE}/queues", self._queues, methods=["GET"]),
            Route(f"{BASE}/faults", self._faults, methods=["GET"]),
            Route(f"{BASE}/faults", self._clear_faults, methods=["DELETE"]),
            *(Route(f"{BASE}{path}", self._post(do), methods=["POST"]) for path, do in posts),
        ]

    async def _state(self, _: Request) -> Response:
        agents = [_agent(agent) for agent in self._world.agents]
        chats = [self._chat(chat) for chat in self._world.chats()]
        return JSONResponse({"agents": agents, "chats": chats})

    async def _queues(self, _: Request) -> Response:
        return JSONResponse({"queues": self._world.agents.queues()})

    async def _faults(self, _: Request) -> Response:
        sentences = {name: row.sentence for name, row in NAMED_FAULTS.items()}
        return JSONResponse({"faults": sentences, "rules": len(self._target.faults)})

    async def _clear_faults(self, _: Request) -> Response:
        self._target.faults.clear()
        return answer(self._world.options, {})

    def _post(self, do: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                body = await request.body()
                do(request, Parameters(parse_object(body) if body else {}))
            except OperationError as error:
                return refusal(self._world.options, error)
            return answer(self._world.options, {})

        return endpoint

    def _add_human(self, _: Request, given: Parameters) -> None:
        self._world.add_agent(
            given.text("username"),
            nickname=given.optional_text("nickname"),
            human=True,
            queues=tuple(given.words("queues")) if given.body.get("queues") else ("default",),
            auto_answer=given.optional_text("autoAnswer"),
        )

    def _join(self, request: Request, given: Parameters) -> None:
        self._world.human_joins(request.path_params["id"], given.text("username"))

    def _say(self, request: Request, given: Parameters) -> None:
        visibility = given.choice("visibility", (Visibility.ALL, Visibility.AGENTS)) or Visibility.ALL
        chat_id, username = request.path_params["id"], given.text("username")
        self._world.human_says(chat_id, username, given.text("text"), visibility)

    def _leave(self, request: Request, given: Parameters) -> None:
        self._world.human_leaves(request.path_params["id"], given.text("username"))

    def _type(self, request: Request, given: Parameters) -> None:
        operation = "SendStopTypingNotification" if given.body.get("stops") else "SendStartTypingNotification"
        self._world.human_does(request.path_params["id"], given.text("username"), operation)

    def _push_url(self, request: Request, given: Parameters) -> None:
        self._world.customer_pushes_url(request.path_params["id"], given.text("url"))

    def _rename(self, request: Request, given: Parameters) -> None:
        self._world.customer_renames(request.path_params["id"], given.text("nickname"))

    def _user_data(self, request: Request, given: Parameters) -> None:
        self._world.customer_tells_data(request.path_params["id"], given.data("userData"))

    def _drop_clients(self, _: Request, given: Parameters) -> None:
        self._target.drop_clients(given.optional_text("username"))

    def _end_sessions(self, _: Request, given: Parameters) -> None:
        self._target.end_http_sessions(given.optional_text("username"))

    def _add_fault(self, _: Request, given: Parameters) -> None:
        told = {key: value for key, value in given.body.items() if key != "name"}
        try:
            strike(self._target, given.text("name"), **how_of(told))
        except ValueError as error:
            raise OperationError(Status.INVALID, str(error)) from None

    def _chat(self, chat: Chat) -> Json:
        lines = [self._world.payloads.line(line) for line in chat.transcript.lines]
        return {
            "id": chat.id,
            "customerId": chat.customer_id,
            "queue": chat.queue,
            "isWaiting": chat.is_waiting,
            "isOver": chat.is_over,
            "agents": {leg.username: leg.state.value for leg in chat.legs.values()},
            "userData": chat.user_data,
            "comment": chat.comment,
            "transcript": lines,
        }


def _agent(agent: Agent) -> Json:
    return {
        "username": agent.username,
        "nickname": agent.display_name,
        "id": agent.id,
        "human": agent.human,
        "hasSession": agent.has_session,
        "isReady": agent.is_ready,
        "state": agent.state,
        "queues": list(agent.queues),
    }
