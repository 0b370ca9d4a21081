"""What proves that a connection is deaf, and what is done about it when."""

from chatbot.bot.hearing import Hearing

NOTHING: set[str] = set()


def listed(hearing: Hearing, now: float, *ids: str, new: str = "") -> None:
    hearing.listed(set(ids), {new} if new else NOTHING, hearing.epoch, now)


def shown(hearing: Hearing, now: float, *, is_news: bool = True, chat: str = "c1") -> None:
    hearing.shown(chat, is_news=is_news, epoch=hearing.epoch, now=now)


def unheard() -> Hearing:
    """A customer's text was found at 100."""
    hearing = Hearing()
    shown(hearing, 80, is_news=False)
    shown(hearing, 100)
    return hearing


def test_a_text_that_is_not_told_in_time_proves_it_once() -> None:
    hearing = unheard()
    assert hearing.overdue(105.9) == []
    assert hearing.overdue(106) == ["a customer's text (chat c1)"]
    assert hearing.overdue(107) == []
    assert hearing.deaf_since == 100


def test_nothing_is_late_before_the_server_wants_to_be_asked() -> None:
    hearing = unheard()
    hearing.pause_s = 20
    assert hearing.overdue(125.9) == []
    assert hearing.overdue(126) == ["a customer's text (chat c1)"]


def test_a_text_that_is_told_late_proves_nothing() -> None:
    hearing = unheard()
    hearing.told({"c1"})
    assert hearing.overdue(200) == []
    assert hearing.problem(200) == ""


def test_what_is_told_of_another_chat_does_not_make_good_for_it() -> None:
    hearing = unheard()
    hearing.told({"c2", None})
    assert hearing.overdue(106) == ["a customer's text (chat c1)"]


def test_what_the_first_look_of_a_session_shows_may_be_older_than_the_session() -> None:
    hearing = Hearing()
    shown(hearing, 0)
    listed(hearing, 0, "c2", new="c2")
    assert hearing.overdue(100) == []


def test_what_a_session_has_missed_that_has_ended_proves_nothing() -> None:
    hearing = unheard()
    listed(hearing, 80)
    hearing.interrupted()
    shown(hearing, 101)
    listed(hearing, 101, "c2", new="c2")
    assert hearing.overdue(200) == []


def test_an_answer_that_was_asked_for_before_the_session_is_no_look() -> None:
    hearing, before = Hearing(), 0
    hearing.interrupted()
    hearing.listed(set(), NOTHING, before, 0)
    hearing.shown("c1", is_news=False, epoch=before, now=0)
    listed(hearing, 20, "c2", new="c2")
    shown(hearing, 20)
    assert hearing.overdue(100) == []


def test_a_chat_that_is_new_in_the_list_and_not_told_proves_it() -> None:
    hearing = Hearing()
    listed(hearing, 0, "c1")
    listed(hearing, 20, "c1", "c2", new="c2")
    assert hearing.overdue(26) == ["a new chat (chat c2)"]


def test_a_chat_that_was_in_the_list_before_proves_nothing() -> None:
    hearing = Hearing()
    listed(hearing, 0, "c1")
    listed(hearing, 20, "c1", new="c1")
    assert hearing.overdue(26) == []


def test_a_list_that_leaves_chats_out_is_no_measure_for_the_next() -> None:
    hearing = Hearing()
    hearing.listed(None, NOTHING, 0, 0)
    listed(hearing, 20, "c1", new="c1")
    assert hearing.overdue(26) == []


def test_a_chat_that_has_ended_is_forgotten() -> None:
    hearing = unheard()
    hearing.keep(["c2"])
    assert hearing.overdue(106) == []
    shown(hearing, 120)
    assert hearing.overdue(200) == []


def test_first_a_new_session_then_new_logins_ever_more_slowly() -> None:
    hearing, remedies = Hearing(), []
    for second in range(3600):
        hearing.interrupted()
        shown(hearing, second - 10, is_news=False)
        shown(hearing, second - 6)
        hearing.overdue(second)
        if (remedy := hearing.remedy(second)) is not None:
            remedies.append((second, remedy))
    times = [0, 30, 90, 210, 450, 930, 1530, 2130, 2730, 3330]
    assert remedies == [(0, "session"), *((time, "login") for time in times[1:])]


def test_nothing_is_done_as_long_as_it_hears() -> None:
    assert Hearing().remedy(1e6) is None
    hearing = unheard()
    assert hearing.remedy(105) is None
    hearing.overdue(106)
    hearing.told({"c2"})
    assert hearing.remedy(107) is None


def test_it_hears_again_when_anything_is_told() -> None:
    hearing = unheard()
    hearing.overdue(106)
    assert (
        hearing.problem(110) == "deaf for 10 s: polls succeed, and a customer's text (chat c1) was not told"
    )
    hearing.told({None})
    assert hearing.problem(110) == ""


def test_after_a_minute_with_nothing_unheard_the_new_connection_is_believed() -> None:
    hearing = unheard()
    hearing.overdue(106)
    assert hearing.remedy(106) == "session"
    hearing.overdue(165)
    assert hearing.problem(165).endswith("was not told; rebuilt once")
    hearing.overdue(166)
    assert hearing.problem(166) == ""


def test_as_long_as_it_is_to_be_rebuilt_it_is_not_believed_and_says_when() -> None:
    hearing = unheard()
    hearing.overdue(106)
    hearing.remedy(106)
    hearing.interrupted()
    shown(hearing, 107, is_news=False)
    shown(hearing, 110)
    hearing.overdue(116)
    assert hearing.remedy(116) is None
    assert hearing.problem(116).endswith("rebuilt once, next try in 20 s")
    assert hearing.remedy(136) == "login"
    assert hearing.problem(137).endswith("rebuilt 2 times")


def test_after_half_an_hour_of_hearing_the_pauses_begin_again() -> None:
    hearing = unheard()
    hearing.overdue(106)
    hearing.remedy(106)
    shown(hearing, 2000)
    hearing.overdue(2006)
    assert hearing.remedy(2006) == "session"
