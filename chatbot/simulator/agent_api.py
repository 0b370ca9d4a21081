"""The agent side over HTTP: which address does what.

Reference sections 2 to 6. Each row of the two tables is one address; the rest is the common way in and out.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatbot.simulator.agent_reads import AgentReads
from chatbot.simulator.door import Door
from chatbot.simulator.envelope import answer, parse_object, refusal
from chatbot.simulator.http_sessions import DeniedError
from chatbot.simulator.payloads import Json
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.world import World

BASE = "/api/v2"
EMPTY_LISTS = ("calls", "emails", "openmedia", "outbound", "workitems", "workbins", "smssessions")
CHAT_FEATURE = "api-multimedia"
CHAT_LIST_FEATURE = "api-multimedia-chat"

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Visit:
    """One admitted request."""

    username: str
    session_id: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    def object(self) -> Json:
        """Return the body as a JSON object, else refuse."""
        return parse_object(self.body)


Handler = Callable[[Visit], Json]


class AgentApi:
    """The routes of the agent side.

    Args:
        world: What they act on.
        door: Admission.
        log_out: Ends an HTTP session by its id, after EndContactCenterSession.
    """

    def __init__(self, world: World, door: Door, log_out: Callable[[str], None]) -> None:
        self._world = world
        self._door = door
        self._log_out = log_out
        self._reads = AgentReads(world)

    def routes(self) -> list[Route]:
        """Return all routes; the address of the chat resource without /me is shared with customers."""
        reads = [Route(f"{BASE}{path}", self._guarded(do), methods=["GET"]) for path, do in self._gets()]
        writes = [Route(f"{BASE}{path}", self._guarded(do), methods=["POST"]) for path, do in self._posts()]
        return [*reads, *writes]

    def own_chat(self) -> Endpoint:
        """Return the endpoint of `/chats/{id}` for agents (9.2: the sample of Consult lacks /me)."""
        return self._guarded(self._chat_by_uri)

    def _gets(self) -> list[tuple[str, Handler]]:
        read = self._reads
        return [
            ("/me", lambda visit: read.me(visit.username, visit.query)),
            ("/me/chats", self._needs_feature(lambda visit: read.chats(visit.username, visit.query))),
            ("/me/chats/{id}", self._needs_feature(self._read_chat)),
            ("/me/chats/{id}/messages", self._needs_feature(self._messages)),
            ("/me/channels", lambda visit: read.channels(visit.username, visit.query)),
            ("/me/channels/{channel}", lambda visit: read.channel(visit.username, visit.params["channel"])),
            ("/me/devices", lambda visit: read.devices(visit.username, visit.query)),
            *((f"/me/{name}", _always_empty(read, name)) for name in EMPTY_LISTS),
            ("/users", lambda visit: read.users(visit.query)),
            ("/users/{user}", lambda visit: read.user(visit.params["user"], visit.query)),
            ("/contacts", lambda visit: read.contacts(visit.query)),
            ("/queues", lambda visit: read.queues(visit.query)),
            ("/features", lambda _: read.features()),
            ("/system/features", lambda _: read.features()),
            ("/settings", lambda _: read.settings()),
            ("/settings/agent-states", lambda _: read.agent_states()),
            ("/settings/dispositions", lambda _: read.dispositions()),
            ("/diagnostics/version", lambda _: read.version()),
        ]

    def _posts(self) -> list[tuple[str, Handler]]:
        return [
            ("/me", self._operate),
            ("/me/channels/{channel}", self._operate_channel),
            ("/me/chats/{id}", self._perform),
            ("/users/{user}/channels/chat", self._operate_user),
            ("/users/{user}/chats/{id}", self._intrude),
        ]

    def _guarded(self, do: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                session = self._door.admit(request)
            except DeniedError as error:
                return self._door.denied(error)
            query = dict(request.query_params)
            visit = Visit(session.username, session.id, request.path_params, query, await request.body())
            return self._door.dress(self._answer(do, visit), request, session)

        return endpoint

    def _answer(self, do: Handler, visit: Visit) -> Response:
        try:
            return answer(self._world.options, do(visit))
        except OperationError as error:
            return refusal(self._world.options, error)

    def _needs_feature(self, do: Handler) -> Handler:
        """Refuse what belongs to a switched-off feature (2.5: 404 or an invalid operation)."""

        def checked(visit: Visit) -> Json:
            features = self._world.options.features
            if CHAT_FEATURE not in features and CHAT_LIST_FEATURE not in features:
                raise OperationError(Status.FORBIDDEN, "The feature is not enabled")
            return do(visit)

        return checked

    def _read_chat(self, visit: Visit) -> Json:
        return self._reads.chat(visit.username, visit.params["id"], visit.query)

    def _messages(self, visit: Visit) -> Json:
        return self._reads.messages(visit.username, visit.params["id"], visit.query)

    def _operate(self, visit: Visit) -> Json:
        body = visit.object()
        fields = self._world.operate(visit.username, body)
        if body["operationName"] == "EndContactCenterSession":
            self._log_out(visit.session_id)
        return fields

    def _operate_channel(self, visit: Visit) -> Json:
        return self._world.operate_channel(visit.username, visit.params["channel"], visit.object())

    def _perform(self, visit: Visit) -> Json:
        if CHAT_FEATURE not in self._world.options.features:
            raise OperationError(Status.FORBIDDEN, "The feature is not enabled")
        return self._world.perform(visit.username, visit.params["id"], visit.object())

    def _chat_by_uri(self, visit: Visit) -> Json:
        return self._perform(visit) if visit.body else self._read_chat(visit)

    def _operate_user(self, visit: Visit) -> Json:
        return self._world.operate_user(visit.username, visit.params["user"], visit.object())

    def _intrude(self, visit: Visit) -> Json:
        user, chat_id = visit.params["user"], visit.params["id"]
        return self._world.intrude(visit.username, user, chat_id, visit.object())


def _always_empty(read: AgentReads, name: str) -> Handler:
    return lambda visit: read.nothing(name, visit.query)
