from chatbot.simulator.transcript import Participant, Transcript, Visibility

ANA = Participant("A" * 16, "Ana", "Customer")


def written(*visibilities: Visibility, step: int = 1) -> Transcript:
    transcript = Transcript(step)
    for number, visibility in enumerate(visibilities):
        transcript.append("Text", ANA, float(number), visibility, text=str(number))
    return transcript


def test_levels_rank_from_everybody_to_supervisors() -> None:
    assert [word.level for word in (Visibility.ALL, Visibility.AGENTS, Visibility.SUPERVISORS)] == [0, 1, 2]


def test_indexes_start_at_one_and_keep_the_step() -> None:
    transcript = written(Visibility.ALL, Visibility.ALL, Visibility.ALL, step=3)
    assert [line.index for line in transcript.lines] == [1, 4, 7]


def test_skipped_numbers_are_never_used() -> None:
    transcript = written(Visibility.ALL)
    transcript.skip(4)
    assert transcript.append("Text", ANA, 0.0, Visibility.ALL).index == 6


def test_lines_above_the_level_of_a_viewer_are_hidden_and_leave_a_gap() -> None:
    transcript = written(Visibility.ALL, Visibility.SUPERVISORS, Visibility.AGENTS, Visibility.ALL)
    assert [line.index for line in transcript.seen_at(0)] == [1, 4]
    assert [line.index for line in transcript.seen_at(1)] == [1, 3, 4]
    assert [line.index for line in transcript.seen_at(2)] == [1, 2, 3, 4]


def test_a_window_counts_lines_from_an_index_on() -> None:
    transcript = written(*[Visibility.ALL] * 4, step=2)
    assert [line.index for line in transcript.window(0, 2, 2)] == [3, 5]
    assert [line.index for line in transcript.window(0, 5, None)] == [5, 7]
