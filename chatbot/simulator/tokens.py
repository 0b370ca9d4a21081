"""Deterministic ids for tests and replays."""


class CountingTokens:
    """Hands out 1, 2, 3, ... as lower-case hex strings of the wanted length."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, length: int) -> str:
        """Return the next token."""
        self._count += 1
        return f"{self._count:0{length}x}"
