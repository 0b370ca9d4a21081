from chatbot.bot.health import Counters, Health


def test_a_bot_that_has_just_begun_is_not_ready_and_says_why() -> None:
    assert Health().problems() == [
        "not logged in",
        "not subscribed",
        "no contact-centre session",
        "not polling",
    ]


def test_a_bot_that_is_well_has_no_problems_and_no_old_trouble() -> None:
    well = Health(logged_in=True, subscribed=True, entered=True, polling=True, trouble="long ago")
    assert well.problems() == []


def test_trouble_is_told_with_what_it_causes() -> None:
    ill = Health(logged_in=True, subscribed=True, entered=True, trouble="HTTP 503")
    assert ill.problems() == ["not polling", "HTTP 503"]
    leaving = Health(logged_in=True, subscribed=True, entered=True, polling=True, stopping=True)
    assert leaving.problems() == ["stopping"]


def test_counters_begin_at_nothing_and_are_each_bots_own() -> None:
    one, other = Counters(), Counters()
    one.events["TextReceived"] += 1
    assert (one.events.total(), other.events.total(), other.polls) == (1, 0, 0)


def well(now: float = 100.0) -> Health:
    health = Health(logged_in=True, subscribed=True, entered=True)
    health.polled(now, 30.0)
    return health


def test_a_poll_that_is_ten_seconds_overdue_is_told_whatever_the_source_says() -> None:
    health = well()
    assert health.problems(140.0) == []
    assert health.problems(141.0) == ["not polling: an answer is 11 s overdue"]
    health.polled(142.0, 30.0)
    assert health.problems(143.0) == []


def test_a_poll_that_has_failed_is_not_told_twice() -> None:
    health = well()
    health.polling = False
    assert health.problems(200.0) == ["not polling"]


def test_it_is_told_when_what_went_wrong_is_tried_again() -> None:
    health = Health(logged_in=True, subscribed=True, entered=True)
    health.failed("HTTP 503", 120.0)
    assert health.problems(100.0) == ["not polling", "HTTP 503; next try in 20 s"]
    assert health.problems(121.0) == ["not polling", "HTTP 503"]


def test_a_deaf_connection_is_told() -> None:
    health = well()
    health.hearing.shown("c1", is_news=False, epoch=0, now=100.0)
    health.hearing.shown("c1", is_news=True, epoch=0, now=101.0)
    health.hearing.overdue(110.0)
    assert health.problems(111.0) == [
        "deaf for 10 s: polls succeed, and a customer's text (chat c1) was not told"
    ]
