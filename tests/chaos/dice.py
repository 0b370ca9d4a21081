"""Seeded chance that counts what it has let happen."""

from collections import Counter
from random import Random

# Each run has some faults often, some rarely and some not at all: a uniform mixture hides defects.
SWARM = (0.0, 0.5, 1.0, 2.0)


class Dice:
    """Faults by name and rate.

    Args:
        seed: What the rates and the throws are drawn from.
        rates: How likely each is, per request or notification; varied by the seed.
        factor: Multiplies all rates.
    """

    def __init__(self, seed: str, rates: dict[str, float], factor: float = 1.0) -> None:
        self.rng = Random(seed)
        self.rates = {name: rate * factor * self.rng.choice(SWARM) for name, rate in rates.items()}
        self.thrown: Counter[str] = Counter()

    def happens(self, name: str) -> bool:
        """Tell whether it happens this time."""
        if self.rng.random() >= self.rates[name]:
            return False
        self.thrown[name] += 1
        return True

    def pick(self, names: list[str]) -> str | None:
        """Return the first of these that happens."""
        return next((name for name in names if self.happens(name)), None)
