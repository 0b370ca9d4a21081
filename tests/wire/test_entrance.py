from chatbot.wire.entrance import Entrance


def test_the_first_ten_need_not_wait_and_then_twenty_a_second_come_in() -> None:
    entrance = Entrance()
    turns = [entrance.turn("a", 1000.0) for _ in range(500)]
    assert turns[:10] == [0.0] * 10
    assert max(sum(start <= turn < start + 1 for turn in turns) for start in turns) <= 30
    assert 24 < turns[-1] < 25


def test_each_server_has_an_entrance_of_its_own() -> None:
    entrance = Entrance(at_once=1)
    assert [round(entrance.turn(server, 0.0), 3) for server in "aabb"] == [0.0, 0.05, 0.0, 0.05]


def test_time_that_passes_lets_others_in() -> None:
    entrance = Entrance(at_once=2, every_s=1.0)
    assert [entrance.turn("a", now) for now in (0.0, 0.0, 0.0, 0.5, 10.0, 10.0, 10.0)] == [
        0.0,
        0.0,
        1.0,
        1.5,
        0.0,
        0.0,
        1.0,
    ]
