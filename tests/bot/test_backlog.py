from chatbot.bot.backlog import Backlog


def test_an_empty_mailbox_has_no_age() -> None:
    assert Backlog().age(0, 100) == 0


def test_the_oldest_line_that_is_not_done_with_counts() -> None:
    backlog = Backlog()
    for position, at in ((1, 10), (2, 20), (3, 30)):
        backlog.came(position, at)
    assert [backlog.age(cursor, 100) for cursor in range(4)] == [90, 80, 70, 0]


def test_a_change_counts_since_the_first_until_the_mailbox_rests() -> None:
    backlog = Backlog()
    backlog.changed(10)
    backlog.changed(20)
    assert backlog.age(0, 100) == 90
    backlog.rests(is_waiting=False)
    assert backlog.age(0, 100) == 0


def test_what_a_worker_has_in_hand_counts_since_it_began() -> None:
    backlog = Backlog()
    backlog.begins(10)
    backlog.begins(40)
    assert backlog.age(0, 100) == 60


def test_lines_that_nobody_can_take_now_wait_on_and_those_that_do_not_exist_do_not() -> None:
    backlog = Backlog()
    backlog.came(5, 10)
    backlog.rests(is_waiting=True)
    assert backlog.age(0, 100) == 90
    backlog.rests(is_waiting=False)
    assert backlog.age(0, 100) == 0


def test_the_time_of_a_pause_does_not_count() -> None:
    backlog, now = Backlog(), 100.0
    backlog.begins(10)
    backlog.came(5, 20)
    with backlog.paused(lambda: now):
        with backlog.paused(lambda: now):
            assert backlog.age(0, 90) == 0
        assert backlog.age(0, 99) == 0
    assert backlog.age(0, 100) == 0
    assert backlog.age(0, 130) == 30


def test_of_a_flood_the_oldest_lines_are_kept() -> None:
    backlog = Backlog()
    for position in range(1, 1000):
        backlog.came(position, position)
    assert len(backlog._lines) == 256
    assert (backlog.age(0, 1000), backlog.age(255, 1000)) == (999, 1)
