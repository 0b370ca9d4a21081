from chatbot.simulator.tokens import CountingTokens


def test_tokens_differ_and_have_the_wanted_length() -> None:
    token = CountingTokens()
    assert [token(4), token(8)] == ["0001", "00000002"]
