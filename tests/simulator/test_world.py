import ast
import gc
import pathlib

import pytest

import chatbot.simulator
from chatbot.simulator.status import OperationError
from chatbot.simulator.world import World
from tests.simulator.stage import Clock, Stage

PACKAGE = "chatbot.simulator"
IMPURE = {"asyncio", "httpx", "starlette", "uvicorn", "random", "time", "secrets", "threading"}


def imports_of(module: str) -> set[str]:
    folder = pathlib.Path(chatbot.simulator.__file__).parent
    text = (folder / f"{module}.py").read_text()
    gc.disable()  # Python 3.11 loses count when garbage is collected while it builds a tree
    try:
        tree = ast.parse(text)
    finally:
        gc.enable()
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules = {
        f"chatbot.simulator.{name.name}" for node in froms if node.module == PACKAGE for name in node.names
    }
    return plain | modules | {node.module or "" for node in froms if node.module != PACKAGE}


def test_the_world_and_all_it_is_made_of_are_pure() -> None:
    seen: set[str] = set()
    todo = {"world", "bayeux_server", "http_sessions"}
    while todo:
        module = todo.pop()
        seen.add(module)
        imported = imports_of(module)
        assert not {name.partition(".")[0] for name in imported} & IMPURE, module
        own = {name.rpartition(".")[2] for name in imported if name.startswith("chatbot.simulator.")}
        todo |= own - seen
    assert {"routing", "people", "customers"} <= seen


def test_the_simulator_shares_nothing_with_the_other_floors() -> None:
    folder = pathlib.Path(chatbot.simulator.__file__).parent
    for file in folder.glob("*.py"):
        ours = {name for name in imports_of(file.stem) if name.startswith("chatbot.")}
        assert all(name.startswith("chatbot.simulator") for name in ours), file


def test_a_world_works_with_a_clock_alone() -> None:
    world = World(Clock())
    chat_id = world.request_chat("Ana")
    world.customer_says(chat_id, "hello")
    assert len(world.customer_messages(chat_id)) == 2


@pytest.mark.parametrize(
    ("option", "send", "invite"),
    [("documented", False, True), ("always", True, True), ("never", False, False)],
)
def test_which_answers_carry_a_number(option: str, *, send: bool, invite: bool) -> None:
    stage = Stage(reference_ids=option)
    chat = stage.chatting()
    stage.agent("eva", queues=())
    assert bool(stage.do("bot", chat, "SendMessage", text="x")) is send
    assert bool(stage.do("bot", chat, "Invite", targetUri=stage.uri("eva"))) is invite


def test_numbers_of_answer_and_notification_agree() -> None:
    stage = Stage(reference_ids="always")
    chat = stage.chatting()
    answer = stage.do("bot", chat, "AddComment", comment="x")
    assert stage.take("bot")[0].data["referenceId"] == answer["referenceId"]


def test_a_chat_of_somebody_else_is_not_found() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=())
    for username, chat_id in (("eva", chat.id), ("bot", chat.customer_id), ("bot", "nowhere")):
        with pytest.raises(OperationError) as caught:
            stage.world.perform(username, chat_id, {"operationName": "Leave"})
        assert caught.value.status == 6


def test_an_ended_chat_is_not_found_either() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "Complete")
    with pytest.raises(OperationError) as caught:
        stage.do("bot", chat, "SendMessage", text="late")
    assert caught.value.status == 6


def test_an_operation_needs_a_name() -> None:
    stage = Stage()
    chat = stage.chatting()
    with pytest.raises(OperationError) as caught:
        stage.world.perform("bot", chat.id, {})
    assert caught.value.status == 1


def test_messages_are_read_from_an_index_on() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.skip_index(chat.id, 2)
    stage.world.customer_says(chat.id, "a")
    stage.world.customer_says(chat.id, "b")
    indexes = [line["index"] for line in stage.world.messages_of("bot", chat.id, 2, 2)]
    assert indexes == [2, 5]


def test_messages_of_strangers_are_not_found() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.add_agent("eva")
    with pytest.raises(OperationError) as caught:
        stage.world.messages_of("eva", chat.id)
    assert caught.value.status == 6


def test_one_chat_is_read_in_full_or_not_found() -> None:
    stage = Stage()
    chat = stage.chatting()
    shape = stage.world.chat_of("bot", chat.id)
    assert {"id", "state", "capabilities", "participants", "userData", "receivedDate"} <= set(shape)
    with pytest.raises(OperationError):
        stage.world.chat_of("bot", "nowhere")


def test_a_supervisor_sets_the_state_of_others_and_others_may_not() -> None:
    stage = Stage()
    stage.agent("bot")
    stage.agent("sup", supervisor=True)
    stage.world.operate_user("sup", "bot", {"operationName": "NotReady"})
    assert not stage.world.agents.get("bot").is_ready
    for username, user, status in (("bot", "sup", 5), ("sup", "nobody", 6)):
        with pytest.raises(OperationError) as caught:
            stage.world.operate_user(username, user, {"operationName": "Ready"})
        assert caught.value.status == status


def test_a_channel_without_login_is_not_found() -> None:
    stage = Stage()
    stage.agent()
    with pytest.raises(OperationError) as caught:
        stage.world.operate_channel("bot", "voice", {"operationName": "Ready"})
    assert caught.value.status == 6


def test_another_operation_on_a_users_chat_is_unknown() -> None:
    stage = Stage()
    chat = stage.chatting()
    with pytest.raises(OperationError) as caught:
        stage.world.intrude("bot", "bot", chat.id, {"operationName": "Dance"})
    assert caught.value.status == 3


def test_many_chats_of_many_agents_stay_apart() -> None:
    stage = Stage()
    for number in range(5):
        stage.agent(f"bot{number}", capacity=4)
    chats = [stage.request(f"Ana{number}") for number in range(20)]
    for chat in chats:
        [username] = chat.legs
        stage.do(username, chat, "Accept")
        stage.do(username, chat, "SendMessage", text=f"for {chat.id}")
    assert [stage.customer_texts(chat) for chat in chats] == [[f"for {chat.id}"] for chat in chats]
