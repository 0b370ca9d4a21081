import pytest

from chatbot.bot.ownership import HUMAN, LEFT, Ownership
from chatbot.hooks.run import HookRun
from chatbot.model import actions as do
from tests.bot.make import HELENA
from tests.bot.stage import settings

TALK = [
    do.SendMessage(text="hi"),
    do.SendUrl(url="https://example.com"),
    do.SendCustomNotice(notice_text="x"),
    do.SendNicknameUpdatedNotice(notice_text="Bo"),
    do.SendStartTypingNotification(),
    do.RemoveParticipantFromConference(target_path="/users/U-helena"),
]
WORK = [
    do.SendToAgents(text="a note"),
    do.SendCustomNoticeToAgents(notice_text="x"),
    do.UpdateUserData(user_data={"a": 1}),
    do.AddComment(comment="x"),
    do.SendStopTypingNotification(),
    do.Leave(text="Good bye."),
    do.Complete(),
    do.Transfer(queue_name="q"),
]


def ownership(joined: str = "mute", left: str = "resume", *runs: HookRun, muted: str = "") -> Ownership:
    return Ownership(settings(on_agent_joined=joined, on_agent_left=left), runs, muted)


def run() -> HookRun:
    return HookRun("faq", "on_text", None)


@pytest.mark.parametrize("policy", ["mute", "leave", "observe"])
def test_while_a_human_is_there_nothing_is_said_to_the_customer(policy: str) -> None:
    owner = ownership(policy)
    assert [owner.refuses(action) for action in TALK] == [""] * len(TALK)
    owner.see(HELENA)
    assert [owner.refuses(action) for action in TALK] == [HUMAN] * len(TALK)
    assert [owner.refuses(action) for action in WORK] == [""] * len(WORK)
    owner.see(None)
    assert {owner.refuses(action) for action in TALK} == {""}


def test_who_is_to_stay_talks_on() -> None:
    hook = run()
    owner = ownership("stay", "resume", hook)
    owner.see(HELENA)
    assert (owner.muted, hook.cut_by, [*owner.news]) == ("", "", [HELENA])


@pytest.mark.parametrize(("policy", "is_cut"), [("mute", True), ("leave", True), ("observe", False)])
def test_running_hooks_are_stopped_but_for_the_one_that_asked_the_agent_in(
    policy: str, *, is_cut: bool
) -> None:
    caller, other = run(), run()
    caller.calls_in = True
    ownership(policy, "resume", caller, other).see(HELENA)
    assert (caller.cut_by, bool(other.cut_by)) == ("", is_cut)


def test_hooks_are_told_once_of_each_change() -> None:
    owner = ownership()
    for human in (None, HELENA, HELENA, None, None, HELENA):
        owner.see(human)
    assert [*owner.news] == [HELENA, None, HELENA]


def test_who_is_to_stay_muted_stays_so_until_the_next_human_and_after() -> None:
    owner = ownership("mute", "stay_muted")
    owner.see(HELENA)
    owner.see(None)
    assert (owner.muted, [*owner.news]) == (LEFT, [HELENA])
    owner.see(HELENA)
    assert owner.muted == HUMAN


def test_an_earlier_run_that_knew_of_the_human_has_told_its_hooks() -> None:
    owner = ownership(muted=HUMAN)
    owner.see(HELENA)
    assert (owner.muted, [*owner.news]) == (HUMAN, [])
    owner.see(None)
    assert (owner.muted, [*owner.news]) == ("", [None])


def test_a_human_who_went_while_no_process_ran_has_handed_back() -> None:
    owner = ownership(muted=HUMAN)
    owner.see(None)
    assert (owner.muted, [*owner.news]) == ("", [None])
    stays = ownership("mute", "stay_muted", muted=HUMAN)
    stays.see(None)
    assert (stays.muted, [*stays.news]) == (LEFT, [])


def test_another_reason_to_be_silent_ends_by_its_own_name_or_with_a_human() -> None:
    owner = ownership()
    owner.mute("guard")
    owner.mute("another")
    owner.unmute("another")
    assert owner.refuses(TALK[0]) == "guard"
    owner.unmute("guard")
    assert owner.muted == ""
    owner.mute("guard")
    owner.see(HELENA)
    owner.see(None)
    assert owner.muted == ""


def test_only_who_is_to_leave_leaves_and_only_for_a_human() -> None:
    owner, other = ownership("leave"), ownership("mute")
    assert owner.is_to_leave is False
    owner.see(HELENA)
    other.see(HELENA)
    assert (owner.is_to_leave, other.is_to_leave) == (True, False)


def test_who_is_to_stay_from_now_on_talks_though_an_earlier_run_did_not() -> None:
    owner = ownership("stay", muted=HUMAN)
    owner.see(HELENA)
    assert (owner.muted, [*owner.news]) == ("", [])
