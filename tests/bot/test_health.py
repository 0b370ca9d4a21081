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
